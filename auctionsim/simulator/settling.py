"""Numba kernels that settle a run's opportunities in order of arrival, block by block.

A block of ranked and sold opportunities stands as long as nobody's remaining budget falls below a
bid it has in the rest of the block. Where one does, the block is settled up to there, that bidder's
bids are capped at what it has left, and the rest is ranked and sold again. So the result is that of
walking through the opportunities one by one, at nearly the speed of whole blocks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.random_numbers import BLOCK
from auctionsim.simulator.layout import (
    CONVERSIONS,
    COST,
    EXPOSED_WINS,
    TOLD_P,
    TOLD_V,
    TRUE_P,
    TRUE_V,
    VALUE,
    Sold,
)
from auctionsim.simulator.ledger import enter_bids, enter_sales
from auctionsim.simulator.ranking import fill_bids, rank_block
from auctionsim.simulator.sales import realised, sell_block


@njit(cache=True, nogil=True)
def new_sold(slots, depth):  # type: ignore[no-untyped-def]
    """Make room for one block, ranked to a depth of at least slots + 1."""
    return Sold(
        np.empty((depth, BLOCK), np.float32), np.empty((depth, BLOCK), np.int32),
        np.empty((slots, BLOCK), np.int32), np.empty(slots * BLOCK + 1, np.int32),
        np.empty(slots * BLOCK + 1, np.int32), np.empty(slots * BLOCK, np.float32),
        np.empty((2, slots * BLOCK), np.float32), np.empty(slots * BLOCK, np.uint8),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def rank_and_sell(terms, offers, caps, block, count, sold):  # type: ignore[no-untyped-def]
    """Rank and sell a block under the caps given; returns the number of exposed wins."""
    rank_block(
        block * BLOCK, count, offers.multipliers, offers.rows, caps, offers.values,
        offers.explicit, terms.ids, offers.k0, offers.k1, sold.top_bid, sold.top_column,
    )  # fmt: skip
    return sell_block(terms, offers, block, count, sold)


@njit(cache=True, nogil=True)
def highest_bid(multiplier, row, highest, explicit_highest):  # type: ignore[no-untyped-def]
    """A bidder's highest bid of the step."""
    if row >= highest.size:
        return np.float64(explicit_highest[row - highest.size])
    return np.float64(multiplier * highest[row])


@njit(cache=True, nogil=True)
def affordable(left):  # type: ignore[no-untyped-def]
    """The largest float32 not above what is left of a budget."""
    cap = np.float32(left)
    if np.float64(cap) > left:
        cap = np.nextafter(cap, np.float32(0.0))
    return cap if cap > 0.0 else np.float32(0.0)


@njit(cache=True, nogil=True)
def cap_bids(offers, budget, spent, caps):  # type: ignore[no-untyped-def]
    """Write the highest bid each can afford where its bids may exceed it; else infinity."""
    for i in range(caps.size):
        left = budget[i] - spent[i]
        high = highest_bid(
            offers.multipliers[i], offers.rows[i], offers.highest, offers.explicit_highest
        )
        caps[i] = affordable(left) if high > left else np.inf


@njit(cache=True, nogil=True)
def _exceeds(offers, i, start, begin, count, cap, bid):  # type: ignore[no-untyped-def]
    """Whether a bid of i on opportunities begin .. count - 1 of a block is above a cap."""
    row = offers.rows[i]
    fill_bids(start, count, offers.multipliers[i], row, np.float32(np.inf), offers.values,
              offers.explicit, bid)  # fmt: skip
    over = np.int32(0)
    for j in range(begin, count):
        over |= np.int32(bid[j] > cap)
    return over != 0


@njit(cache=True, nogil=True)
def _count_cut(offers, i, start, begin, end, cap, cut, bid):  # type: ignore[no-untyped-def]
    """Add what a cap took off the bids of i on opportunities begin .. end - 1 of a block.

    A bid counts as it stands in the sum of all bids: multiplier times value, not rounded.
    """
    if not _exceeds(offers, i, start, begin, end, cap, bid):
        return
    row, rows = offers.rows[i], offers.values.shape[0]
    for j in range(begin, end):
        if bid[j] > cap:
            exact = np.float64(bid[j])
            if row < rows:
                exact = np.float64(offers.multipliers[i]) * np.float64(
                    offers.values[row, start + j]
                )
            cut[i] += exact - np.float64(cap)


@njit(cache=True, nogil=True)
def _take_in(reserve, sold, begin, end, purse):  # type: ignore[no-untyped-def]
    """Count the wins and the market prices of opportunities begin .. end - 1 of a block."""
    winner, wins = sold.winner, purse.wins
    for slot in range(winner.shape[0]):
        for j in range(begin, end):
            if winner[slot, j] >= 0:
                wins[winner[slot, j]] += 1.0
    market_price, total = sold.top_bid[winner.shape[0]], purse.price[0]
    for j in range(begin, end):
        total += np.float64(max(market_price[j], reserve))
    purse.price[0] = total


