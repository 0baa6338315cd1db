"""What multipliers bring a seat on a recorded day: constants with a budget, and paths in hindsight.

All in expectation over looks, from what every multiplier of a grid costs and brings in every step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agents.online_lp_table import CONVERSIONS, COST, VALUE
from agents.online_lp_training import recorded_curves
from auctionsim.campaigns import Campaigns
from auctionsim.frozen import Recording
from auctionsim.hindsight import strict_score
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: How far multipliers of the grid are apart, as a logarithm: what a constant loses by the grid is
#: of second order in half of it.
STEP = 0.004
#: In currency a unit of value.
GRID: Float64Array = 3.0 * np.exp(STEP * np.arange(1750))
_NO_LIMIT = 1e300


class SeatCurves(NamedTuple):
    """What n seats could buy on one day with each of M multipliers, and their terms.

    Attributes:
        cost: (n, T, M) of each step, in currency, in expectation over looks.
        worth: (n, T, M) value.
        credit: (n, T, M) what the spend that the limit allows is a multiple of.
        budget: (n,).
        allowance: (n,) that multiple; a large number without a limit.
        reference: (n,) multipliers that factors refer to.
        least: Who begins a step with less sits it out.
    """

    cost: Float64Array
    worth: Float64Array
    credit: Float64Array
    budget: Float64Array
    allowance: Float64Array
    reference: Float64Array
    least: float


def curves_of_day(recording: Recording, by_task: dict[str, Campaigns]) -> dict[str, SeatCurves]:
    """Return the curves of all advertisers on a recorded day, task by task.

    Args:
        recording: One episode.
        by_task: Campaigns of all advertisers, in order.
    """
    known = recording.market.values.known
    spreads = sorted({known.get(task, 0.0) for task in TASKS})
    found = recorded_curves(recording, spreads, GRID).curves[0]
    return {
        task: _of_task(found[spreads.index(known.get(task, 0.0))], task, mine, recording)
        for task, mine in by_task.items()
    }


def _of_task(
    curves: Float64Array, task: str, campaigns: Campaigns, recording: Recording
) -> SeatCurves:
    allowance = np.full(len(campaigns), _NO_LIMIT)
    if TASKS.index(task) == CPA_MCB:
        allowance = campaigns.cpa_target
    elif TASKS.index(task) == TARGET_ROAS:
        allowance = 1.0 / campaigns.roas_target
    credit = CONVERSIONS if TASKS.index(task) == CPA_MCB else VALUE
    return SeatCurves(
        curves[..., COST], curves[..., VALUE], curves[..., credit], campaigns.budget, allowance,
        campaigns.reference, recording.market.min_remaining_budget,
    )  # fmt: skip


def constant_scores(curves: SeatCurves) -> Float64Array:
    """Return the strict Score of each multiplier of the grid held all day, (n, M).

    In the step in which a budget runs out, the share of the step is bought that it pays for.
    """
    spent = np.zeros((len(curves.budget), len(GRID)))
    worth, credit = np.zeros_like(spent), np.zeros_like(spent)
    budget = curves.budget[:, None]
    for step in range(curves.cost.shape[1]):
        cost, left = curves.cost[:, step], budget - spent
        share = np.where(cost > left, left / np.maximum(cost, 1e-300), 1.0)
        share = np.where(left >= curves.least, share, 0.0)
        spent = np.minimum(spent + share * cost, budget)
        worth += share * curves.worth[:, step]
        credit += share * curves.credit[:, step]
    return strict_score(spent, worth, credit, curves.allowance[:, None])  # type: ignore[arg-type]


def by_factor(scores: Float64Array, reference: Float64Array, factors: Float64Array) -> Float64Array:
    """Return the scores of factors times each seat's reference, by the nearest of the grid.

    Args:
        scores: (n, M).
        reference: (n,).
        factors: (F,).

    Returns:
        (n, F).
    """
    wanted = np.log(reference[:, None] * factors / GRID[0]) / STEP
    return np.take_along_axis(scores, np.clip(np.rint(wanted), 0, len(GRID) - 1).astype(int), 1)


def path_scores(curves: SeatCurves) -> Float64Array:
    """Return the best strict Score of a multiplier a step, chosen in hindsight, (n,).

    Each step offers what its multipliers cost and bring; a path buys along the upper concave hulls
    of all steps, the most per cost first, as long as the budget lasts. Two things are small: what a
    multiplier off the hulls would add, and the last stretch, which may end within the budget. Where
    a conversion's credit is not proportional to its worth, paths are sought by worth alone.
    """
    best = np.zeros(len(curves.budget))
    for seat in range(len(best)):
        stretches = _stretches(curves.cost[seat], curves.worth[seat], curves.credit[seat])
        stretches = stretches[np.argsort(-stretches[:, 1] / stretches[:, 0], kind="stable")]
        cost, worth, credit = np.cumsum(stretches, axis=0).T
        affordable = cost <= curves.budget[seat]
        score = strict_score(cost, worth, credit, float(curves.allowance[seat]))
        best[seat] = np.max(score, where=affordable, initial=0.0)
    return best


@njit(cache=True, nogil=True)
def _stretches(cost, worth, credit):  # type: ignore[no-untyped-def]
    """The stretches (cost, worth, credit) of all steps' upper concave hulls, from no spend on.

    Args:
        cost: (T, M), not falling along M, but for rounding.
        worth: (T, M).
        credit: (T, M).
    """
    steps, points = cost.shape
    found, n = np.empty((steps * points, 3)), 0
    hull = np.empty((points + 1, 3))
    for t in range(steps):
        size = 1
        hull[0] = 0.0
        for m in range(points):
            c, w = cost[t, m], worth[t, m]
            if c <= hull[size - 1, 0] or w <= hull[size - 1, 1]:
                continue
            while size > 1 and (w - hull[size - 1, 1]) * (
                hull[size - 1, 0] - hull[size - 2, 0]
            ) >= (hull[size - 1, 1] - hull[size - 2, 1]) * (c - hull[size - 1, 0]):
                size -= 1
            hull[size, 0], hull[size, 1], hull[size, 2] = c, w, credit[t, m]
            size += 1
        for k in range(1, size):
            found[n] = hull[k] - hull[k - 1]
            n += 1
    return found[:n]
