"""Numba kernels that rank one seat's bids among the recorded ones of the others."""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.mechanism.ranking import wins_tie
from auctionsim.random_numbers import BLOCK

_ZERO32, _ZERO, _ONE = np.float32(0.0), np.int32(0), np.int32(1)


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
def slot_prices(bid, holder, advertiser, volume, reserve, price, start):  # type: ignore[no-untyped-def]
    """Write what each slot costs one advertiser: the next of the others' bids, or the reserve.

    Args:
        bid: (slots + 2, >= volume) float32 highest bids of a step, falling.
        holder: The same shape, int32, whose they are.
        advertiser: Whose prices are asked for.
        volume: Opportunities of the step.
        reserve: float32 reserve price.
        price: (slots, >= start + volume) float32, written from column `start` on.
        start: See above.
    """
    slots = price.shape[0]
    out, rival = np.empty(BLOCK, np.int32), np.empty((slots + 1, BLOCK), np.float32)
    for first in range(0, volume, BLOCK):
        count = min(BLOCK, volume - first)
        others_bids(bid, holder, advertiser, first, count, out, rival)
        for slot in range(slots):
            row, cost = rival[slot], price[slot]
            for j in range(count):
                cost[start + first + j] = row[j] if row[j] > reserve else reserve


@njit(cache=True, nogil=True)
def want(values, multiplier, start, count, wanted):  # type: ignore[no-untyped-def]
    """Write the bids that are wanted, whether the budget allows for them or not."""
    for j in range(count):
        wanted[j] = multiplier * values[start + j]
    for j in range(count, BLOCK):
        wanted[j] = _ZERO32


@njit(cache=True, nogil=True)
def place_bids(bid, rival, place, tied):  # type: ignore[no-untyped-def]
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
def untie(bids, holders, opportunity, own, advertiser, most, k0, k1):  # type: ignore[no-untyped-def]
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
def find_wins(begin, count, bid, rival, place, found, ranked):  # type: ignore[no-untyped-def]
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
