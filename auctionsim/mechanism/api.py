"""`clear`: the winners and prices of multi-slot auctions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import (
    check_bids,
    check_exposure,
    check_ids,
    check_integer,
    check_name,
    check_reserve,
)
from auctionsim.mechanism.clearing import Bids, Clearing, Ids
from auctionsim.mechanism.kernels import clear_rows
from auctionsim.mechanism.pricing import Mechanism, block_pricing
from auctionsim.rules import RULES
from auctionsim.threads import share

_MAX_SLOTS = 1_000_000
# Rows cleared in one go: few enough for their ranked bids to stay in the cache.
_ROWS, _ROOM = 1024, 65_536


def clear(
    bids: ArrayLike,
    reserve_price: float = 0.0,
    slots: int = 3,
    mechanism: Mechanism = "gsp",
    rules: str = "default",
    *,
    seed: int = 0,
    first_opportunity: int = 0,
    ids: ArrayLike | None = None,
    exposure: ArrayLike | None = None,
) -> Clearing:
    """Clear a multi-slot auction for each of several impression opportunities.

    Advertisers are ranked by bid, and the best get the slots in order, for bids > 0 and >= the
    reserve price. What a slot costs depends on the mechanism:
    - `gsp` (Edelman, Ostrovsky and Schwarz, 2007): the next bid, or the reserve if that is higher;
    - `second_price` (Vickrey, 1961): the same with one slot; `slots` must be 1;
    - `first_price`: the winner's own bid;
    - a Numba function of your own: what it says (see `auctionsim.mechanism.pricing`).

    `rules="auctionnet"` adds AuctionNet's rule (Su et al., 2024): a slot whose price is not above
    the reserve stays unsold. So under `gsp` k bidders above it buy at most k - 1 slots.

    Equal bids are ordered by a 64-bit hash of (seed, opportunity number, advertiser id), then id.
    Row r is opportunity `first_opportunity + r`: neither threads nor the order of the columns (with
    their ids) change an outcome. Everything is compared in the precision of the bids, to which the
    reserve price is rounded; a bid equal to it buys.

    Args:
        bids: (opportunities, advertisers), finite and >= 0, in currency. float32 stays float32;
            other real dtypes are computed as float64. Either size may be 0.
        reserve_price: Lowest price of a slot, finite and >= 0, in currency.
        slots: Slots an opportunity, >= 1; may exceed the number of advertisers.
        mechanism: One of `MECHANISMS`, a function compiled by `numba.njit`, or `module:function`.
        rules: One of `RULES`.
        seed: Seed of the order among equal bids, 0 <= seed < 2^64.
        first_opportunity: Number of the first row; the last must be below 2^64.
        ids: (advertisers,) ids of the columns, unique, 0 <= id < 2^32; 0, 1, 2, ... by default.
        exposure: (slots,) probability that each slot is seen, for prices that depend on it (the
            named mechanisms' do not); all 1 by default.

    Returns:
        A `Clearing`: `winners` (columns of `bids`, not ids), `prices` and `market_price`.

    Raises:
        InvalidArgumentError: an argument breaks its rule.
    """
    checked = check_bids(bids)
    depth = _check_slots(slots, mechanism)
    terms = _Terms(
        check_exposure(exposure, depth),
        check_reserve(reserve_price, checked.dtype),
        block_pricing(mechanism, checked.dtype).address,
        check_name("rules", rules, RULES) == "auctionnet",
    )
    key = check_integer("seed", seed, 0, 2**64 - 1, "Use 0, say.")
    last = 2**64 - max(len(checked), 1)
    start = check_integer("first_opportunity", first_opportunity, 0, last, "Number rows from 0.")
    return _clear_all(checked, depth, terms, key, start, check_ids(ids, checked.shape[1]))


class _Terms(NamedTuple):
    """What the auction goes by; fields as in `clear_rows`."""

    exposure: NDArray[np.float64]
    reserve: np.floating[Any]
    pricing: int
    sells_above_reserve: bool


def _check_slots(slots: object, mechanism: Mechanism) -> int:
    depth = check_integer("slots", slots, 1, _MAX_SLOTS, "Use the number of ads shown at once.")
    # An array, which is no mechanism, would be compared entry by entry.
    if isinstance(mechanism, str) and mechanism == "second_price" and depth != 1:
        rule = "must be 1 for mechanism 'second_price'"
        mend = "Pass slots=1, or mechanism='gsp' for several slots."
        raise invalid_argument("slots", rule, depth, mend)
    return depth


def _clear_all(
    bids: Bids, slots: int, terms: _Terms, seed: int, first_opportunity: int, ids: Ids
) -> Clearing:
    rows = len(bids)
    result = Clearing(
        winners=np.empty((rows, slots), np.int32),
        prices=np.empty((rows, slots), bids.dtype),
        market_price=np.empty(rows, bids.dtype),
    )
    block = max(1, min(_ROWS, _ROOM // (slots + 1)))
    share(
        clear_rows, -(-rows // block), bids.size, block, bids, ids, np.uint32(seed & 0xFFFFFFFF),
        np.uint32(seed >> 32), np.uint64(first_opportunity), *terms, result.winners, result.prices,
        result.market_price,
    )  # fmt: skip
    if np.isnan(result.prices).any():
        raise invalid_argument(
            "mechanism", "must price every sold slot from 0 to the winner's bid", "another price",
            "Correct the function that prices.",
        )  # fmt: skip
    return result