@njit(cache=True, nogil=True)
def _add_up(terms, offers, sold, first, end, start, sums):  # type: ignore[no-untyped-def]
    """Add exposed wins first .. end - 1 of a block to the winners' sums, by kind as in `KINDS`."""
    # Arrays by names of their own: inside the loop, every look into a tuple counts references.
    column, price, converts = sold.column, sold.price, sold.converts
    told_p, told_v, bias = sold.told[0], sold.told[1], offers.bias
    for sale in range(first, end):
        i, p, v = column[sale], np.float64(told_p[sale]), np.float64(told_v[sale])
        true_p, true_v = p, v
        if bias[i] != 1.0:
            true_p = min(p * bias[i], 1.0)
            true_v = v * (true_p / p if p > 0.0 else 0.0)
        sums[i, EXPOSED_WINS] += 1.0
        sums[i, COST] += np.float64(price[sale])
        sums[i, TRUE_P] += true_p
        sums[i, TRUE_V] += true_v
        sums[i, TOLD_P] += p
        sums[i, TOLD_V] += v
    for sale in range(first, end):
        if converts[sale] != 0:
            i = column[sale]
            sums[i, CONVERSIONS] += 1.0
            sums[i, VALUE] += realised(
                start + sold.opportunity[sale], terms.ids[i], told_p[sale], told_v[sale],
                terms.realised_spread, offers.k0, offers.k1,
            )  # fmt: skip


@njit(cache=True, nogil=True)
def _lower_cap(offers, purse, i, start, here, counted, bid):  # type: ignore[no-untyped-def]
    """Cap i's bids from `here` on at what it has left; its bids up to there are accounted for."""
    if purse.caps[i] < np.inf:
        _count_cut(offers, i, start, counted[i], here, purse.caps[i], purse.cut, bid)
    counted[i] = here
    purse.caps[i] = affordable(purse.budget[i] - purse.spent[i])


@njit(cache=True, nogil=True)
def _pay(sold, sale, found, offers, purse, start, count, counted, bid):  # type: ignore[no-untyped-def]
    """Spend on exposed wins from `sale` on, until the rest of the block has to be ranked again.

    Returns the first win not paid, and the first opportunity to be ranked again, `count` for none.
    """
    spent, budget, caps = purse.spent, purse.budget, purse.caps
    column, opportunity, price = sold.column, sold.opportunity, sold.price
    multipliers, rows, highest = offers.multipliers, offers.rows, offers.highest
    explicit_highest = offers.explicit_highest
    again = count
    while sale < found and opportunity[sale] < again:
        i = column[sale]
        spent[i] = min(spent[i] + np.float64(price[sale]), budget[i])
        high = highest_bid(multipliers[i], rows[i], highest, explicit_highest)
        if caps[i] < np.inf or high > budget[i] - spent[i]:
            here = opportunity[sale] + 1
            _lower_cap(offers, purse, i, start, here, counted, bid)
            if again == count and _exceeds(offers, i, start, here, count, caps[i], bid):
                again = here
        sale += 1
    return sale, again


@njit(cache=True, nogil=True)
def still_holds(offers, block, count, caps_then, caps, bid):  # type: ignore[no-untyped-def]
    """Whether a block ranked under earlier caps comes out the same under those of now."""
    for i in range(caps.size):
        # Caps only fall: a bid within today's was within the earlier one.
        if caps[i] != caps_then[i] and _exceeds(offers, i, block * BLOCK, 0, count, caps[i], bid):
            return False
    return True


@njit(cache=True, nogil=True)
def settle_block(terms, offers, block, count, sold, found, capped, purse, ledger):  # type: ignore[no-untyped-def]
    """Settle one block that was ranked and sold under the purse's caps, or as good as under them.

    Args:
        terms: `Terms`.
        offers: `Offers`.
        block: Number of the block.
        count: Opportunities in it.
        sold: `Sold`; overwritten where something has to be ranked again.
        found: Exposed wins in it; -1 makes the sum of prices nan, and nothing else.
        capped: Whether bids are capped at what is left.
        purse: `Purse`, updated.
        ledger: `Ledger`, written where its widths are not 0.
    """
    start, begin, sale = block * BLOCK, 0, 0
    counted, bid = np.zeros(offers.multipliers.size, np.int64), np.empty(BLOCK, np.float32)
    while True:
        if found < 0:
            purse.price[0] = np.nan
            return
        first, again = sale, count
        if capped:
            sale, again = _pay(sold, first, found, offers, purse, start, count, counted, bid)
        else:
            sale = found
        _add_up(terms, offers, sold, first, sale, start, purse.sums)
        _take_in(offers.reserve, sold, begin, again, purse)
        if ledger.market_price.size > 0:
            enter_sales(terms, offers, sold, begin, again, first, sale, start, ledger)
        if ledger.top_bid.size > 0:
            enter_bids(sold, offers.floor, begin, again, start, ledger)
        if again == count:
            break
        begin = again
        found = rank_and_sell(terms, offers, purse.caps, block, count, sold)
        sale = 0
        while sale < found and sold.opportunity[sale] < begin:
            sale += 1
    if capped:
        for i in range(counted.size):
            if purse.caps[i] < np.inf:
                _count_cut(offers, i, start, counted[i], count, purse.caps[i], purse.cut, bid)
