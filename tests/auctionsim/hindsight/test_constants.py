"""The best constant multiplier against plain walks through the day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.frozen import record_rivals
from auctionsim.frozen.days import seat_days
from auctionsim.hindsight import SeatDay, best_constant, strict_score
from auctionsim.hindsight.reference import best_score_plainly, walk_plainly
from auctionsim.hindsight.walk import LANES, cheapest_ahead, walk_kernel
from auctionsim.market import load_market
from auctionsim.simulator import market_campaigns, with_tasks
from auctionsim.tasks import TASKS, Totals, task_code
from tests.auctionsim.hindsight.days import days, random_day


def walk(day: SeatDay, multipliers: list[float]) -> np.ndarray:
    lanes, sums = np.zeros(LANES, np.float32), np.zeros((3, LANES))
    lanes[: len(multipliers)] = multipliers
    walk_kernel(
        day.value, day.worth, day.credit, day.price, day.seen, day.starts,
        cheapest_ahead(day.price, day.starts), day.budget, day.min_remaining_budget, lanes, sums,
    )  # fmt: skip
    return sums[:, : len(multipliers)].T


@given(days(most=40), st.lists(st.floats(0.0, 1e4, width=32), min_size=1, max_size=LANES))
def test_lanes_walk_as_one_does(day: SeatDay, multipliers: list[float]) -> None:
    expected = [walk_plainly(day, a) for a in multipliers]
    np.testing.assert_allclose(walk(day, multipliers), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_lanes_walk_as_one_does_through_many_chunks(seed: int) -> None:
    day = random_day(seed, opportunities=3000, steps=5, nasty=seed % 2 == 1)
    multipliers = [10.0, 60.0, 90.0, 300.0, 1e4]
    expected = [walk_plainly(day, a) for a in multipliers]
    np.testing.assert_allclose(walk(day, multipliers), expected, rtol=1e-12)


@given(days(most=12))
def test_no_multiplier_beats_the_best_on_a_tiny_day(day: SeatDay) -> None:
    best = best_constant(day)
    assert best.score == pytest.approx(best_score_plainly(day), rel=1e-12)
    cost, worth, credit = (np.array(total) for total in walk_plainly(day, best.multiplier))
    assert (best.cost, best.value) == pytest.approx((float(cost), float(worth)), rel=1e-12)
    assert best.score == pytest.approx(float(strict_score(cost, worth, credit, day.allowance)))


def test_the_budget_runs_out_on_some_tiny_days() -> None:
    """So that the test above speaks of exhaustion, too."""
    spent = [walk_plainly(d, 1e6)[0] / d.budget for d in map(random_day, range(20))]
    assert sum(share > 0.5 for share in spent) > 5


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", range(3))
def test_hardly_any_multiplier_beats_the_best_on_a_longer_day(seed: int, task: str) -> None:
    day = random_day(seed, task, opportunities=4000, steps=10, spread=0.5)
    best = best_constant(day)
    grid = np.geomspace(best.multiplier / 3, best.multiplier * 3, 40 * LANES).reshape(40, LANES)
    cost, worth, credit = np.concatenate([walk(day, list(part)) for part in grid]).T
    scores = strict_score(cost, worth, credit, day.allowance)
    assert 0.0 < scores.max() <= best.score * 1.002


def test_a_narrow_peak_apart_from_a_broad_one_is_found() -> None:
    """All is won at 90; a treasure asks for 270, and from 272 on junk costs what it takes."""
    count = 3000
    price = np.linspace(9.0, 45.0, count)
    worth = np.full(count, 0.5)
    price[0], worth[0] = 272.0 * 0.5, 0.0
    price[-1], worth[-1] = 270.0 * 100.0, 100.0
    day = random_day(
        0, opportunities=count, price=price[None].astype(np.float32), exposure=np.ones(1),
        value=np.maximum(worth, 0.5), worth=worth, chance=worth, seen=np.ones(count, np.uint8),
        budget=float(price[1:].sum()) + 1.0, min_remaining_budget=0.0,
    )  # fmt: skip
    best = best_constant(day)
    assert 270.0 <= best.multiplier < 272.0
    assert best.score == pytest.approx(0.5 * (count - 2) + 100.0)


def recorded_days() -> list[SeatDay]:
    market = load_market("tiny")
    recording = record_rivals(market, [0], 21)
    own = market_campaigns(market, [recording.days[0].key])
    found: list[SeatDay] = []
    for code in range(len(TASKS)):
        campaigns = with_tasks(market, own, np.full(len(own), code, np.int8)).take(
            np.arange(0, 48, 12)
        )
        for factor in (0.5, 1.0):
            scaled = replace(campaigns, budget=factor * campaigns.budget)
            found += [day for days in seat_days(recording, 0, scaled) for day in days]
    return found


def test_hardly_any_multiplier_beats_the_best_on_recorded_days() -> None:
    gaps = []
    for day in recorded_days():
        grid = np.geomspace(0.05 * day.reference, 20.0 * day.reference, 16 * LANES)
        cost, worth, credit = np.concatenate([walk(day, list(g)) for g in grid.reshape(16, -1)]).T
        scores = strict_score(cost, worth, credit, day.allowance)
        gaps.append(scores.max() / best_constant(day).score - 1.0)
    assert len(gaps) == 24
    assert max(gaps) < 0.003
    assert np.maximum(gaps, 0.0).mean() < 0.0001


@pytest.mark.parametrize("reference", [90.0e-4, 90.0, 90.0e5])
def test_a_reference_far_off_is_made_up_for(reference: float) -> None:
    near = best_constant(random_day(1, opportunities=2000))
    far = best_constant(random_day(1, opportunities=2000, reference=reference))
    assert far.score == pytest.approx(near.score, rel=0.005)


@pytest.mark.parametrize("opportunities", [6, 2000])
def test_nothing_to_gain_is_a_multiplier_of_nothing(opportunities: int) -> None:
    worthless = random_day(0, opportunities=opportunities, budget=0.0)
    assert best_constant(worthless).multiplier == 0.0
    assert best_constant(worthless).score == 0.0


@pytest.mark.parametrize("opportunities", [0, 1])
def test_days_of_hardly_anything(opportunities: int) -> None:
    assert best_constant(random_day(0, opportunities=opportunities)).score >= 0.0


@given(
    st.sampled_from(TASKS),
    st.floats(0.0, 1e4),
    st.floats(0.0, 1e3),
    st.floats(0.0, 1e3),
    st.floats(0.01, 100.0),
)
def test_strict_score_is_that_of_the_tasks(
    task: str, cost: float, conversions: float, value: float, target: float
) -> None:
    one = [np.array([number]) for number in (1e9, target, target, cost, conversions, value)]
    expected = Totals(np.array([task_code(task)], np.int8), *one).score_strict
    day = random_day(0, task, spread=0.5, target=target)
    credit = conversions if task == "cpa_mcb" else value
    found = strict_score(np.array([cost]), np.array([value]), np.array([credit]), day.allowance)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-200)
