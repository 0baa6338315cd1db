"""Numba kernels of the clearing: one pass a row that keeps the best bids, no sorting.

All are generic over float32 and float64 bids. They check nothing: callers pass finite bids >= 0.
Arguments of the tie-break are those of `tie_hash`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.random_numbers import PURPOSE_TIE, philox

_PURPOSE = np.uint32(PURPOSE_TIE)
_WORD_BITS = np.uint64(32)
_LOW_WORD = np.uint64(0xFFFFFFFF)


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
    top_bid[:] = 0
    top_column[:] = -1
    lowest = top_bid[depth - 1]
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
        lowest = top_bid[depth - 1]


@njit(cache=True, nogil=True)
def clear_rows(  # type: ignore[no-untyped-def]
    bids,
    ids,
    seed_lo,
    seed_hi,
    first_opportunity,
    reserve,
    pays_own_bid,
    sells_above_reserve,
    winners,
    prices,
    market_price,
):
    """Clear consecutive opportunities.

    Args:
        bids: (opportunities, advertisers) float32 or float64.
        ids: (advertisers,) uint32.
        seed_lo: Low 32 bits of the seed.
        seed_hi: High 32 bits of the seed.
        first_opportunity: uint64 number of the first row.
        reserve: Reserve price in the bids' dtype.
        pays_own_bid: True for first price, False for the next-ranked bid.
        sells_above_reserve: True where a slot sells only at a price above the reserve
            (AuctionNet's rule), False where any bid at or above the reserve buys.
        winners: (opportunities, slots) int32, written.
        prices: (opportunities, slots) in the bids' dtype, written.
        market_price: (opportunities,) in the bids' dtype, written.
    """
    slots = winners.shape[1]
    depth = min(slots, bids.shape[1]) + 1
    top_bid = np.empty(depth, bids.dtype)
    top_column = np.empty(depth, np.int32)
    for row in range(bids.shape[0]):
        opportunity = first_opportunity + np.uint64(row)
        rank_opportunity(bids[row], ids, seed_lo, seed_hi, opportunity, top_bid, top_column)
        for slot in range(slots):
            winners[row, slot] = -1
            prices[row, slot] = reserve
        for slot in range(min(slots, depth - 1)):
            own = top_bid[slot]
            price = max(own if pays_own_bid else top_bid[slot + 1], reserve)
            prices[row, slot] = price
            sold = price > reserve if sells_above_reserve else own > 0 and own >= reserve
            if sold:
                winners[row, slot] = top_column[slot]
        market_price[row] = max(top_bid[slots], reserve) if slots < depth else reserve
