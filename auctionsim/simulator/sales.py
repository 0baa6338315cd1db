"""Numba kernels that sell a block of ranked opportunities: prices, looks, coins."""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.intrinsics import price_block
from auctionsim.random_numbers import (
    BLOCK,
    PURPOSE_CONVERSION,
    exp_polynomial,
    normal_pair,
    philox,
    uniform,
)
from auctionsim.simulator.layout import PRICE
from auctionsim.traffic.kernels import exposure_block

_CONVERSION = np.uint32(PURPOSE_CONVERSION)
_NOBODY = np.int32(-1)
_HALF32 = np.float32(0.5)


@njit(cache=True, nogil=True)
def _win(terms, count, top_bid, top_column, prices, winner):  # type: ignore[no-untyped-def]
    """Price all slots of a block, and write who wins them: -1 where a slot is unsold."""
    price_block(terms.pricing, top_bid, count, terms.exposure, terms.reserve, prices)
    reserve = terms.reserve
    for slot in range(winner.shape[0]):
        own, column, price, buyer = top_bid[slot], top_column[slot], prices[slot], winner[slot]
        if terms.sells_above_reserve:
            for j in range(count):
                buyer[j] = column[j] if price[j] > reserve else _NOBODY
        else:
            for j in range(count):
                # A price that breaks the mechanism's rule is nan, and shows in the sums.
                buyer[j] = column[j] if own[j] >= reserve else _NOBODY
        for j in range(count, BLOCK):
            buyer[j] = _NOBODY


@njit(cache=True, nogil=True)
def _list_exposed(count, look, exposure, winner, opportunity, slot_of):  # type: ignore[no-untyped-def]
    """List the wins that are seen, in order of arrival and of slots; returns how many."""
    found = np.int64(0)
    for j in range(count):
        for slot in range(exposure.size):
            opportunity[found], slot_of[found] = j, slot
            found += np.int64((winner[slot, j] >= 0) & (look[j] < exposure[slot]))
    return found


@njit(cache=True, nogil=True)
def _draw_words(start, found, opportunity, column, ids, k0, k1, words):  # type: ignore[no-untyped-def]
    """Draw the random words of the coins, only for exposed wins."""
    counter, ident = np.empty(found, np.uint32), np.empty(found, np.uint32)
    for sale in range(found):
        counter[sale] = np.uint32(start + opportunity[sale])
        ident[sale] = ids[column[sale]]
    w0, w1, w2 = words[0], words[1], words[2]
    for sale in range(found):
        a, b, c, _ = philox(counter[sale], np.uint32(0), ident[sale], _CONVERSION, k0, k1)
        w0[sale], w1[sale], w2[sale] = a, b, c


@njit(cache=True, nogil=True)
def _realised(p, v, spread, w1, w2):  # type: ignore[no-untyped-def]
    """What a conversion is worth: the known value, times luck of mean 1 where values spread."""
    gain = np.float64(v) / np.float64(p)
    if spread > 0.0:
        z, _ = normal_pair(w1, w2)
        gain *= np.float64(exp_polynomial(spread * (z - _HALF32 * spread)))
    return gain


@njit(cache=True, nogil=True)
def sell_block(  # type: ignore[no-untyped-def]
    terms, block, count, value_rows, values, bias, k0, k1, top_bid, top_column, winner,
    opportunity, column, record,
):  # fmt: skip
    """Sell the slots of a block of ranked opportunities, and toss the coins of exposed wins.

    Args:
        terms: `Terms`.
        block: Number of the block: its first opportunity over BLOCK.
        count: Opportunities, at most BLOCK.
        value_rows: (advertisers,) row of `values` with what an opportunity is worth.
        values: (rows, >= all opportunities) float32; row i holds advertiser i's probabilities.
        bias: (advertisers,) true over predicted probability.
        k0: Low word of the step's key.
        k1: High word of it.
        top_bid: (slots + 1, BLOCK) float32 highest bids.
        top_column: (slots + 1, BLOCK) int32 whose they are.
        winner: (slots, BLOCK) int32, written: who wins, -1 for nobody.
        opportunity: (slots * BLOCK + 1,) int32, written: place in the block of each exposed win.
        column: (slots * BLOCK + 1,) int32, written: the winner of each.
        record: (slots * BLOCK, len(RECORD)) float64, written: what each adds to the sums.

    Returns:
        The number of exposed wins; they are in order of arrival.
    """
    look = np.empty(BLOCK, np.float64)
    prices = np.empty(winner.shape, np.float32)
    words = np.empty((3, opportunity.size), np.uint32)
    exposure_block(block, k0, k1, look)
    _win(terms, count, top_bid, top_column, prices, winner)
    found = _list_exposed(count, look, terms.exposure, winner, opportunity, column)
    for sale in range(found):
        slot = column[sale]
        record[sale, PRICE] = np.float64(prices[slot, opportunity[sale]])
        column[sale] = winner[slot, opportunity[sale]]
    start = block * BLOCK
    _draw_words(start, found, opportunity, column, terms.ids, k0, k1, words)
    for sale in range(found):
        i, j = column[sale], start + opportunity[sale]
        p, v = values[i, j], values[value_rows[i], j]
        true_p = min(np.float64(p) * bias[i], 1.0)
        converts = uniform(words[0, sale]) < true_p
        gain = 0.0
        if converts:
            gain = _realised(p, v, terms.realised_spread, words[1, sale], words[2, sale])
        row = record[sale]
        row[0], row[2], row[3] = 1.0, 1.0 if converts else 0.0, gain
        row[4], row[6], row[7] = true_p, np.float64(p), np.float64(v)
        row[5] = np.float64(v) * (true_p / np.float64(p) if p > 0.0 else 0.0)
    return found
