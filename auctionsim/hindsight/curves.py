"""What constant multipliers buy, in expectation over looks: the market as one bidder's curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument

FloatArray = NDArray[np.float64]

# A float64 without its last 45 bits: its exponent and 7 bits of mantissa, 128 cells an octave.
_CUT = 45
_SMALLEST = 5e-324


@njit(cache=True, nogil=True)
def _cell(x):  # type: ignore[no-untyped-def]
    """The cell of a number >= 0 on a nearly logarithmic scale; rises with the number."""
    return np.float64(x).view(np.int64) >> _CUT


@njit(cache=True, nogil=True)
def _first_above(grid):  # type: ignore[no-untyped-def]
    """For each cell from the one of the grid's first point on: the first point at or above it."""
    base = _cell(grid[0])
    table = np.empty(_cell(grid[-1]) - base + 1, np.int64)
    m = 0
    for i in range(table.size):
        low = np.int64((base + i) << _CUT).view(np.float64)
        while m < grid.size - 1 and grid[m] < low:
            m += 1
        table[i] = m
    return base, table


@njit(cache=True, nogil=True)
def curve_kernel(value, worth, credit, price, exposure, grid, sums):  # type: ignore[no-untyped-def]
    """Fill `sums` (M, 4): cost, worth and credit bought at each point of a grid of numbers > 0.

    A bid that rises past a slot's threshold price / value swaps the slot below for this one: the
    difference is entered where the grid passes the threshold, and summed up in the end.
    """
    base, table = _first_above(grid)
    last, slots = grid[-1], price.shape[0]
    sums[:] = 0.0
    for j in range(value.size):
        v = np.float64(value[j])
        if not v > 0.0:
            continue
        w, c = np.float64(worth[j]), np.float64(credit[j])
        paid = seen = 0.0
        for k in range(slots - 1, -1, -1):
            p = np.float64(price[k, j])
            threshold = p / v
            if not threshold <= last:  # nor are the dearer slots above it; true for nan as well
                break
            m = table[max(_cell(threshold) - base, 0)]
            while grid[m] < threshold:
                m += 1
            pay, look = exposure[k] * p, exposure[k]
            sums[m, 0] += pay - paid
            sums[m, 1] += (look - seen) * w
            sums[m, 2] += (look - seen) * c
            paid, seen = pay, look
    for m in range(1, grid.size):
        for i in range(3):
            sums[m, i] += sums[m - 1, i]


def response_curve(
    value: ArrayLike,
    worth: ArrayLike,
    credit: ArrayLike,
    price: ArrayLike,
    exposure: ArrayLike,
    multipliers: ArrayLike,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what each of some constant multipliers buys of a set of opportunities.

    Bids are a * value. A bid takes the first slot whose price it reaches, if it is > 0, and pays
    for it if the slot is seen; sums are in expectation over looks, and there is no budget. One pass
    over the opportunities, however many multipliers there are. Thresholds price / value are
    compared in float64, so a bid within rounding of a price may fall on either side.

    Args:
        value: (N,) what bids are multiples of; nothing is bought where it is 0. Used as float32.
        worth: (N,) what a seen slot counts for in the second result (the true v).
        credit: (N,) what a seen slot adds to the spend that the task's limit allows, in currency:
            C * p under a CPA target C, v / R under a ROAS target R; anything where it has none.
        price: (S, N) what each slot costs if it is seen, in currency, falling along slots; infinite
            where it cannot be had.
        exposure: (S,) probability that each slot is seen, falling.
        multipliers: (M,) rising, finite, >= 0; a multiplier of 0 buys nothing.

    Returns:
        Cost, worth and credit bought at each multiplier, each (M,) float64.

    Raises:
        InvalidArgumentError: Shapes do not fit, or the multipliers do not rise.
    """
    arrays = [_row("value", value), _row("worth", worth), _row("credit", credit)]
    prices = np.ascontiguousarray(price, np.float32)
    looks = np.ascontiguousarray(exposure, np.float64)
    grid = np.ascontiguousarray(multipliers, np.float64)
    count = arrays[0].size
    for name, array in zip(("worth", "credit"), arrays[1:], strict=True):
        _check_shape(name, array, (count,))
    _check_shape("price", prices, (looks.size, count))
    _check_shape("exposure", looks, (looks.size,))
    _check_grid(grid)
    sums = np.zeros((grid.size, 4))
    idle = int(np.searchsorted(grid, 0.0, side="right"))  # multipliers of 0 bid nothing
    if idle < grid.size:
        bidding = np.maximum(grid[idle:], _SMALLEST)
        curve_kernel(arrays[0], arrays[1], arrays[2], prices, looks, bidding, sums[idle:])
    return sums[:, 0].copy(), sums[:, 1].copy(), sums[:, 2].copy()


def _row(name: str, array: ArrayLike) -> NDArray[np.float32]:
    row = np.ascontiguousarray(array, np.float32)
    if row.ndim != 1 or np.ndim(array) != 1:
        rule = "must have one dimension (opportunities,)"
        raise invalid_argument(name, rule, f"shape {np.shape(array)}", "Pass one seat's array.")
    return row


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        rule = f"must have shape {shape}, to fit `value` and `exposure`"
        raise invalid_argument(name, rule, array.shape, "Pass arrays of the same opportunities.")


def _check_grid(grid: FloatArray) -> None:
    good = grid.ndim == 1 and grid.size > 0 and grid[0] >= 0.0 and np.isfinite(grid[-1])
    if not (good and (np.diff(grid) > 0.0).all()):
        rule = "must be a rising row of finite numbers >= 0"
        mend = "Pass numpy.geomspace(low, high, count), say."
        raise invalid_argument("multipliers", rule, grid, mend)
