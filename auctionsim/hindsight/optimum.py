"""The most Value that any bidder could have expected, and the best Score of a fixed purchase."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from auctionsim.hindsight.day import Doubles, SeatDay, Singles
from auctionsim.hindsight.frontier import (
    COST,
    CREDIT,
    SCORE,
    SCORE_COST,
    SCORE_CREDIT,
    SCORE_WORTH,
    WORTH,
    frontier_kernel,
)

_NO_LIMIT = 1e300
_TIGHT = 1e-10
_ROUNDS = 100


@dataclass(frozen=True)
class Optimum:
    """What a day's prices allow a seat, in expectation over looks.

    Only `value` bounds bidders. The Score is not concave: who decides again after it has seen some
    looks may expect more of it than `best_score`. Say a CPA target of 1, slots seen with chances 1
    and 0.6, an opportunity of worth 1 whose second slot costs 1, and then one of worth 10 at 40:
    whoever buys the first, and the second only if the first was not seen, expects 0.6 * 1 + 0.4 *
    10 * (10 / 40)^2 = 0.85, and a purchase fixed before at most 0.72. That matters where few
    opportunities decide; with many, looks hardly change what there is to decide, and the two are
    near each other.

    Attributes:
        value: The most value to be had within the budget and the task's limit.
        cost: What it costs, in currency.
        best_score: The highest strict Score of expected cost, value and conversions that a purchase
            fixed before the looks can have within the budget; a limit may be broken at the price
            that the Score puts on it. At least `value`.
    """

    value: float
    cost: float
    best_score: float


class _Market:
    """One day's frontier, for any weight of credit beside worth."""

    def __init__(self, day: SeatDay) -> None:
        shown = int((day.exposure > 0.0).sum())  # it falls along slots
        self.worth, self.credit = day.worth, day.credit
        self.budget, self.allowance = float(day.budget), float(day.allowance)
        self._price: Singles = np.ascontiguousarray(day.price[:shown])
        self._exposure: Doubles = np.ascontiguousarray(day.exposure[:shown])

    def follow(
        self, weight: float, floor: float = 0.0, ratio: float = _NO_LIMIT, start: float = 0.0
    ) -> Doubles:
        """Walk along the frontier of worth + weight * credit (see `frontier_kernel`)."""
        found: Doubles = frontier_kernel(
            self.worth, self.credit, weight, self._price, self._exposure, self.budget, floor,
            ratio, start,
        )  # fmt: skip
        return found


@dataclass(frozen=True)
class _Tangent:
    """The dual at one price of the limit: its value, its slope, and the purchase behind them."""

    price: float
    dual: float
    slack: float
    worth: float
    cost: float
    credit: float


def linear_optimum(day: SeatDay) -> Optimum:
    """Solve the linear programme over looks, which bounds all bidders' Value from above.

    For each opportunity j, fractions x_jk >= 0 of slots k with sum_k x_jk <= 1; with q_k the
    probability that slot k is seen, maximise sum x_jk q_k worth_j subject to

        sum x_jk q_k price_jk <= budget
        sum x_jk q_k price_jk <= allowance * sum x_jk q_k credit_j      (where the task has a limit)

    Whatever a bidder does, by coins or by what it saw before, let x_jk be the probability that it
    takes slot k of opportunity j at these prices. Whether a slot is seen does not depend on who
    took it, so its expected cost and value are the sums above; it never spends more than the
    budget, so it does not in expectation, and if its expected spend keeps the limit, x is feasible.
    So no bidder's expected value is above the optimum. On a day whose looks fall well, what it has
    may be; the bound is one on averages. It is one on the Value of bidders whose expected spend
    keeps the limit, and not on the Score (see `Optimum`).

    With credit proportional to worth the frontier alone answers, exactly but for rounding.
    Otherwise the price of the limit is found by cutting planes on the dual, which is piecewise
    linear, until dual and purchase agree to 1e-10; what is returned is the dual's value, a bound
    whatever the tolerance. `best_score` may then be above what any fixed purchase has, by a few
    percent: see `_bound_of_score`.

    Args:
        day: See `SeatDay`; looks (`seen`) and steps play no part.
    """
    market = _Market(day)
    if day.task == "bcb" or day.credit is day.worth:
        found = market.follow(0.0, ratio=market.allowance)
        return Optimum(float(found[WORTH]), float(found[COST]), float(found[SCORE]))
    below = _tangent(market, 0.0)
    if below.slack >= 0.0:
        return Optimum(below.dual, below.cost, below.dual)
    low, high = _close_in(market, below)
    best = low if low.dual <= high.dual else high
    share = high.slack / (high.slack - low.slack)  # mixed so, the two purchases meet the limit
    cost = share * low.cost + (1.0 - share) * high.cost
    bound = _bound_of_score(market, best, below)
    return Optimum(best.dual, cost, min(max(bound, best.dual), below.dual))


