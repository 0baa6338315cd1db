"""Numba kernels of one seat that plays against recorded bids, opportunity by opportunity.

The seat's own recorded bids are taken out, and its new ones put in their place. The others' stay as
they were, budgets and all. With the bids that were recorded, everything comes out as it did, bit
for bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from auctionsim.intrinsics import price_block
from auctionsim.mechanism.ranking import wins_tie
from auctionsim.random_numbers import BLOCK, PURPOSE_CONVERSION, philox, uniform
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
from auctionsim.threads import next_cell
from auctionsim.traffic.kernels import exposure_block

_CONVERSION = np.uint32(PURPOSE_CONVERSION)
_ZERO32, _ZERO, _ONE = np.float32(0.0), np.int32(0), np.int32(1)


class Seats(NamedTuple):
    """R seats, each in a run of its own.

    Attributes:
        run_episode: (R,) place of its episode.
        advertiser: (R,) int32.
        multiplier: (R,) float32; 0 for who does not bid, 1 for bids one by one.
        row: (R,) row of the values it bids on, or rows + row of `explicit`.
        probability_row: (R,) row with the probability of an opportunity.
        value_row: (R,) row with what an opportunity is worth.
        explicit: (explicit rows, >= volume) float32.
        bias: (R,) true over predicted probability.
        budget: (R,).
        spent: (R,), updated.
        wins: (R,), updated.
        cut: (R,) sum of what budgets took off bids, updated.
        sums: (R, len(KINDS)), updated.
        price: (R,) sum of market prices, updated; nan where a price breaks the mechanism's rule.
    """

    run_episode: Any
    advertiser: Any
    multiplier: Any
    row: Any
    probability_row: Any
    value_row: Any
    explicit: Any
    bias: Any
    budget: Any
    spent: Any
    wins: Any
    cut: Any
    sums: Any
    price: Any


class OwnLedger(NamedTuple):
    """What each opportunity brought R seats, where it is asked for (else of width 0); (R, width).

    Attributes:
        slot: Slot won, counted from 1; 0 for none.
        price: What it costs if it is seen.
        exposed: 1 where it was seen.
        converted: 1 where it then converted.
        worth: What that conversion was worth.
        market_price: The (slots + 1)-th bid or the reserve.
    """

    slot: Any
    price: Any
    exposed: Any
    converted: Any
    worth: Any
    market_price: Any


class Room(NamedTuple):
    """What is worked out of one block; (BLOCK,) unless noted.

    Attributes:
        wanted: Bids before the budget.
        bid: Bids as placed.
        rival: The others' highest bids, (slots + 1, BLOCK).
        place: How many rivals bid more.
        mark: Scratch.
        found: Which opportunities may be won, in order.
        ranked: The highest bids on those, one's own among them, (slots + 1, BLOCK).
        prices: What their slots cost, (slots, BLOCK).
        counters: Their numbers as counters, uint32.
        words: Their coins, uint32.
    """

    wanted: Any
    bid: Any
    rival: Any
    place: Any
    mark: Any
    found: Any
    ranked: Any
    prices: Any
    counters: Any
    words: Any


@njit(cache=True, nogil=True)
def _new_room(slots):  # type: ignore[no-untyped-def]
    return Room(
        np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32),
        np.empty((slots + 1, BLOCK), np.float32), np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int64),
        np.empty((slots + 1, BLOCK), np.float32), np.empty((slots, BLOCK), np.float32),
        np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def others_bids(bid, holder, advertiser, start, count, out, rival):  # type: ignore[no-untyped-def]
    """Write the highest bids without those of one advertiser, on a block of opportunities.

    Args:
        bid: (depth, >= start + count) float32 highest bids, falling.
        holder: The same shape, int32, whose they are.
        advertiser: Who is taken out.
        start: First opportunity.
        count: How many, at most BLOCK.
        out: (BLOCK,) int32, room.
        rival: (depth - 1, BLOCK) float32, written; 0 beyond `count`.
    """
    for j in range(BLOCK):
        out[j] = 0
    for place in range(rival.shape[0]):
        here, below, owner, row = bid[place], bid[place + 1], holder[place], rival[place]
        for j in range(count):
            out[j] |= np.int32(owner[start + j] == advertiser)
            row[j] = below[start + j] if out[j] != 0 else here[start + j]
        for j in range(count, BLOCK):
            row[j] = _ZERO32


@njit(cache=True, nogil=True)
def _want(values, multiplier, start, count, wanted):  # type: ignore[no-untyped-def]
    """Write the bids that are wanted, whether the budget allows for them or not."""
    for j in range(count):
        wanted[j] = multiplier * values[start + j]
    for j in range(count, BLOCK):
        wanted[j] = _ZERO32


@njit(cache=True, nogil=True)
def _place_bids(bid, rival, place, tied):  # type: ignore[no-untyped-def]
    """Write how many rivals bid more; says whether any bid is equal to a rival's."""
    for j in range(BLOCK):
        place[j], tied[j] = _ZERO, _ZERO
    for k in range(rival.shape[0]):
        row = rival[k]
        for j in range(BLOCK):
            place[j] += _ONE if row[j] > bid[j] else _ZERO
            tied[j] |= np.int32(row[j] == bid[j]) & np.int32(bid[j] > _ZERO32)
    found = _ZERO
    for j in range(BLOCK):
        found |= tied[j]
    return found != 0


