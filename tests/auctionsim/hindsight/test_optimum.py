"""The linear programme's optimum against HiGHS, full sorts, and all that a bidder can do."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.hindsight import SeatDay, linear_optimum, strict_score
from auctionsim.hindsight.reference import frontier_plainly, optimum_plainly, walk_plainly
from auctionsim.tasks import TASKS
from tests.auctionsim.hindsight.days import days, random_day

SLACK = 1.0 + 1e-9


@given(days(most=30))
def test_optimum_is_that_of_the_linear_programme(day: SeatDay) -> None:
    found, expected = linear_optimum(day), optimum_plainly(day)
    assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.cost <= day.budget * SLACK


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("spread", [0.0, 0.5])
@pytest.mark.parametrize("budget", [0.0, 100.0, 5_000.0, 1e9])
def test_optimum_of_a_longer_day(budget: float, spread: float, task: str) -> None:
    day = random_day(2, task, opportunities=400, spread=spread, budget=budget)
    assert linear_optimum(day).value == pytest.approx(optimum_plainly(day), rel=1e-9)


def assignments(day: SeatDay) -> list[np.ndarray]:
    """(cost, worth, credit) in expectation of all ways to take a slot or none of each."""
    slots, count = day.price.shape
    totals = []
    for choice in product(range(-1, slots), repeat=count):
        taken = [(j, k) for j, k in enumerate(choice) if k >= 0]
        rows = [
            float(day.exposure[k])
            * np.array([day.price[k, j], day.worth[j], day.credit[j]], np.float64)
            for j, k in taken
            if np.isfinite(day.price[k, j])
        ]
        totals.append(np.sum(rows, axis=0) if rows else np.zeros(3))
    return totals


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", range(6))
def test_no_assignment_of_slots_beats_the_bounds(seed: int, task: str) -> None:
    day = random_day(seed, task, 5, spread=0.5 * (seed % 2), nasty=seed > 3)
    cost, worth, credit = np.array(assignments(day)).T
    found = linear_optimum(day)
    within = cost <= day.budget
    kept = within & (cost <= day.allowance * credit)
    assert worth[kept].max() <= found.value * SLACK
    scores = strict_score(cost, worth, credit, day.allowance)
    assert scores[within].max() <= found.best_score * SLACK


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("multiplier", [40.0, 90.0, 1000.0])
def test_no_constant_multiplier_beats_it_on_average_over_looks(
    seed: int, multiplier: float
) -> None:
    chances = np.array([0.0, 0.2, 0.2, 0.6])
    expected = 0.0
    for seen in product((1, 2, 3), repeat=5):
        looks = np.array(seen, np.uint8)
        day = random_day(seed, opportunities=5, seen=looks, budget=80.0, min_remaining_budget=0.0)
        expected += chances[list(seen)].prod() * walk_plainly(day, multiplier)[1]
    assert 0.0 < expected <= linear_optimum(day).value * SLACK


@given(days(most=30))
def test_best_score_is_the_best_along_the_frontier(day: SeatDay) -> None:
    if day.credit is not day.worth:
        return
    corners = frontier_plainly(day)
    spends = [*corners[:, 0], day.budget, *np.linspace(0.0, day.budget, 50)]
    cost = np.unique([spend for spend in spends if spend <= min(day.budget, corners[-1, 0])])
    last = [corners[corners[:, 0] <= spend, 1].max() for spend in cost]  # free steps: a jump at 0
    worth = np.maximum(np.interp(cost, corners[:, 0], corners[:, 1]), last)
    found = linear_optimum(day)
    scores = strict_score(cost, worth, worth, day.allowance)
    assert scores.max() <= found.best_score * SLACK + 1e-12
    # Between corners the score has no peak but where the limit is met: the optimum itself.
    best = max(scores.max(), found.value)
    assert found.best_score == pytest.approx(best, rel=1e-9, abs=1e-12)


def best_of_purchases(day: SeatDay) -> float:
    """The best strict Score of many purchases, and mixtures of two, within the budget."""
    best, spend = 0.0, np.linspace(0.0, day.budget, 1000)
    for weight in np.geomspace(0.1, 10.0, 15):
        sums = np.array([purchase(day, weight, price) for price in np.geomspace(1.0, 1e-3, 100)])
        cost, worth, credit = np.vstack((np.zeros(3), sums)).T
        within = spend[spend <= cost[-1]]
        mixed = [np.interp(within, cost, amount) for amount in (worth, credit)]
        best = max(best, strict_score(within, mixed[0], mixed[1], day.allowance).max())
    return best


def day_of_like_prices(seed: int, target: float, budget: float, spread: float = 0.5) -> SeatDay:
    """A day whose prices hardly differ: a little more for each brings a lot more."""
    rng = np.random.default_rng(seed)
    price = 45.0 * np.exp(0.2 * rng.normal(size=3000)) * np.array([1.0, 0.88, 0.8])[:, None]
    return random_day(
        seed, "cpa_mcb", 3000, spread=spread, target=target, budget=budget, price=price
    )


@pytest.mark.parametrize("budget", [5_000.0, 20_000.0, 1e6])
@pytest.mark.parametrize("target", [30.0, 50.0, 65.0])
def test_best_score_is_nearly_reached_where_credit_is_apart_from_worth(
    target: float, budget: float
) -> None:
    day = day_of_like_prices(3, target, budget)
    bound, best = linear_optimum(day).best_score, best_of_purchases(day)
    assert best <= bound * SLACK
    assert bound <= best * 1.03


def test_who_decides_after_looks_may_score_more_than_any_fixed_purchase() -> None:
    """Buys A's second slot, and B only where A was not seen: the Score is not concave."""
    prices = np.array([[1000.0, 40.0], [1.0, 40.0]])
    worth = np.array([1.0, 10.0])
    day = random_day(
        0, "cpa_mcb", 2, 2, 1, price=prices, worth=worth, value=worth, chance=worth, budget=1e6,
        target=1.0, exposure=np.array([1.0, 0.6]),
    )  # fmt: skip
    found = linear_optimum(day)

    def score(cost: float, value: float) -> float:
        return float(strict_score(np.array(cost), np.array(value), np.array(value), 1.0))

    adaptive = 0.6 * score(1.0, 1.0) + 0.4 * score(40.0, 10.0)
    assert adaptive == pytest.approx(0.85)
    assert found.best_score == pytest.approx(0.7225, abs=1e-3)
    # Of its expected sums, Score and Value are no better than those of a fixed purchase.
    assert score(0.6 * 1.0 + 0.4 * 40.0, 0.6 * 1.0 + 0.4 * 10.0) <= found.best_score


