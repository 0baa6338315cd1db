"""What Numba does not offer: an atomic counter, and calls of compiled functions by address."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["fetch_add", "price_block"]


def _fetch_add(typing_context, counter, amount):  # type: ignore[no-untyped-def]
    """Add to the first element of an int64 array in one piece; returns what it was."""
    if not (isinstance(counter, types.Array) and counter.dtype == types.int64):
        return None

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.atomic_rmw("add", array.data, arguments[1], "seq_cst")

    return types.int64(counter, types.int64), generate


def _price_block(typing_context, address, bids, count, exposure, reserve, prices):  # type: ignore[no-untyped-def]
    """Call the block form of a mechanism (see `block_pricing`) by its address.

    By address, since a kernel that took the function itself would be compiled anew for each, and in
    every process.

    Args:
        typing_context: Numba's.
        address: Where the compiled function lies.
        bids: (slots + 1, width) ranked bids, falling along the first axis.
        count: How many columns to price.
        exposure: (slots,) float64.
        reserve: In the dtype of the bids.
        prices: (slots, width) in the dtype of the bids, written.
    """
    arrays = (bids, exposure, prices)
    if not all(isinstance(array, types.Array) and array.layout == "C" for array in arrays):
        return None

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        address, bids, count, exposure, reserve, prices = arguments
        _, bids_type, _, exposure_type, _, prices_type = signature.args
        bids = context.make_array(bids_type)(context, builder, bids)
        exposure = context.make_array(exposure_type)(context, builder, exposure)
        prices = context.make_array(prices_type)(context, builder, prices)
        slots = builder.extract_value(prices.shape, 0)
        width = builder.extract_value(bids.shape, 1)
        values = [bids.data, slots, width, count, exposure.data, reserve, prices.data]
        form = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        builder.call(builder.inttoptr(address, form.as_pointer()), values)
        return context.get_dummy_value()

    return types.void(types.int64, bids, types.int64, exposure, bids.dtype, prices), generate


# As Any: to a type checker they would be functions with one argument too many.
fetch_add: Any = intrinsic(_fetch_add)
price_block: Any = intrinsic(_price_block)
