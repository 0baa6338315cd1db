"""Numba kernels that rank a block of opportunities side by side, without sorting and branches."""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.mechanism.ranking import rank_opportunity
from auctionsim.random_numbers import BLOCK

_NO_COLUMN = np.int32(-1)
_ZERO32 = np.float32(0.0)


@njit(cache=True, nogil=True)
def fill_bids(start, count, multiplier, row, cap, values, explicit, bid):  # type: ignore[no-untyped-def]
    """Write one bidder's bids on opportunities start .. start + count - 1, at most `cap`.

    Args:
        start: First opportunity.
        count: How many, at most BLOCK.
        multiplier: float32; ignored for explicit rows.
        row: Row of `values`, or rows + row of `explicit`.
        cap: float32, infinite for none.
        values: (rows, >= start + count) float32.
        explicit: (explicit rows, >= start + count) float32.
        bid: (BLOCK,) float32, written; 0 beyond `count`.
    """
    if row >= values.shape[0]:
        given = explicit[row - values.shape[0]]
        for j in range(count):
            bid[j] = given[start + j]
    else:
        value = values[row]
        for j in range(count):
            bid[j] = multiplier * value[start + j]
    if cap < np.inf:
        for j in range(count):
            bid[j] = bid[j] if bid[j] < cap else cap
    for j in range(count, BLOCK):
        bid[j] = _ZERO32


@njit(cache=True, nogil=True)
def _insert(bid, column, top_bid, top_column):  # type: ignore[no-untyped-def]
    """Let every bid of one bidder sink to its place among the highest; it goes below its equals.

    One loop a place: each is a compare and four selects, and becomes vector instructions.
    """
    for place in range(top_bid.shape[0]):
        held_bid, held_column = top_bid[place], top_column[place]
        for j in range(BLOCK):
            b, c, held, holder = bid[j], column[j], held_bid[j], held_column[j]
            higher = b > held
            held_bid[j] = b if higher else held
            held_column[j] = c if higher else holder
            bid[j] = held if higher else b
            column[j] = holder if higher else c


@njit(cache=True, nogil=True)
def _mark_ties(top_bid, tied):  # type: ignore[no-untyped-def]
    """Mark opportunities with equal bids among the highest; say whether there are any."""
    for j in range(BLOCK):
        tied[j] = 0
    for place in range(top_bid.shape[0] - 1):
        above, below = top_bid[place], top_bid[place + 1]
        for j in range(BLOCK):
            tied[j] |= np.int32(above[j] == below[j]) & np.int32(below[j] > _ZERO32)
    found = np.int32(0)
    for j in range(BLOCK):
        found |= tied[j]
    return found != 0


@njit(cache=True, nogil=True)
def _rank_again(  # type: ignore[no-untyped-def]
    j, opportunity, multipliers, rows, caps, values, explicit, ids, k0, k1, top_bid, top_column
):
    """Rank one opportunity with ties by hash, into column j of the block."""
    bids = np.zeros(multipliers.size, np.float32)
    for i in range(multipliers.size):
        if multipliers[i] > _ZERO32:
            row = rows[i]
            if row >= values.shape[0]:
                bid = explicit[row - values.shape[0], opportunity]
            else:
                bid = multipliers[i] * values[row, opportunity]
            bids[i] = bid if bid < caps[i] else caps[i]
    depth = top_bid.shape[0]
    best, columns = np.empty(depth, np.float32), np.empty(depth, np.int32)
    rank_opportunity(bids, ids, k0, k1, opportunity, best, columns)
    for place in range(depth):
        top_bid[place, j], top_column[place, j] = best[place], columns[place]


@njit(cache=True, nogil=True)
def rank_block(  # type: ignore[no-untyped-def]
    start, count, multipliers, rows, caps, values, explicit, ids, k0, k1, top_bid, top_column
):
    """Rank the bids on up to BLOCK opportunities, ties by `wins_tie`.

    Bids pass one by one through a row of places, highest first, for all opportunities of the block
    at once. Where a bid equals a higher one, ranks are for the hash to decide: rare, done singly.

    Args:
        start: First opportunity.
        count: How many, at most BLOCK.
        multipliers: (advertisers,) float32; 0 for who does not bid, 1 for explicit bids.
        rows: (advertisers,) row of `values`, or rows + row of `explicit`.
        caps: (advertisers,) float32 highest bid each can afford, infinite for any.
        values: (rows, >= start + count) float32.
        explicit: (explicit rows, >= start + count) float32.
        ids: (advertisers,) uint32.
        k0: Low word of the step's key.
        k1: High word of it.
        top_bid: (slots + 1, BLOCK) float32, written: the highest bids, falling; 0 for none.
        top_column: (slots + 1, BLOCK) int32, written: whose they are; -1 for nobody's.
    """
    bid, column = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.int32)
    for place in range(top_bid.shape[0]):
        for j in range(BLOCK):
            top_bid[place, j], top_column[place, j] = _ZERO32, _NO_COLUMN
    for i in range(multipliers.size):
        if multipliers[i] > _ZERO32:
            fill_bids(start, count, multipliers[i], rows[i], caps[i], values, explicit, bid)
            for j in range(BLOCK):
                column[j] = np.int32(i)
            _insert(bid, column, top_bid, top_column)
    tied = np.empty(BLOCK, np.int32)
    if _mark_ties(top_bid, tied):
        for j in range(count):
            if tied[j] != 0:
                _rank_again(
                    j, start + j, multipliers, rows, caps, values, explicit, ids, k0, k1, top_bid,
                    top_column,
                )  # fmt: skip
