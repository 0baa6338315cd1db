"""The exact walk through a day with constant multipliers, many side by side."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Multipliers that walk through the day side by side. With fewer, the compiler would unroll the
#: loops over lanes before it could turn them into vector instructions.
LANES = 64

# One array holds all that lanes need: of several, the compiler could not tell that they are apart.
_COST, _WORTH, _CREDIT, _MULTIPLIER, _MEANS, _PAID, _WON = (i * LANES for i in range(7))
_CHUNK = 256
_SMALLEST = np.float64(np.float32(1e-45))  # a bid of 0 does not buy even what is free


@njit(cache=True, nogil=True)
def cheapest_ahead(price, starts):  # type: ignore[no-untyped-def]
    """For each step, the lowest price from then to the end of the day."""
    steps, deepest = starts.size - 1, price.shape[0] - 1
    cheapest = np.empty(steps, np.float64)
    low = np.inf
    for step in range(steps - 1, -1, -1):
        lowest = np.float32(np.inf)
        for j in range(starts[step], starts[step + 1]):
            p = price[deepest, j]
            lowest = p if p < lowest else lowest
        low = min(low, np.float64(lowest))
        cheapest[step] = low
    return cheapest


@njit(cache=True, nogil=True)
def _retire(state, budget, least):  # type: ignore[no-untyped-def]
    """Let go, for good, of lanes with less than `least` left.

    Returns the highest multiplier of the others, and the most that one of them has left.
    """
    top = most = 0.0
    for lane in range(LANES):
        left = budget - state[_COST + lane]
        if left < least:
            state[_MULTIPLIER + lane] = 0.0
        if state[_MULTIPLIER + lane] > 0.0:
            top = max(top, state[_MULTIPLIER + lane])
            most = max(most, left)
    return top, most


@njit(cache=True, nogil=True)
def _walk_chunk(value, worth, credit, price, seen, first, end, budget, top, most, state):  # type: ignore[no-untyped-def]
    """Meet opportunities first .. end - 1; no bid is above top * value, nobody has over `most`.

    All in one function: a call an opportunity would take longer than what it does.
    """
    slots, highest, richest = price.shape[0], np.float32(top), np.float32(most)
    for j in range(first, end):
        depth = min(np.int64(seen[j]), slots)
        reach = min(highest * value[j], richest)
        if depth == 0 or reach < price[depth - 1, j]:
            continue
        v, w, c = np.float64(value[j]), np.float64(worth[j]), np.float64(credit[j])
        for lane in range(LANES):
            bid = np.float64(np.float32(state[_MULTIPLIER + lane] * v))  # as a float32 product
            left = budget - state[_COST + lane]
            state[_MEANS + lane] = bid if bid < left else left
            state[_PAID + lane] = 0.0
            state[_WON + lane] = 0.0
        for k in range(depth - 1, -1, -1):
            if price[k, j] > reach:
                break
            cost = np.float64(price[k, j])
            least = max(cost, _SMALLEST)
            for lane in range(LANES):
                wins = state[_MEANS + lane] >= least
                state[_PAID + lane] = cost if wins else state[_PAID + lane]
                state[_WON + lane] = 1.0 if wins else state[_WON + lane]
        for lane in range(LANES):
            state[_COST + lane] += state[_PAID + lane]
            state[_WORTH + lane] += state[_WON + lane] * w
            state[_CREDIT + lane] += state[_WON + lane] * c


@njit(cache=True, nogil=True)
def walk_kernel(  # type: ignore[no-untyped-def]
    value, worth, credit, price, seen, starts, cheapest, budget, least, multipliers, sums
):
    """Walk LANES constant multipliers through a day; `sums` (3, LANES): cost, worth, credit.

    A slot deeper than the viewer looks costs nothing and brings nothing, and a bid that reaches a
    dearer slot never takes it: so only the slots seen are looked at, from the deepest up. A bid b
    capped at what is left reaches a price if both b and what is left do.

    Args:
        value: (N,) float32; bids are multiplier * value, in float32.
        worth: (N,) float32.
        credit: (N,) float32.
        price: (S, N) float32, falling along slots.
        seen: (N,) uint8, slots the viewer looks at.
        starts: (T + 1,) int64, where steps begin.
        cheapest: (T,) as `cheapest_ahead` returns it.
        budget: In currency.
        least: Who has less than this left at the start of a step sits it out.
        multipliers: (LANES,) float32.
        sums: (3, LANES) float64, written.
    """
    state = np.zeros(7 * LANES)
    state[_MULTIPLIER : _MULTIPLIER + LANES] = multipliers
    for step in range(starts.size - 1):
        _retire(state, budget, least)
        for first in range(starts[step], starts[step + 1], _CHUNK):
            # Who cannot afford the cheapest slot ahead may go as well, and saves the looking.
            top, most = _retire(state, budget, cheapest[step])
            if top == 0.0:
                break
            end = min(first + _CHUNK, starts[step + 1])
            _walk_chunk(value, worth, credit, price, seen, first, end, budget, top, most, state)
    for i in range(3):
        for lane in range(LANES):
            sums[i, lane] = state[i * LANES + lane]
