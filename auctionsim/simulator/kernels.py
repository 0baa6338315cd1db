"""Numba kernels of one step of many runs: what is spread over threads, and how.

With many runs, each thread walks through runs of its own, block by block. With few, all blocks of
all runs are ranked and sold side by side first, as budgets stand before the step, and then settled:
a block whose outcome the budgets left alone is only summed up.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.random_numbers import BLOCK
from auctionsim.simulator.layout import Ledger, Offers, Purse, Sold
from auctionsim.simulator.settling import (
    cap_bids,
    new_sold,
    rank_and_sell,
    settle_block,
    still_holds,
)
from auctionsim.threads import next_cell


@njit(cache=True, nogil=True)
def _offers(reserve, traffic, bidding, r):  # type: ignore[no-untyped-def]
    e = bidding.run_episode[r]
    floor = traffic.floor[e]
    return Offers(
        bidding.multipliers[r], bidding.rows[r], bidding.value_rows[r], traffic.values[e],
        traffic.highest[e], bidding.explicit, bidding.explicit_highest, traffic.bias[e],
        traffic.keys_lo[e], traffic.keys_hi[e], floor, max(floor, reserve),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _block_of(ahead, r, place):  # type: ignore[no-untyped-def]
    return Sold(
        ahead.top_bid[r, place], ahead.top_column[r, place], ahead.winner[r, place],
        ahead.opportunity[r, place], ahead.column[r, place], ahead.price[r, place],
        ahead.told[r, place], ahead.converts[r, place],
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _rank_cell(first, last, terms, traffic, bidding, caps, ahead, r, place):  # type: ignore[no-untyped-def]
    block = first // BLOCK + place
    count = min(BLOCK, min(last, traffic.volumes[bidding.run_episode[r]]) - block * BLOCK)
    if count > 0:
        ahead.found[r, place] = rank_and_sell(
            terms, _offers(terms.reserve, traffic, bidding, r), caps[r], block, count,
            _block_of(ahead, r, place),
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _settle_run(first, last, terms, traffic, bidding, capped, purses, ahead, ranked, ledgers, r):  # type: ignore[no-untyped-def]
    offers = _offers(terms.reserve, traffic, bidding, r)
    purse = Purse(
        purses.budget[r], purses.spent[r], purses.caps[r], purses.wins[r], purses.cut[r],
        purses.sums[r], purses.price[r],
    )  # fmt: skip
    ledger = Ledger(
        ledgers.winner[r], ledgers.price[r], ledgers.exposed[r], ledgers.converted[r],
        ledgers.worth[r], ledgers.market_price[r], ledgers.top_bid[r], ledgers.top_column[r],
    )  # fmt: skip
    last = min(last, traffic.volumes[bidding.run_episode[r]])
    own, bid = new_sold(terms.exposure.size, ledger.top_bid.shape[0]), np.empty(BLOCK, np.float32)
    caps_then = purse.caps.copy()
    for block in range(first // BLOCK, (last + BLOCK - 1) // BLOCK):
        count, place = min(BLOCK, last - block * BLOCK), block - first // BLOCK
        if ranked and still_holds(offers, block, count, caps_then, purse.caps, bid):
            sold, found = _block_of(ahead, r, place), ahead.found[r, place]
            settle_block(terms, offers, block, count, sold, found, capped, purse, ledger)
        else:
            found = rank_and_sell(terms, offers, purse.caps, block, count, own)
            settle_block(terms, offers, block, count, own, found, capped, purse, ledger)


@njit(cache=True, nogil=True)
def cap_runs(traffic, bidding, purses):  # type: ignore[no-untyped-def]
    """Write into `purses.caps` the highest bid each seat can afford as the step begins."""
    for r in range(bidding.run_episode.size):
        offers = _offers(np.float32(0.0), traffic, bidding, r)  # caps do not depend on reserves
        cap_bids(offers, purses.budget[r], purses.spent[r], purses.caps[r])


@njit(cache=True, nogil=True)
def rank_ahead(counter, first, last, terms, traffic, bidding, caps, ahead):  # type: ignore[no-untyped-def]
    """Rank and sell opportunities first .. last - 1 of all runs; a cell is a block of a run.

    Args:
        counter: See `auctionsim.threads`.
        first: First opportunity, a multiple of BLOCK.
        last: End; runs with fewer opportunities stop at theirs.
        terms: `Terms`.
        traffic: `Traffic`.
        bidding: `Bidding`.
        caps: (R, advertisers) float32 highest affordable bids.
        ahead: `Ahead`, written.
    """
    blocks = ahead.found.shape[1]
    while True:
        cell = next_cell(counter)
        if cell >= ahead.found.size:
            break
        _rank_cell(first, last, terms, traffic, bidding, caps, ahead, cell // blocks, cell % blocks)


@njit(cache=True, nogil=True)
def settle_runs(  # type: ignore[no-untyped-def]
    counter, first, last, terms, traffic, bidding, capped, purses, ahead, ranked, ledgers
):
    """Settle opportunities first .. last - 1 of every run in order of arrival; a cell is a run.

    Args:
        counter: See `auctionsim.threads`.
        first: First opportunity, a multiple of BLOCK.
        last: End; runs with fewer opportunities stop at theirs.
        terms: `Terms`.
        traffic: `Traffic`.
        bidding: `Bidding`.
        capped: Whether bids are capped at what is left of the budget.
        purses: `Purse` with an axis (R,) before all; updated.
        ahead: `Ahead`, what `rank_ahead` wrote under the caps in `purses`.
        ranked: Whether there is anything in `ahead`.
        ledgers: `Ledger` with an axis (R,) before all, written where its widths are not 0.
    """
    while True:
        r = next_cell(counter)
        if r >= bidding.run_episode.size:
            break
        _settle_run(first, last, terms, traffic, bidding, capped, purses, ahead, ranked, ledgers, r)
