"""Numba kernel of the clearing; `rank_opportunity` is for kernels elsewhere, too."""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.intrinsics import price_block
from auctionsim.mechanism.ranking import rank_opportunity, tie_hash, wins_tie
from auctionsim.threads import next_cell

__all__ = ["clear_rows", "rank_opportunity", "tie_hash", "wins_tie"]


@njit(cache=True, nogil=True)
def _rank_rows(first, count, bids, ids, seed_lo, seed_hi, first_opportunity, ranked, columns):  # type: ignore[no-untyped-def]
    """Rank rows first .. first + count - 1 of bids; `ranked` has the highest bids in its rows."""
    depth = min(ranked.shape[0], bids.shape[1] + 1)
    best, of = np.empty(depth, bids.dtype), np.empty(depth, np.int32)
    for j in range(count):
        row = first + j
        opportunity = first_opportunity + np.uint64(row)
        rank_opportunity(bids[row], ids, seed_lo, seed_hi, opportunity, best, of)
        for place in range(depth):
            ranked[place, j], columns[place, j] = best[place], of[place]


@njit(cache=True, nogil=True)
def clear_rows(  # type: ignore[no-untyped-def]
    counter, block, bids, ids, seed_lo, seed_hi, first_opportunity, exposure, reserve, pricing,
    sells_above_reserve, winners, prices, market_price,
):  # fmt: skip
    """Clear consecutive opportunities; a cell of work is a block of rows.

    Args:
        counter: See `auctionsim.threads`.
        block: Rows a cell, >= 1.
        bids: (opportunities, advertisers) float32 or float64.
        ids: (advertisers,) uint32.
        seed_lo: Low 32 bits of the seed.
        seed_hi: High 32 bits of the seed.
        first_opportunity: uint64 number of the first row.
        exposure: (slots,) float64 probability that each slot is seen.
        reserve: Reserve price in the bids' dtype.
        pricing: Address of the mechanism's block form (see `block_pricing`).
        sells_above_reserve: True where a slot sells only at a price above the reserve
            (AuctionNet's rule), False where any bid at or above the reserve buys.
        winners: (opportunities, slots) int32, written.
        prices: (opportunities, slots) in the bids' dtype, written.
        market_price: (opportunities,) in the bids' dtype, written.
    """
    rows, slots = winners.shape
    # Beyond as many places as there are bidders these stay as they are.
    ranked = np.zeros((slots + 1, block), bids.dtype)
    columns = np.full((slots + 1, block), -1, np.int32)
    priced = np.empty((slots, block), bids.dtype)
    while True:
        first = next_cell(counter) * block
        if first >= rows:
            break
        count = min(block, rows - first)
        _rank_rows(first, count, bids, ids, seed_lo, seed_hi, first_opportunity, ranked, columns)
        price_block(pricing, ranked, count, exposure, reserve, priced)
        for j in range(count):
            for slot in range(slots):
                price, own = priced[slot, j], ranked[slot, j]
                sold = price > reserve if sells_above_reserve else own >= reserve
                prices[first + j, slot] = price
                winners[first + j, slot] = columns[slot, j] if sold else -1
            market_price[first + j] = max(ranked[slots, j], reserve)
