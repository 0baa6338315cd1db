from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError
from auctionsim.observation import FEATURES, FeatureTracker, StepSummary

AMOUNT = st.floats(0.0, 1e6, allow_subnormal=False)
# As small as a market's may be; beyond, a cost over a budget would leave the range of numbers.
BUDGET = st.just(0.0) | st.floats(1e-30, 1e6)
Step = tuple[int, float, float, float, float, float, float]
STEP = st.tuples(st.integers(0, 30_000), *[AMOUNT] * 6)


def summary_of(steps: Sequence[Step]) -> StepSummary:
    """One step of several seats, a tuple a seat, as the tracker takes it."""
    volume, bid, price, value, conversions, win, cost = (
        np.array(column) for column in zip(*steps, strict=True)
    )
    return StepSummary(volume, bid, price, value, conversions, win, cost)


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def expected_features(
    past: Sequence[Step], steps: int, budget: float, remaining: float, value: float, volume: int
) -> list[float]:
    """Return the 17 features of one seat, straight from their definitions."""
    volumes, bids, prices, values, conversions, wins, costs = (
        zip(*past, strict=True) if past else [()] * 7
    )
    return [
        (steps - len(past)) / steps,
        remaining / budget if budget > 0 else 0.0,
        mean(bids),
        mean(bids[-3:]),
        mean(prices),
        mean(values),
        mean(conversions),
        mean(wins),
        mean(prices[-3:]),
        mean(values[-3:]),
        mean(conversions[-3:]),
        mean(wins[-3:]),
        value,
        volume,
        sum(volumes[-3:]),
        sum(volumes),
        costs[-1] / budget if past and budget > 0 else 0.0,
    ]


@given(
    played=st.lists(st.tuples(STEP, STEP), max_size=7),
    more=st.integers(1, 5),
    budget=st.tuples(BUDGET, BUDGET),
    now=st.tuples(AMOUNT, AMOUNT, st.integers(0, 1000)),
)
def test_features_follow_their_definitions_at_every_step(
    played: list[tuple[Step, Step]],
    more: int,
    budget: tuple[float, float],
    now: tuple[float, float, int],
) -> None:
    steps = len(played) + more
    tracker = FeatureTracker(np.array(budget), steps)
    remaining, value, volume = now
    for step in range(len(played) + 1):
        found = tracker.features(step, np.full(2, remaining), np.full(2, value), volume)
        for seat in range(2):
            past = [pair[seat] for pair in played[:step]]
            wanted = expected_features(past, steps, budget[seat], remaining, value, volume)
            np.testing.assert_allclose(found[seat], wanted, rtol=1e-12)
        if step < len(played):
            tracker.update(summary_of(played[step]))


def test_names_are_auctionnets_sixteen_and_the_last_cost() -> None:
    assert len(FEATURES) == len(set(FEATURES)) == 17
    assert FEATURES[:2] == ("time_left", "budget_left")
    assert FEATURES[12:] == (
        "current_mean_value",
        "current_volume",
        "volume_last_3",
        "volume_so_far",
        "last_cost_ratio",
    )


def test_final_state_has_no_time_left_and_no_current_traffic() -> None:
    tracker = FeatureTracker([10.0], steps=1)
    tracker.update(summary_of([(4, 1.0, 2.0, 0.1, 0.0, 0.5, 5.0)]))
    final = dict(zip(FEATURES, tracker.features(1, [5.0], 0.0, 0)[0], strict=True))
    assert final["time_left"] == final["current_mean_value"] == final["current_volume"] == 0.0
    assert final["budget_left"] == final["last_cost_ratio"] == 0.5
    assert final["volume_so_far"] == 4.0


def test_seats_may_have_any_shape() -> None:
    budget = np.arange(1.0, 7.0).reshape(2, 3)
    tracker = FeatureTracker(budget, steps=2)
    tracker.update(StepSummary(10, budget, 2.0, 0.1, 0.0, 0.5, budget / 4))
    features = tracker.features(1, budget / 2, 0.2, 5)
    assert features.shape == (2, 3, 17)
    np.testing.assert_array_equal(features[..., FEATURES.index("mean_bid")], budget)
    np.testing.assert_array_equal(features[..., FEATURES.index("last_cost_ratio")], 0.25)


def test_features_do_not_change_when_the_caller_changes_its_arrays() -> None:
    step = summary_of([(4, 1.0, 2.0, 0.1, 0.0, 0.5, 5.0)])
    tracker = FeatureTracker([10.0], steps=3)
    tracker.update(step)
    before = tracker.features(1, [5.0], 0.0, 0)
    for name in vars(step):
        getattr(step, name)[...] = 77
    np.testing.assert_array_equal(tracker.features(1, [5.0], 0.0, 0), before)


def test_a_step_out_of_turn_is_refused() -> None:
    tracker = FeatureTracker([10.0], steps=2)
    with pytest.raises(InvalidArgumentError, match=r"`step` must be 0.*found 1"):
        tracker.features(1, [5.0], 0.0, 0)


def test_more_updates_than_steps_are_refused() -> None:
    tracker = FeatureTracker([10.0], steps=1)
    step = summary_of([(4, 1.0, 2.0, 0.1, 0.0, 0.5, 5.0)])
    tracker.update(step)
    with pytest.raises(InvalidArgumentError, match="must be one of 1 steps"):
        tracker.update(step)


@pytest.mark.parametrize("budget", [[-1.0], [np.nan], [np.inf, 1.0]])
def test_budgets_must_be_finite_and_not_negative(budget: list[float]) -> None:
    with pytest.raises(InvalidArgumentError, match="`budget`"):
        FeatureTracker(budget, steps=1)


def test_an_episode_has_at_least_one_step() -> None:
    with pytest.raises(InvalidArgumentError, match="`steps`"):
        FeatureTracker([1.0], steps=0)
