"""Numba kernels that rank the bids of one opportunity: the best are kept in one pass, no sorting.

All are generic over float32 and float64 bids. They check nothing: callers pass finite bids >= 0.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.random_numbers import PURPOSE_TIE, philox

_PURPOSE = np.uint32(PURPOSE_TIE)
_WORD_BITS = np.uint64(32)
_LOW_WORD = np.uint64(0xFFFFFFFF)

# `_fourth_of_groups` serves up to 4 places, and pays from two columns a group on.
_FLOOR_DEPTH = 4
_FLOOR_COLUMNS = 16


@njit(cache=True, nogil=True)
def tie_hash(seed_lo, seed_hi, opportunity, advertiser_id):  # type: ignore[no-untyped-def]
    """Place of an advertiser among equal bids for one opportunity: the smaller hash goes first.

    Args:
        seed_lo: Low 32 bits of the seed.
        seed_hi: High 32 bits of the seed.
        opportunity: Number of the opportunity in its run, 0 <= opportunity < 2^64.
        advertiser_id: The advertiser's id, 0 <= id < 2^32.

    Returns:
        uint64: the first two words of Philox4x32-10 at (opportunity, advertiser id, PURPOSE_TIE).
    """
    wide = np.uint64(opportunity)
    w0, w1, _, _ = philox(
        np.uint32(wide & _LOW_WORD),
        np.uint32(wide >> _WORD_BITS),
        np.uint32(advertiser_id),
        _PURPOSE,
        np.uint32(seed_lo),
        np.uint32(seed_hi),
    )
    return np.uint64(w0) | (np.uint64(w1) << _WORD_BITS)


@njit(cache=True, nogil=True)
def wins_tie(seed_lo, seed_hi, opportunity, challenger, holder):  # type: ignore[no-untyped-def]
    """Whether id `challenger` goes before id `holder` at equal bids: by hash, then by id."""
    ours = tie_hash(seed_lo, seed_hi, opportunity, challenger)
    theirs = tie_hash(seed_lo, seed_hi, opportunity, holder)
    return ours < theirs or (ours == theirs and np.uint32(challenger) < np.uint32(holder))


@njit(inline="always")
def _higher(a, b):  # type: ignore[no-untyped-def]
    return a if a > b else b


@njit(inline="always")
def _lower(a, b):  # type: ignore[no-untyped-def]
    return a if a < b else b


@njit(inline="always")
def _sort_four(a, b, c, d):  # type: ignore[no-untyped-def]
    """Sort four values into falling order without branches."""
    a, b, c, d = _higher(a, b), _lower(a, b), _higher(c, d), _lower(c, d)
    a, b, c, d = _higher(a, c), _higher(b, d), _lower(a, c), _lower(b, d)
    return a, _higher(b, c), _lower(b, c), d


@njit(cache=True, nogil=True)
def _fourth_of_groups(x):  # type: ignore[no-untyped-def]
    """Bound the 4th highest bid from below: the 4th highest of the maxima of 8 groups of columns.

    It takes a handful of vector instructions, and spares the ranking most of its unpredictable
    branches: of 48 bids about 6 are left to look at.
    """
    a, b, c, d, e, f, g, h = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
    for i in range(8, x.size - 7, 8):
        a, b = _higher(a, x[i]), _higher(b, x[i + 1])
        c, d = _higher(c, x[i + 2]), _higher(d, x[i + 3])
        e, f = _higher(e, x[i + 4]), _higher(f, x[i + 5])
        g, h = _higher(g, x[i + 6]), _higher(h, x[i + 7])
    a, b, c, d = _sort_four(a, b, c, d)
    e, f, g, h = _sort_four(e, f, g, h)
    return _lower(_lower(_higher(a, h), _higher(b, g)), _lower(_higher(c, f), _higher(d, e)))


@njit(cache=True, nogil=True)
def rank_opportunity(  # type: ignore[no-untyped-def]
    bids_row, ids, seed_lo, seed_hi, opportunity, top_bid, top_column
):
    """Rank the highest bids of one opportunity, ties by `wins_tie`; writes only into its outputs.

    Args:
        bids_row: (advertisers,) float32 or float64, finite and >= 0; a bid of 0 is no bid.
        ids: (advertisers,) integers, the advertisers' ids: unique, 0 <= id < 2^32.
        seed_lo: Low 32 bits of the seed.
        seed_hi: High 32 bits of the seed.
        opportunity: Number of the opportunity, 0 <= opportunity < 2^64.
        top_bid: (depth,) in the bids' dtype, depth >= 1 (slots + 1 serves all prices); receives
            the highest bids in falling order, 0 where fewer bidders have a bid > 0.
        top_column: (depth,) signed integers; receives their columns in `bids_row`, -1 where none.
    """
    depth = top_bid.size
    for place in range(depth):
        top_bid[place] = 0
        top_column[place] = -1
    lowest = bids_row.dtype.type(0)
    if depth <= _FLOOR_DEPTH and bids_row.size >= _FLOOR_COLUMNS:
        lowest = _fourth_of_groups(bids_row)
    for column in range(bids_row.size):
        bid = bids_row[column]
        if bid < lowest or not bid > 0:
            continue
        place = depth
        while place > 0:
            held = top_bid[place - 1]
            if bid < held:
                break
            if bid == held:
                holder = ids[top_column[place - 1]]
                if not wins_tie(seed_lo, seed_hi, opportunity, ids[column], holder):
                    break
            place -= 1
        if place == depth:
            continue
        for below in range(depth - 1, place, -1):
            top_bid[below] = top_bid[below - 1]
            top_column[below] = top_column[below - 1]
        top_bid[place] = bid
        top_column[place] = column
        lowest = _higher(lowest, top_bid[depth - 1])
