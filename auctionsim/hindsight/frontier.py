"""The frontier: the most that each spend could have bought, slots chosen one by one.

It is made of the steps of all opportunities' hulls, by falling gain per cost. It is needed at a few
points only, so the steps are not sorted: they are summed in bins of nearly equal gain per cost, and
only the bins in which something happens are opened, with their steps in exact order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.hindsight.steps import (
    BINS,
    choose,
    edge_of,
    pick,
    place_of,
    resolution,
    rough_bounds,
    sum_up,
)

#: What a walk along the frontier returns: the cost, worth and credit where it stopped; the best
#: score met; the cost, worth and credit there.
COST, WORTH, CREDIT, SCORE, SCORE_COST, SCORE_WORTH, SCORE_CREDIT = range(7)


@njit(cache=True, nogil=True)
def _score(cost, gain, ratio):  # type: ignore[no-untyped-def]
    """The strict Score of a gain, of which `ratio` times as much may be spent."""
    if ratio * gain >= cost:
        return gain
    share = ratio * gain / cost
    return gain * share * share


@njit(cache=True, nogil=True, error_model="numpy")
def _best_inside(c0, g0, c1, g1, steepest, flattest, ratio):  # type: ignore[no-untyped-def]
    """Bound the score between two points of the frontier, given the slopes there.

    The frontier lies below its tangents. On a straight piece the score has no peak inside: it rises
    while the limit is kept, and is then a cube over a square, which falls before it rises.
    """
    best = max(_score(c0, g0, ratio), _score(c1, g1, ratio))
    across = (g1 - g0 + steepest * c0 - flattest * c1) / (steepest - flattest)
    if c0 < across < c1:
        best = max(best, _score(across, g0 + steepest * (across - c0), ratio))
    if ratio * g0 >= c0 and ratio * g1 < c1:
        best = max(best, g1)
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _mark(bins, free, weight, budget, ratio, start, top, cut, wanted):  # type: ignore[no-untyped-def]
    """Mark the bins to be opened: where budget or limit cut in, or where the best score may lie."""
    best = 0.0
    for sweep in range(2):
        c0, g0 = 0.0, free[1] + weight * free[2]
        for b in range(bins.shape[0]):
            if bins[b, 0] == 0.0:
                continue
            c1, g1 = c0 + bins[b, 0], g0 + bins[b, 1] + weight * bins[b, 2]
            if sweep == 0:
                if start <= c1 <= budget:
                    best = max(best, _score(c1, g1, ratio))
            else:
                steep, flat = edge_of(top - b + 1, cut), edge_of(top - b, cut)
                flat = 0.0 if b == bins.shape[0] - 1 else flat
                crossing = c1 > budget or (ratio * g1 < c1 and ratio * g0 >= c0)
                crossing |= c0 < start <= c1
                wanted[b] = crossing or (
                    c1 >= start and _best_inside(c0, g0, c1, g1, steep, flat, ratio) > best
                )
            c0, g0 = c1, g1
            if c0 > budget:
                break


@njit(cache=True, nogil=True)
def _note(cost, worth, credit, weight, ratio, start, out):  # type: ignore[no-untyped-def]
    """Keep a point of the frontier if it has the best score so far."""
    if cost < start:
        return
    score = _score(cost, worth + weight * credit, ratio)
    if score > out[SCORE]:
        out[SCORE] = score
        out[SCORE_COST], out[SCORE_WORTH], out[SCORE_CREDIT] = cost, worth, credit


@njit(cache=True, nogil=True, error_model="numpy")
def _pass(at, cost, worth, credit, weight, budget, ratio, start, stopped, out):  # type: ignore[no-untyped-def]
    """Walk along a straight piece of the frontier; `at` (cost, worth, credit) moves on.

    Returns whether the limit has been met, here or before.
    """
    end = 1.0 if at[0] + cost <= budget else (budget - at[0]) / cost
    gain, more = at[1] + weight * at[2], worth + weight * credit
    spare = max(ratio * gain - at[0], 0.0)
    short = (at[0] + end * cost) - ratio * (gain + end * more)
    if not stopped and short > 0.0:
        f = end * spare / (spare + short)
        out[COST], out[WORTH] = at[0] + f * cost, at[1] + f * worth
        out[CREDIT] = at[2] + f * credit
        _note(out[COST], out[WORTH], out[CREDIT], weight, ratio, start, out)
        stopped = True
    if at[0] < start < at[0] + end * cost:
        f = (start - at[0]) / cost
        _note(start, at[1] + f * worth, at[2] + f * credit, weight, ratio, start, out)
    at[0] += end * cost
    at[1] += end * worth
    at[2] += end * credit
    _note(at[0], at[1], at[2], weight, ratio, start, out)
    return stopped


@njit(cache=True, nogil=True)
def _follow(bins, free, steps, wanted, weight, budget, ratio, start, out):  # type: ignore[no-untyped-def]
    """Walk along the frontier to the budget, or its end."""
    at, stopped, place = free.copy(), False, 0
    _note(at[0], at[1], at[2], weight, ratio, start, out)
    for b in range(bins.shape[0]):
        if at[0] >= budget:
            break
        if not wanted[b]:
            if bins[b, 0] > 0.0:
                stopped = _pass(
                    at, bins[b, 0], bins[b, 1], bins[b, 2], weight, budget, ratio, start, stopped,
                    out,
                )  # fmt: skip
            continue
        while place < steps.shape[0] and steps[place, 1] == b and at[0] < budget:
            stopped = _pass(
                at, steps[place, 2], steps[place, 3], steps[place, 4], weight, budget, ratio, start,
                stopped, out,
            )  # fmt: skip
            place += 1
    if not stopped:
        out[COST : CREDIT + 1] = at


@njit(cache=True, nogil=True)
def frontier_kernel(worth, credit, weight, price, exposure, budget, floor, ratio, start):  # type: ignore[no-untyped-def]
    """Walk along the frontier of gain = worth + weight * credit, from no spend to the budget.

    Args:
        worth: (N,) float32.
        credit: (N,) float32.
        weight: What a unit of credit counts for in the gain, >= 0.
        price: (S, N) float32, falling along slots.
        exposure: (S,) float64, falling, > 0.
        budget: Where the walk ends, at the latest.
        floor: It also ends where the gain per cost is no higher than this.
        ratio: It stops where the cost exceeds ratio * gain, and goes on only for the best score:
            gain * min(ratio * gain / cost, 1)^2. A large number for no limit.
        start: Scores of a lower cost do not count.

    Returns:
        (7,) float64; see `COST` and the names that follow.
    """
    out, free, bins = np.zeros(7), np.zeros(3), np.zeros((BINS, 3))
    if exposure.size == 0:
        return out
    look = exposure[exposure.size - 1]
    low, high = rough_bounds(worth, credit, weight, price, look, budget, floor)
    chosen = np.empty(worth.size + 1, np.int32)
    chosen = chosen[: choose(worth, credit, weight, price, low, chosen)]
    cut = resolution(low, high)
    top = place_of(high, cut)
    sum_up(worth, credit, weight, price, exposure, chosen, top, cut, floor, bins, free)
    wanted = np.zeros(BINS, np.bool_)
    _mark(bins, free, weight, budget, ratio, start, top, cut, wanted)
    steps = pick(worth, credit, weight, price, exposure, chosen, top, cut, floor, wanted)
    _follow(bins, free, steps, wanted, weight, budget, ratio, start, out)
    return out