@njit(cache=True, nogil=True)
def _untie(bids, holders, opportunity, own, advertiser, most, k0, k1):  # type: ignore[no-untyped-def]
    """How many rivals go before a bid on one opportunity, equal ones by hash; at most `most`."""
    place = 0
    for k in range(bids.shape[0]):
        holder, bid = holders[k, opportunity], bids[k, opportunity]
        if holder < 0 or holder == advertiser:
            continue
        equal = bid == own and wins_tie(
            k0, k1, np.uint64(opportunity), np.uint32(holder), np.uint32(advertiser)
        )
        place += 1 if bid > own or equal else 0
    return min(place, most)


@njit(cache=True, nogil=True)
def _find_wins(begin, count, bid, rival, place, found, ranked):  # type: ignore[no-untyped-def]
    """List the opportunities with a place among the slots, and the bids that price them.

    Returns how many there are.
    """
    slots, n = rival.shape[0] - 1, np.int64(0)
    for j in range(begin, count):
        found[n] = j
        n += np.int64((place[j] < slots) & (bid[j] > _ZERO32))
    for sale in range(n):
        j = found[sale]
        own = place[j]
        for k in range(own):
            ranked[k, sale] = rival[k, j]
        ranked[own, sale] = bid[j]
        for k in range(own, slots):
            ranked[k + 1, sale] = rival[k, j]
    return n


@njit(cache=True, nogil=True)
def _add_prices(total, begin, end, bid, rival, reserve, kept):  # type: ignore[no-untyped-def]
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
def _forget(start, begin, count, ledger, r):  # type: ignore[no-untyped-def]
    """Enter that opportunities begin .. count - 1 of a block brought nothing, until some do."""
    if ledger.slot.size > 0:
        here = slice(start + begin, start + count)
        ledger.slot[r, here], ledger.price[r, here], ledger.exposed[r, here] = 0, 0.0, 0
        ledger.converted[r, here], ledger.worth[r, here] = 0, 0.0


