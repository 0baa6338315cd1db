"""Numba kernels of one seat that plays against recorded bids, block by block.

The seat's own recorded bids are taken out, and its new ones put in their place. The others' stay as
they were, budgets and all. With the bids that were recorded, everything comes out as it did, bit
for bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.frozen.layout import new_room
from auctionsim.frozen.ranking import find_wins, others_bids, place_bids, untie, want
from auctionsim.frozen.settling import add_prices, count_cut, forget, settle
from auctionsim.intrinsics import price_block
from auctionsim.random_numbers import BLOCK
from auctionsim.simulator.settling import affordable
from auctionsim.threads import next_cell
from auctionsim.traffic.kernels import exposure_block


@njit(cache=True, nogil=True)
def _play_block(  # type: ignore[no-untyped-def]
    terms, seats, r, rows, start, count, high, bids, holders, values, looks, told, k0, k1, ledger,
    room,
):  # fmt: skip
    wanted, bid, rival = room.wanted, room.bid, room.rival
    place, mark = room.place, room.mark
    advertiser, begin = seats.advertiser[r], 0
    forget(start, 0, count, ledger, r)
    while begin < count:
        cap = affordable(seats.budget[r] - seats.spent[r])
        for j in range(BLOCK):
            bid[j] = wanted[j] if wanted[j] < cap else cap
        if place_bids(bid, rival, place, mark):
            for j in range(count):
                if mark[j] != 0:
                    place[j] = untie(
                        bids, holders, start + j, bid[j], advertiser, rival.shape[0], k0, k1
                    )
        wins = find_wins(begin, count, bid, rival, place, room.found, room.ranked)
        price_block(terms.pricing, room.ranked, wins, terms.exposure, terms.reserve, room.prices)
        for slot in range(room.prices.shape[0]):
            for sale in range(wins):
                if np.isnan(room.prices[slot, sale]):
                    seats.price[r] = np.nan
        end = settle(terms, seats, r, start, count, wins, high, room, looks, told, k0, k1, ledger)
        kept = ledger.market_price[r, start : start + count]
        seats.price[r] = add_prices(seats.price[r], begin, end, bid, rival, terms.reserve, kept)
        if cap < high:
            count_cut(seats, r, rows, start, begin, end, cap, wanted, values)
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
    rows, room = values.shape[1], new_room(terms.exposure.size)
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
            want(bid_row, multiplier, start, count, room.wanted)
            others_bids(bids[e], holders[e], advertiser, start, count, room.mark, room.rival)
            _play_block(
                terms, seats, r, rows, start, count, high, bids[e], holders[e], bid_row, looks[e],
                told, keys_lo[e], keys_hi[e], ledger, room,
            )  # fmt: skip
