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
from auctionsim.traffic.kernels import exposure_block

_CONVERSION = np.uint32(PURPOSE_CONVERSION)
_NOBODY = np.int32(-1)
_HALF32 = np.float32(0.5)


@njit(cache=True, nogil=True)
def _win(terms, reserve, count, top_bid, top_column, prices, winner):  # type: ignore[no-untyped-def]
    """Price all slots of a block, and write who wins them: -1 where a slot is unsold.

    Returns whether all prices keep the mechanism's rule; those that do not are nan.
    """
    price_block(terms.pricing, top_bid, count, terms.exposure, reserve, prices)
    broken = np.int64(0)
    for slot in range(winner.shape[0]):
        own, column, price, buyer = top_bid[slot], top_column[slot], prices[slot], winner[slot]
        for j in range(count):
            broken += np.int64(np.isnan(price[j]))
        if terms.sells_above_reserve:
            for j in range(count):
                buyer[j] = column[j] if price[j] > reserve else _NOBODY
        else:
            for j in range(count):
                buyer[j] = column[j] if own[j] >= reserve else _NOBODY
        for j in range(count, BLOCK):
            buyer[j] = _NOBODY
    return broken == 0


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
def _toss(start, found, opportunity, column, ids, k0, k1, told, bias, converts):  # type: ignore[no-untyped-def]
    """Toss the coins, only those of exposed wins."""
    counter, ident = np.empty(found, np.uint32), np.empty(found, np.uint32)
    word = np.empty(found, np.uint32)
    for sale in range(found):
        counter[sale] = np.uint32(start + opportunity[sale])
        ident[sale] = ids[column[sale]]
    for sale in range(found):
        word[sale], _, _, _ = philox(counter[sale], np.uint32(0), ident[sale], _CONVERSION, k0, k1)
    for sale in range(found):
        true_p = min(np.float64(told[0, sale]) * bias[column[sale]], 1.0)
        converts[sale] = uniform(word[sale]) < true_p


@njit(cache=True, nogil=True)
def realised(opportunity, ident, p, v, spread, k0, k1):  # type: ignore[no-untyped-def]
    """What a conversion is worth: the known value, times luck of mean 1 where values spread.

    Args:
        opportunity: Number of the opportunity in its step.
        ident: uint32 id of the winner.
        p: float32 probability of the conversion, > 0, as told.
        v: float32 probability times known value, as told.
        spread: float32 spread of the realised around the known value.
        k0: Low word of the step's key.
        k1: High word of it.
    """
    gain = np.float64(v) / np.float64(p)
    if spread > 0.0:
        _, w1, w2, _ = philox(np.uint32(opportunity), np.uint32(0), ident, _CONVERSION, k0, k1)
        z, _ = normal_pair(w1, w2)
        gain *= np.float64(exp_polynomial(spread * (z - _HALF32 * spread)))
    return gain


@njit(cache=True, nogil=True)
def sell_block(terms, offers, block, count, sold):  # type: ignore[no-untyped-def]
    """Sell the slots of a block of ranked opportunities, and toss the coins of exposed wins.

    Args:
        terms: `Terms`.
        offers: `Offers`.
        block: Number of the block: its first opportunity over BLOCK.
        count: Opportunities, at most BLOCK.
        sold: `Sold`, ranked; the other fields are written.

    Returns:
        The number of exposed wins, which are in order of arrival; -1 if a price breaks the
        mechanism's rule.
    """
    look = np.empty(BLOCK, np.float64)
    prices = np.empty(sold.winner.shape, np.float32)
    opportunity, column, told = sold.opportunity, sold.column, sold.told
    exposure_block(block, offers.k0, offers.k1, look)
    top_bid, top_column, winner = sold.top_bid, sold.top_column, sold.winner
    if not _win(terms, offers.reserve, count, top_bid, top_column, prices, winner):
        return -1
    found = _list_exposed(count, look, terms.exposure, sold.winner, opportunity, column)
    start = block * BLOCK
    for sale in range(found):
        slot, j = column[sale], opportunity[sale]  # `_list_exposed` put the slots there
        i = sold.winner[slot, j]
        column[sale], sold.price[sale] = i, prices[slot, j]
        told[0, sale] = offers.values[i, start + j]
        told[1, sale] = offers.values[offers.value_rows[i], start + j]
    _toss(
        start, found, opportunity, column, terms.ids, offers.k0, offers.k1, told, offers.bias,
        sold.converts,
    )  # fmt: skip
    return found
