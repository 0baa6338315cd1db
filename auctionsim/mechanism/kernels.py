"""Numba kernel of the clearing; `rank_opportunity` is for kernels elsewhere, too."""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.mechanism.ranking import rank_opportunity, tie_hash, wins_tie

__all__ = ["clear_rows", "rank_opportunity", "tie_hash", "wins_tie"]


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
            sold = price > reserve if sells_above_reserve else own >= reserve
            if sold:
                winners[row, slot] = top_column[slot]  # -1 for a bid of 0: it is not ranked
        market_price[row] = max(top_bid[slots], reserve) if slots < depth else reserve