def _tangent(market: _Market, price: float) -> _Tangent:
    """Evaluate the dual at a price of the limit: the best purchase within the budget, less it."""
    weight = price * market.allowance
    found = market.follow(weight, floor=price)
    cost, worth, credit = float(found[COST]), float(found[WORTH]), float(found[CREDIT])
    slack = market.allowance * credit - cost
    return _Tangent(price, worth + price * slack, slack, worth, cost, credit)


def _close_in(market: _Market, low: _Tangent) -> tuple[_Tangent, _Tangent]:
    """Close in on the lowest dual from below, where the limit is broken, and from above.

    The next price is where the two tangents meet. They bound the dual from below there.
    """
    price = max(low.worth, 1e-300) / max(low.cost, 1e-300)
    high = _tangent(market, price)
    while high.slack < 0.0 and math.isfinite(high.price * 8.0):
        low, high = high, _tangent(market, high.price * 8.0)
    for _ in range(_ROUNDS):
        rise = high.dual - high.slack * high.price - (low.dual - low.slack * low.price)
        price = rise / (low.slack - high.slack)
        least = low.dual + low.slack * (price - low.price)
        if not low.price < price < high.price:
            break
        if min(low.dual, high.dual) - least <= _TIGHT * abs(least):
            break
        middle = _tangent(market, price)
        if middle.dual - least <= _TIGHT * abs(least):
            return (middle, high) if middle.slack < 0.0 else (low, middle)
        low, high = (middle, high) if middle.slack < 0.0 else (low, middle)
    return low, high


def _bound_of_score(market: _Market, best: _Tangent, below: _Tangent) -> float:
    """Bound the strict Score of fixed purchases that break the limit.

    It is for credit that is not proportional to worth. Let V, K and c be what a purchase brings,
    the spend its credit allows, and its cost, K < c. By the dual, V <= L + m (c - K) with L the
    optimum and m the limit's price, so that V (K / c)^2 <= t^2 (L + m c (1 - t)) with t = K / c,
    which is at most L unless c > 2 L / m. And whatever n > 0, by the inequality of arithmetic and
    geometric means, V K^2 <= 4 / (27 n^2) (V + n K)^3, of which the frontier of V + n K gives the
    highest over c^2 at each c. It is tight where n = 2 V / K, so the n for the next round is taken
    from the best point of the last, and at first from `below`, the purchase that heeds no limit.
    """
    start = 2.0 * best.dual / best.price if best.price > 0.0 else math.inf
    if start >= market.budget:
        return best.dual
    bound, worth, credit = math.inf, below.worth, below.credit
    for _ in range(6):
        if not (worth > 0.0 and credit > 0.0):
            break
        weight = 2.0 * worth / credit
        ratio = 2.0 / math.sqrt(27.0) * market.allowance / weight
        found = market.follow(weight, ratio=ratio, start=start)
        before, bound = bound, min(bound, float(found[SCORE]))
        if bound >= before * (1.0 - 1e-9):
            break
        worth, credit = float(found[SCORE_WORTH]), float(found[SCORE_CREDIT])
        if found[SCORE_COST] <= start:
            break
    return bound