@njit(cache=True, nogil=True)
def _settle(  # type: ignore[no-untyped-def]
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
def _count_cut(seats, r, rows, start, begin, end, cap, wanted, values):  # type: ignore[no-untyped-def]
    """Add what the budget took off bids, as they stand in the sum of all bids: not rounded."""
    multiplier = np.float64(seats.multiplier[r])
    for j in range(begin, end):
        if wanted[j] > cap:
            exact = np.float64(wanted[j])
            if seats.row[r] < rows:
                exact = multiplier * np.float64(values[start + j])
            seats.cut[r] += exact - np.float64(cap)


@njit(cache=True, nogil=True)
def _play_block(  # type: ignore[no-untyped-def]
    terms, seats, r, rows, start, count, high, bids, holders, values, looks, told, k0, k1, ledger,
    room,
):  # fmt: skip
    wanted, bid, rival = room.wanted, room.bid, room.rival
    place, mark = room.place, room.mark
    advertiser, begin = seats.advertiser[r], 0
    _forget(start, 0, count, ledger, r)
    while begin < count:
        cap = affordable(seats.budget[r] - seats.spent[r])
        for j in range(BLOCK):
            bid[j] = wanted[j] if wanted[j] < cap else cap
        if _place_bids(bid, rival, place, mark):
            for j in range(count):
                if mark[j] != 0:
                    place[j] = _untie(
                        bids, holders, start + j, bid[j], advertiser, rival.shape[0], k0, k1
                    )
        wins = _find_wins(begin, count, bid, rival, place, room.found, room.ranked)
        price_block(terms.pricing, room.ranked, wins, terms.exposure, terms.reserve, room.prices)
        for slot in range(room.prices.shape[0]):
            for sale in range(wins):
                if np.isnan(room.prices[slot, sale]):
                    seats.price[r] = np.nan
        end = _settle(terms, seats, r, start, count, wins, high, room, looks, told, k0, k1, ledger)
        kept = ledger.market_price[r, start : start + count]
        seats.price[r] = _add_prices(seats.price[r], begin, end, bid, rival, terms.reserve, kept)
        if cap < high:
            _count_cut(seats, r, rows, start, begin, end, cap, wanted, values)
        begin = end


@njit(cache=True, nogil=True)
def draw_looks(counter, volumes, keys_lo, keys_hi, looks):  # type: ignore[no-untyped-def]
    """Draw how deep the viewers of a step look; a cell is an episode.

    Args:
        counter: See `auctionsim.threads`.
        volumes: (E,) opportunities of the step.
        keys_lo: (E,) low words of the step's keys.
        keys_hi: (E,) high words.
        looks: (E, >= volume, in whole blocks) float64, written.
    """
    while True:
        e = next_cell(counter)
        if e >= volumes.size:
            break
        for block in range((volumes[e] + BLOCK - 1) // BLOCK):
            out = looks[e, block * BLOCK : (block + 1) * BLOCK]
            exposure_block(block, keys_lo[e], keys_hi[e], out)


@njit(cache=True, nogil=True)
def play_seats(  # type: ignore[no-untyped-def]
    counter, terms, volumes, values, highest, looks, keys_lo, keys_hi, bids, holders, seats, ledger
):
    """Play one step of every seat; a cell is a seat.

    Args:
        counter: See `auctionsim.threads`.
        terms: `Terms`.
        volumes: (E,) opportunities of the step.
        values: (E, rows, >= volume) value rows.
        highest: (E, rows) largest value of each.
        looks: (E, >= volume) how deep viewers look.
        keys_lo: (E,) low words of the step's keys.
        keys_hi: (E,) high words.
        bids: (E, slots + 2, >= volume) float32, recorded.
        holders: The same shape, int32.
        seats: `Seats`.
        ledger: `OwnLedger`, written unless its width is 0.
    """
    rows, room = values.shape[1], _new_room(terms.exposure.size)
    while True:
        r = next_cell(counter)
        if r >= seats.run_episode.size:
            break
        e = seats.run_episode[r]
        row, multiplier, advertiser = seats.row[r], seats.multiplier[r], seats.advertiser[r]
        told = (values[e, seats.probability_row[r]], values[e, seats.value_row[r]])
        bid_row = values[e, row] if row < rows else seats.explicit[row - rows]
        high = multiplier * highest[e, row] if row < rows else np.float32(np.inf)
        for block in range((volumes[e] + BLOCK - 1) // BLOCK):
            start = block * BLOCK
            count = min(BLOCK, volumes[e] - start)
            _want(bid_row, multiplier, start, count, room.wanted)
            others_bids(bids[e], holders[e], advertiser, start, count, room.mark, room.rival)
            _play_block(
                terms, seats, r, rows, start, count, high, bids[e], holders[e], bid_row, looks[e],
                told, keys_lo[e], keys_hi[e], ledger, room,
            )  # fmt: skip
