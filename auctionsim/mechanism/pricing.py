"""What a slot costs: the mechanisms, and how to add one of your own as a Numba function.

A mechanism prices the slots of one opportunity, given the bids ranked:

    @numba.njit
    def mine(bids, exposure, reserve, prices):
        for slot in range(prices.size):
            prices[slot] = ...

Args:
    bids: (slots + 1,) float32 or float64, the highest bids in falling order, 0 where nobody bids.
    exposure: (slots,) float64, probability that each slot is seen.
    reserve: Reserve price, in the bids' dtype.
    prices: (slots,) in the bids' dtype, to be written: what the winner of each slot pays if its ad
        is seen, from 0 to its bid; of no account where nobody bids for the slot.

Who wins is the same in all mechanisms: slots go by rank of bid. Write the function for one
opportunity; it is compiled into a loop over blocks of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import cfunc, njit, types
from numba.core.registry import CPUDispatcher
from numba.np.numpy_support import carray

from auctionsim.errors import in_short, invalid_argument, unknown_name
from auctionsim.mechanism.arguments import shown
from auctionsim.rules import MECHANISMS, is_reference

Mechanism = str | Callable[..., Any]


def _signature(real: types.Float) -> Any:
    """Of the block form: bids, slots, width, count, exposure, reserve, prices."""
    pointer: Any = types.CPointer
    whole, reals = types.int64, pointer(real)
    return types.void(reals, whole, whole, whole, pointer(types.float64), real, reals)


_SIGNATURES = {
    np.dtype(np.float32): _signature(types.float32),
    np.dtype(np.float64): _signature(types.float64),
}


@njit(cache=True, nogil=True)
def gsp(bids, exposure, reserve, prices):  # type: ignore[no-untyped-def]
    """Price slots by the next-ranked bid, or the reserve price if that is higher."""
    for slot in range(prices.size):
        prices[slot] = bids[slot + 1] if bids[slot + 1] > reserve else reserve


@njit(cache=True, nogil=True)
def first_price(bids, exposure, reserve, prices):  # type: ignore[no-untyped-def]
    """Price slots by the winner's own bid; the reserve price stands for an unsold slot."""
    for slot in range(prices.size):
        prices[slot] = bids[slot] if bids[slot] > reserve else reserve


#: The mechanisms that are known by name; `second_price` is `gsp` with one slot.
FUNCTIONS: dict[str, Any] = {"gsp": gsp, "second_price": gsp, "first_price": first_price}


def load_mechanism(mechanism: Mechanism) -> Any:
    """Return a mechanism's Numba function, by name, as `module:function`, or as given.

    Raises:
        InvalidArgumentError: If there is none, or it is not compiled by `numba.njit`.
    """
    if isinstance(mechanism, str) and mechanism in FUNCTIONS:
        return FUNCTIONS[mechanism]
    found = _import(mechanism) if isinstance(mechanism, str) else mechanism
    if not isinstance(found, CPUDispatcher):
        rule = f"must be one of {', '.join(MECHANISMS)}, or a function compiled by numba.njit"
        raise invalid_argument("mechanism", rule, shown(found), "Decorate it with @numba.njit.")
    if found.targetoptions.get("parallel"):
        rule = "must not be compiled with parallel=True: auctions run in threads already"
        raise invalid_argument("mechanism", rule, shown(found), "Use a plain @numba.njit.")
    return found


def _import(reference: str) -> object:
    if not is_reference(reference):
        raise unknown_name("mechanism", reference, MECHANISMS)
    rule = f"must be one of {', '.join(MECHANISMS)}, or module:function"
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # the user's module runs here, and may fail in any way
        mend = "Check that the module can be imported and holds the function."
        found = f"{reference} ({in_short(error)})"
        raise invalid_argument("mechanism", rule, found, mend) from error


def _gsp_block(bids_at, slots, width, count, exposure, reserve, prices_at):  # type: ignore[no-untyped-def]
    bids, prices = carray(bids_at, (slots + 1, width)), carray(prices_at, (slots, width))
    for slot in range(slots):
        for j in range(count):
            bid = bids[slot + 1, j]
            prices[slot, j] = bid if bid > reserve else reserve


def _first_price_block(bids_at, slots, width, count, exposure, reserve, prices_at):  # type: ignore[no-untyped-def]
    bids, prices = carray(bids_at, (slots + 1, width)), carray(prices_at, (slots, width))
    for slot in range(slots):
        for j in range(count):
            bid = bids[slot, j]
            prices[slot, j] = bid if bid > reserve else reserve


@cache
def _built_in(block: Callable[..., None], dtype: np.dtype[Any]) -> Any:
    """Compile, or load from the disk cache, the block form of a built-in mechanism."""
    return cfunc(_SIGNATURES[dtype], cache=True)(block)


@cache  # kept for good: kernels hold its address
def _block_form(price: CPUDispatcher, dtype: np.dtype[Any]) -> Any:
    """Compile a user's function into a loop over a block; prices that break the rule become nan."""
    real = dtype.type

    def block(bids_at, slots, width, count, exposure_at, reserve, prices_at):  # type: ignore[no-untyped-def]
        bids, prices = carray(bids_at, (slots + 1, width)), carray(prices_at, (slots, width))
        exposure = carray(exposure_at, (slots,))
        ranked, priced = np.empty(slots + 1, real), np.empty(slots, real)
        prices[:, :count] = np.nan
        for j in range(count):
            for place in range(slots + 1):
                ranked[place] = bids[place, j]
            for slot in range(slots):
                priced[slot] = reserve
            price(ranked, exposure, reserve, priced)
            for slot in range(slots):
                own, found = bids[slot, j], priced[slot]
                sells = own > 0.0 and own >= reserve
                if not sells:
                    prices[slot, j] = reserve
                elif found >= 0.0 and found <= own:
                    prices[slot, j] = found

    return cfunc(_SIGNATURES[dtype])(block)


def block_pricing(mechanism: Mechanism, dtype: np.dtype[Any]) -> Any:
    """Return the compiled function that prices a block of opportunities.

    Args:
        mechanism: A name, `module:function`, or a Numba function.
        dtype: float32 or float64, that of the bids.

    Returns:
        A Numba C function; its `address` is what `price_block` takes. It must be kept as long.

    Raises:
        InvalidArgumentError: If the function is unknown, or cannot be compiled for such arguments.
    """
    if isinstance(mechanism, str) and mechanism in FUNCTIONS:
        own_bid = mechanism == "first_price"
        return _built_in(_first_price_block if own_bid else _gsp_block, dtype)
    price = load_mechanism(mechanism)
    try:
        return _block_form(price, dtype)
    except Exception as error:
        rule = "must compile for (bids, exposure, reserve, prices)"
        mend = "See auctionsim.mechanism.pricing for the interface."
        raise invalid_argument("mechanism", rule, in_short(error), mend) from error