def test_a_limit_may_pay_to_be_broken() -> None:
    for spread in (0.0, 0.5):
        found = linear_optimum(day_of_like_prices(3, 40.0, 20_000.0, spread))
        assert found.best_score > found.value * 1.05


def purchase(day: SeatDay, weight: float, price: float) -> np.ndarray:
    """(cost, worth, credit) where each opportunity goes to the slot that gains most at a price."""
    gain = day.worth + weight * day.credit
    best = (day.exposure[:, None] * (gain - price * day.price)).argmax(axis=0)
    each = np.arange(day.value.size)
    look = day.exposure[best] * (gain > price * day.price[best, each])
    return np.array([(look * a).sum() for a in (day.price[best, each], day.worth, day.credit)])


@given(days(most=30), st.sampled_from([0.0, 1e-6, 0.01, 0.3, 0.9, 1.0]))
def test_a_smaller_budget_never_buys_more(day: SeatDay, share: float) -> None:
    fields = {name: getattr(day, name) for name in day.__dataclass_fields__ if name[0] != "_"}
    less = SeatDay(**(fields | {"budget": day.budget * share}))
    assert linear_optimum(less).value <= linear_optimum(day).value * SLACK
    assert linear_optimum(less).best_score <= linear_optimum(day).best_score * 1.02 + 1e-12


def test_what_is_free_is_had_without_a_budget() -> None:
    day = random_day(0, price=np.zeros((3, 6), np.float32), budget=0.0)
    assert linear_optimum(day).value == pytest.approx(float(day.worth.sum(dtype=float)))


def test_nothing_offered_or_seen_is_nothing_to_have() -> None:
    assert linear_optimum(random_day(0, opportunities=0)).value == 0.0
    assert linear_optimum(random_day(0, exposure=np.zeros(3))).value == 0.0
