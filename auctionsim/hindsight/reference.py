"""The same in plain Python, slow and easy to read: what the kernels are held against in tests."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from auctionsim.hindsight.day import Doubles, SeatDay, strict_score


def walk_plainly(day: SeatDay, multiplier: float) -> tuple[float, float, float]:
    """Return what a constant multiplier spends, and the worth and credit of its seen wins."""
    cost = worth = credit = 0.0
    for first, end in zip(day.starts[:-1], day.starts[1:], strict=True):
        if day.budget - cost < day.min_remaining_budget:
            continue
        for j in range(first, end):
            bid = min(float(np.float32(multiplier) * day.value[j]), day.budget - cost)
            taken = [k for k, price in enumerate(day.price[:, j]) if bid > 0.0 and bid >= price]
            if taken and taken[0] < day.seen[j]:
                cost += float(day.price[taken[0], j])
                worth += float(day.worth[j])
                credit += float(day.credit[j])
    return cost, worth, credit


def best_score_plainly(day: SeatDay) -> float:
    """Return the best strict Score of a constant multiplier: all thresholds and around them."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        thresholds = (day.price.astype(np.float64) / day.value).astype(np.float32)
    # The last one reaches what is free, should all be.
    thresholds = np.unique([*thresholds[np.isfinite(thresholds)], np.float32(1e9)])
    best = 0.0
    for shift in (-np.inf, 0.0, np.inf):
        shifted = np.nextafter(thresholds, np.float32(shift)) if shift else thresholds
        for multiplier in shifted:
            cost, worth, credit = (np.array(total) for total in walk_plainly(day, multiplier))
            best = max(best, float(strict_score(cost, worth, credit, day.allowance)))
    return best


def optimum_plainly(day: SeatDay) -> float:
    """Return the linear programme's optimum, by HiGHS."""
    sold = np.isfinite(day.price)
    price = np.where(sold, day.price, 0.0).astype(np.float64)
    look = np.where(sold, day.exposure[:, None], 0.0)
    cost = (look * price).ravel()
    rows, limits = [cost], [day.budget]
    if day.task != "bcb":
        rows.append(cost - day.allowance * (look * day.credit.astype(np.float64)).ravel())
        limits.append(0.0)
    slots, count = price.shape
    found = linprog(
        -(look * day.worth.astype(np.float64)).ravel(),
        A_ub=np.vstack([*rows, np.tile(np.eye(count), slots)]),
        b_ub=np.concatenate((limits, np.ones(count))),
        method="highs",
    )
    assert found.fun is not None, found.message
    return -float(found.fun)


def frontier_plainly(day: SeatDay) -> Doubles:
    """Return the corners (cost, worth) of the frontier, all steps sorted, from no spend on."""
    steps = [step for j in range(day.value.size) for step in _steps_plainly(day, j)]
    steps.sort(key=lambda step: -step[1] / step[0] if step[0] > 0.0 else -np.inf)
    return np.cumsum(np.array([(0.0, 0.0), *steps]), axis=0)


def _steps_plainly(day: SeatDay, j: int) -> list[tuple[float, float]]:
    """The steps (cost, worth) of one opportunity's hull: each to the slot that gains most."""
    at_cost = at_worth = 0.0
    points = [
        (float(look) * float(price), float(look) * float(day.worth[j]))
        for look, price in zip(day.exposure, day.price[:, j], strict=True)
        if np.isfinite(price)
    ]
    steps = []
    while ahead := [point for point in points if point[1] > at_worth]:
        # Of equal gains the longest step: those on the way would be steps of length 0.
        cost, worth = max(ahead, key=lambda p: (_gain(p, at_cost, at_worth), p[1]))
        steps.append((cost - at_cost, worth - at_worth))
        at_cost, at_worth = cost, worth
    return steps


def _gain(point: tuple[float, float], cost: float, worth: float) -> float:
    return (point[1] - worth) / (point[0] - cost) if point[0] > cost else np.inf
