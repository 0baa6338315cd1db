"""Numba kernel that enters every sale of a step: for bidders and logs that ask for it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from auctionsim.intrinsics import price_block
from auctionsim.simulator.layout import Ledger
from auctionsim.simulator.sales import realised


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
    price_block(terms.pricing, top_bid, end, terms.exposure, terms.reserve, prices)
    for slot in range(slots):
        for j in range(begin, end):
            is_sold = winner[slot, j] >= 0
            ledger.winner[slot, start + j] = winner[slot, j]
            ledger.price[slot, start + j] = prices[slot, j] if is_sold else np.float32(0.0)
            ledger.exposed[slot, start + j] = 0
            ledger.converted[slot, start + j] = 0
            ledger.worth[slot, start + j] = 0.0
    for j in range(begin, end):
        ledger.market_price[start + j] = max(top_bid[slots, j], terms.reserve)
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


def new_ledger(runs: int, slots: int, width: int) -> Ledger:
    """Make room for the sales of `width` opportunities a run; 0 for none to be kept."""
    shape = (runs, slots, width)
    return Ledger(
        np.full(shape, -1, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.uint8),
        np.zeros(shape, np.uint8), np.zeros(shape), np.zeros((runs, width), np.float32),
    )  # fmt: skip


def pick_runs(ledger: Ledger, runs: NDArray[np.int64]) -> Ledger:
    """Return a copy that holds some runs only."""
    return Ledger(
        ledger.winner[runs], ledger.price[runs], ledger.exposed[runs], ledger.converted[runs],
        ledger.worth[runs], ledger.market_price[runs],
    )  # fmt: skip


def enter_runs(ledger: Ledger, entries: Ledger, runs: NDArray[np.int64]) -> None:
    """Write what `pick_runs` returned, and was written to since, back into the ledger."""
    ledger.winner[runs], ledger.price[runs] = entries.winner, entries.price
    ledger.exposed[runs], ledger.converted[runs] = entries.exposed, entries.converted
    ledger.worth[runs], ledger.market_price[runs] = entries.worth, entries.market_price
