"""Numba kernels that pay for what one seat wins against recorded bids, in order of arrival."""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.random_numbers import PURPOSE_CONVERSION, philox, uniform
from auctionsim.simulator.layout import (
    CONVERSIONS,
    COST,
    EXPOSED_WINS,
    TOLD_P,
    TOLD_V,
    TRUE_P,
    TRUE_V,
    VALUE,
)
from auctionsim.simulator.sales import realised
from auctionsim.simulator.settling import affordable

_CONVERSION = np.uint32(PURPOSE_CONVERSION)


@njit(cache=True, nogil=True)
def add_prices(total, begin, end, bid, rival, reserve, kept):  # type: ignore[no-untyped-def]
    """Add the market prices of opportunities begin .. end - 1 in order of arrival.

    The (slots + 1)-th of the rivals' bids and one's own: one's own, but between two of theirs.
    """
    above, below = rival[rival.shape[0] - 2], rival[rival.shape[0] - 1]
    for j in range(begin, end):
        price = bid[j] if bid[j] > below[j] else below[j]
        price = price if price < above[j] else above[j]
        price = price if price > reserve else reserve
        total += np.float64(price)
        if kept.size > 0:
            kept[j] = price
    return total


@njit(cache=True, nogil=True)
def _draw_coins(start, wins, ident, k0, k1, found, counters, words):  # type: ignore[no-untyped-def]
    """Draw the coins of all wins, seen or not: side by side that is less than those of the seen."""
    for sale in range(wins):
        counters[sale] = np.uint32(start + found[sale])
    for sale in range(wins):
        words[sale], _, _, _ = philox(counters[sale], np.uint32(0), ident, _CONVERSION, k0, k1)


@njit(cache=True, nogil=True)
def _count_view(opportunity, ident, p, v, bias, spread, word, k0, k1, sums):  # type: ignore[no-untyped-def]
    """Count a win that is seen; returns whether it converts, and what that is worth."""
    told_p, told_v = np.float64(p), np.float64(v)
    true_p, true_v = told_p, told_v
    if bias != 1.0:
        true_p = min(told_p * bias, 1.0)
        true_v = told_v * (true_p / told_p if told_p > 0.0 else 0.0)
    sums[EXPOSED_WINS] += 1.0
    sums[TRUE_P] += true_p
    sums[TRUE_V] += true_v
    sums[TOLD_P] += told_p
    sums[TOLD_V] += told_v
    if uniform(word) >= min(told_p * bias, 1.0):
        return False, 0.0
    worth = realised(opportunity, ident, p, v, spread, k0, k1)
    sums[CONVERSIONS] += 1.0
    sums[VALUE] += worth
    return True, worth


@njit(cache=True, nogil=True)
def forget(start, begin, count, ledger, r):  # type: ignore[no-untyped-def]
    """Enter that opportunities begin .. count - 1 of a block brought nothing, until some do."""
    if ledger.slot.size > 0:
        here = slice(start + begin, start + count)
        ledger.slot[r, here], ledger.price[r, here], ledger.exposed[r, here] = 0, 0.0, 0
        ledger.converted[r, here], ledger.worth[r, here] = 0, 0.0


@njit(cache=True, nogil=True)
def settle(  # type: ignore[no-untyped-def]
    terms, seats, r, start, count, wins, high, room, looks, told, k0, k1, ledger
):
    """Pay for the wins of a block in order of arrival, until what is left caps bids of its rest.

    Returns the first opportunity to be ranked again, `count` for none.
    """
    # Out of the tuples once: inside the loop, every look into one counts references.
    exposure, reserve, spread = terms.exposure, terms.reserve, terms.realised_spread
    above, spent, budget = terms.sells_above_reserve, seats.spent[r], seats.budget[r]
    ident, sums, bias, won = np.uint32(seats.advertiser[r]), seats.sums[r], seats.bias[r], 0.0
    wanted, bid, place = room.wanted, room.bid, room.place
    found, prices, p_row, v_row = room.found, room.prices, told[0], told[1]
    keeps, kept_slot, kept_price = ledger.slot.size > 0, ledger.slot[r], ledger.price[r]
    kept_exposed, kept_converted = ledger.exposed[r], ledger.converted[r]
    kept_worth, words, again = ledger.worth[r], room.words, count
    _draw_coins(start, wins, ident, k0, k1, found, room.counters, words)
    for sale in range(wins):
        j = found[sale]
        slot, at = place[j], start + j
        price = prices[slot, sale]
        if price <= reserve if above else bid[j] < reserve:
            continue
        won += 1.0
        seen = looks[at] < exposure[slot]
        if keeps:
            kept_slot[at], kept_price[at], kept_exposed[at] = slot + 1, price, seen
        if not seen:
            continue
        spent = min(spent + np.float64(price), budget)
        sums[COST] += np.float64(price)
        converts, worth = _count_view(
            at, ident, p_row[at], v_row[at], bias, spread, words[sale], k0, k1, sums
        )
        if keeps:
            kept_converted[at], kept_worth[at] = converts, worth
        cap = affordable(budget - spent)
        if cap < high and j + 1 < count and wanted[j + 1 : count].max() > cap:
            again = j + 1
            break
    seats.spent[r] = spent
    seats.wins[r] += won
    return again


@njit(cache=True, nogil=True)
def count_cut(seats, r, rows, start, begin, end, cap, wanted, values):  # type: ignore[no-untyped-def]
    """Add what the budget took off bids, as they stand in the sum of all bids: not rounded."""
    multiplier = np.float64(seats.multiplier[r])
    for j in range(begin, end):
        if wanted[j] > cap:
            exact = np.float64(wanted[j])
            if seats.row[r] < rows:
                exact = multiplier * np.float64(values[start + j])
            seats.cut[r] += exact - np.float64(cap)
