"""Numba kernels that enter every sale and the highest bids of a step, where they are asked for."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from auctionsim.intrinsics import price_block
from auctionsim.simulator.layout import Ledger
from auctionsim.simulator.sales import realised

_NOBODY = np.int32(-1)


@njit(cache=True, nogil=True)
def enter_sales(terms, offers, sold, begin, end, first, last, start, ledger):  # type: ignore[no-untyped-def]
    """Enter the sales of opportunities begin .. end - 1 of a block that was settled up to there.

    Args:
        terms: `Terms`.
        offers: `Offers`.
        sold: `Sold`.
        begin: First opportunity, counted within the block.
        end: End of them.
        first: First of their exposed wins.
        last: End of these.
        start: The block's first opportunity.
        ledger: `Ledger` of one run, written.
    """
    winner, top_bid = sold.winner, sold.top_bid
    slots = winner.shape[0]
    prices = np.empty(winner.shape, np.float32)
    # The same as when the block was sold: a mechanism is a pure function.
    price_block(terms.pricing, top_bid, end, terms.exposure, offers.reserve, prices)
    for slot in range(slots):
        for j in range(begin, end):
            is_sold = winner[slot, j] >= 0
            ledger.winner[slot, start + j] = winner[slot, j]
            ledger.price[slot, start + j] = prices[slot, j] if is_sold else np.float32(0.0)
            ledger.exposed[slot, start + j] = 0
            ledger.converted[slot, start + j] = 0
            ledger.worth[slot, start + j] = 0.0
    for j in range(begin, end):
        ledger.market_price[start + j] = max(top_bid[slots, j], offers.reserve)
    for sale in range(first, last):
        j, i, slot = sold.opportunity[sale], sold.column[sale], 0
        while winner[slot, j] != i:
            slot += 1
        ledger.exposed[slot, start + j] = 1
        if sold.converts[sale] != 0:
            ledger.converted[slot, start + j] = 1
            ledger.worth[slot, start + j] = realised(
                start + j, terms.ids[i], sold.told[0, sale], sold.told[1, sale],
                terms.realised_spread, offers.k0, offers.k1,
            )  # fmt: skip


@njit(cache=True, nogil=True)
def enter_bids(sold, floor, begin, end, start, ledger):  # type: ignore[no-untyped-def]
    """Enter the highest bids on opportunities begin .. end - 1 of a block, as they were placed.

    Competitors from outside, who are nobody of the market's, are among the bidders: each bids the
    floor, and there are as many as there are places.

    Args:
        sold: `Sold`, ranked as deep as the ledger.
        floor: float32, 0 for no competitors.
        begin: First opportunity, counted within the block.
        end: End of them.
        start: The block's first opportunity.
        ledger: `Ledger` of one run, written.
    """
    for place in range(ledger.top_bid.shape[0]):
        bid, column = sold.top_bid[place], sold.top_column[place]
        kept_bid, kept_column = ledger.top_bid[place], ledger.top_column[place]
        for j in range(begin, end):
            outbid = bid[j] < floor
            kept_bid[start + j] = floor if outbid else bid[j]
            kept_column[start + j] = _NOBODY if outbid else column[j]


def new_ledger(runs: int, slots: int, sales: int = 0, bids: int = 0) -> Ledger:
    """Make room for what is to be kept of a step, all of it empty.

    Args:
        runs: Runs.
        slots: Slots an opportunity.
        sales: Opportunities a run whose sales to keep; 0 for none.
        bids: Opportunities a run whose highest slots + 2 bids to keep; 0 for none. So many that
            slots + 1 are left to know of the others, whichever bidder is taken out.
    """
    shape = (runs, slots, sales)
    top = (runs, slots + (2 if bids else 1), bids)
    return Ledger(
        np.full(shape, -1, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.uint8),
        np.zeros(shape, np.uint8), np.zeros(shape), np.zeros((runs, sales), np.float32),
        np.zeros(top, np.float32), np.full(top, -1, np.int32),
    )  # fmt: skip


def pick_runs(ledger: Ledger, runs: NDArray[np.int64]) -> Ledger:
    """Return a copy that holds some runs only."""
    return Ledger._make(array[runs] for array in ledger)


def enter_runs(ledger: Ledger, entries: Ledger, runs: NDArray[np.int64]) -> None:
    """Write what `pick_runs` returned, and was written to since, back into the ledger."""
    for name in Ledger._fields:
        getattr(ledger, name)[runs] = getattr(entries, name)
