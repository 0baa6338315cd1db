"""The steps of which the frontier is made: the upper hull of every opportunity's slots.

For one opportunity the choices are the points (cost, looks) of its slots and of no slot; mixing
them in fractions reaches their upper concave hull. Its steps bring less and less per cost.

Functions that are given arrays are called once for many opportunities: every call counts references
to its arrays, which takes longer than a hull.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

#: How many bins of nearly equal gain per cost the steps are summed up in.
BINS = 4096

_ROUGH = 49  # float64 bits cut off: 8 places an octave
_BLOCK = 256
_MARGIN = 1.0 - 1e-12


@njit(cache=True, nogil=True)
def place_of(number: Any, cut: Any) -> Any:
    """The place of a number >= 0 on a nearly logarithmic scale: its bits without the last `cut`."""
    return np.float64(number).view(np.int64) >> cut


@njit(cache=True, nogil=True)
def edge_of(place: Any, cut: Any) -> Any:
    """The smallest number of a place."""
    return np.int64(place << cut).view(np.float64)


@njit(cache=True, nogil=True, error_model="numpy")
def rough_bounds(worth, credit, weight, price, look, budget, floor):  # type: ignore[no-untyped-def]
    """Bound the gain per cost of what is worth buying within the budget: lowest, and above highest.

    From the deepest slot alone, which is the cheapest a look: it comes first on every hull, so that
    all hulls together spend at least as much as it does.
    """
    last = price[price.shape[0] - 1]
    spent = np.zeros(place_of(np.inf, _ROUGH) + 1)
    for j in range(worth.size):
        gain = np.float64(worth[j]) + weight * np.float64(credit[j])
        if gain > 0.0:
            p = np.float64(last[j])
            spent[place_of(gain / p, _ROUGH)] += look * p
    total, highest, lowest = 0.0, 0, 0
    for place in range(spent.size - 2, 0, -1):  # the ends are for what is free, and not to be had
        if spent[place] > 0.0 and highest == 0:
            highest = place
        total += spent[place]
        if total >= budget:
            lowest = place
            break
    return max(edge_of(lowest, _ROUGH), floor), edge_of(max(highest, lowest) + 1, _ROUGH)


@njit(cache=True, nogil=True)
def resolution(low, high):  # type: ignore[no-untyped-def]
    """The finest cut at which numbers low to high take at most BINS places, or 32 an octave."""
    cut = 30
    while place_of(high, cut) - place_of(low, cut) >= BINS and cut < 47:
        cut += 1
    return cut


@njit(cache=True, nogil=True)
def choose(worth, credit, weight, price, low, chosen):  # type: ignore[no-untyped-def]
    """List who has a step of a gain per cost above `low`; returns how many."""
    last, margin, count = price[price.shape[0] - 1], low * _MARGIN, np.int64(0)
    for j in range(worth.size):
        gain = np.float64(worth[j]) + weight * np.float64(credit[j])
        chosen[count] = j
        count += np.int64(gain > margin * np.float64(last[j]))
    return count


@njit(cache=True, nogil=True)
def _hulls(price, exposure, chosen, first, count, costs, looks):  # type: ignore[no-untyped-def]
    """Write the hulls of `count` opportunities: what each step costs, and what looks it brings.

    Args:
        price: (S, N) float32, falling along slots.
        exposure: (S,) falling.
        chosen: Opportunities, of which those from place `first` on are done.
        first: See above.
        count: At most _BLOCK.
        costs: (S, _BLOCK), written; a first step may be free.
        looks: (S, _BLOCK), written; 0 where there are no more steps.
    """
    slots = price.shape[0]
    for i in range(count):
        j, steps, at_cost, at_look = chosen[first + i], 0, 0.0, 0.0
        for k in range(slots - 1, -1, -1):
            cost, look = exposure[k] * np.float64(price[k, j]), exposure[k]
            if not cost < np.inf:
                break
            more_cost, more_look = cost - at_cost, look - at_look
            if more_look <= 0.0:
                continue
            at_cost, at_look = cost, look
            while steps > 0 and more_look * costs[steps - 1, i] >= looks[steps - 1, i] * more_cost:
                steps -= 1
                more_cost += costs[steps, i]
                more_look += looks[steps, i]
            costs[steps, i], looks[steps, i] = more_cost, more_look
            steps += 1
        for step in range(steps, slots):
            costs[step, i] = looks[step, i] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _bin_block(  # type: ignore[no-untyped-def]
    worth, credit, weight, chosen, first, count, costs, looks, top, cut, floor, bins, free
):
    for i in range(count):
        w, c = np.float64(worth[chosen[first + i]]), np.float64(credit[chosen[first + i]])
        gain = w + weight * c
        for step in range(costs.shape[0]):
            cost, look = costs[step, i], looks[step, i]
            slope = gain * look / cost
            if not slope > floor:  # nor are the steps that follow; true for nan as well
                break
            if cost == 0.0:
                free[1] += look * w
                free[2] += look * c
                continue
            b = min(max(top - place_of(slope, cut), 0), BINS - 1)
            bins[b, 0] += cost
            bins[b, 1] += look * w
            bins[b, 2] += look * c


@njit(cache=True, nogil=True)
def sum_up(worth, credit, weight, price, exposure, chosen, top, cut, floor, bins, free):  # type: ignore[no-untyped-def]
    """Add the steps to bins (BINS, 3) of cost, worth and credit, and free ones to `free` (3,).

    Bin b takes gains per cost of place top - b; the first and the last also what lies outside.
    """
    costs, looks = np.zeros((exposure.size, _BLOCK)), np.zeros((exposure.size, _BLOCK))
    for first in range(0, chosen.size, _BLOCK):
        count = min(_BLOCK, chosen.size - first)
        _hulls(price, exposure, chosen, first, count, costs, looks)
        _bin_block(
            worth, credit, weight, chosen, first, count, costs, looks, top, cut, floor, bins, free
        )


@njit(cache=True, nogil=True, error_model="numpy")
def _pick_block(  # type: ignore[no-untyped-def]
    worth, credit, weight, chosen, first, count, costs, looks, top, cut, floor, wanted, steps, found
):
    """Append the steps in bins wanted to `steps` (room, 5); returns how many there are now."""
    for i in range(count):
        w, c = np.float64(worth[chosen[first + i]]), np.float64(credit[chosen[first + i]])
        gain = w + weight * c
        for step in range(costs.shape[0]):
            cost, look = costs[step, i], looks[step, i]
            slope = gain * look / cost
            if not slope > floor:
                break
            b = min(max(top - place_of(slope, cut), 0), BINS - 1)
            if cost > 0.0 and wanted[b]:
                steps[found, 0], steps[found, 1] = slope, b
                steps[found, 2], steps[found, 3], steps[found, 4] = cost, look * w, look * c
                found += 1
    return found


@njit(cache=True, nogil=True)
def pick(worth, credit, weight, price, exposure, chosen, top, cut, floor, wanted):  # type: ignore[no-untyped-def]
    """Return the steps in the bins wanted, steepest first.

    Returns:
        (n, 5) float64: gain per cost, bin, cost, worth, credit.
    """
    costs, looks = np.zeros((exposure.size, _BLOCK)), np.zeros((exposure.size, _BLOCK))
    steps, found, most = np.empty((4 * _BLOCK * exposure.size, 5)), 0, _BLOCK * exposure.size
    for first in range(0, chosen.size, _BLOCK):
        if found + most > steps.shape[0]:
            steps = np.concatenate((steps, np.empty_like(steps)))
        count = min(_BLOCK, chosen.size - first)
        _hulls(price, exposure, chosen, first, count, costs, looks)
        found = _pick_block(
            worth, credit, weight, chosen, first, count, costs, looks, top, cut, floor, wanted,
            steps, found,
        )  # fmt: skip
    return steps[:found][np.argsort(-steps[:found, 0], kind="mergesort")]
