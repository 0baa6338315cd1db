"""What is asked for as the day goes on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auctionsim.bidding import Observation
from auctionsim.errors import InvalidArgumentError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from tests.vao.factories import all_tasks, make_campaigns, make_observation, make_trajectories
from vao.asking import Asking
from vao.conditions import (
    FIELDS,
    LOG_BUDGET,
    LOG_CPA,
    LOG_RETURN,
    LOG_ROAS,
    TASK_FIELDS,
    RequirementEncoder,
)
from vao.request import Request

ENCODER = RequirementEncoder.fit(make_trajectories().totals(expected=True))
# Budgets within the data's, so that nothing is clipped where it is not meant to be.
CAMPAIGNS = replace(make_campaigns(all_tasks(each=2)), budget=np.linspace(15.0, 40.0, 6))
N = len(CAMPAIGNS)
PACE = np.array([0.0, 0.1, 0.3, 0.4, 0.6, 0.9])
STEP = 3


def _asking(**request: float) -> Asking:
    return Asking(ENCODER, CAMPAIGNS, dict.fromkeys(range(len(TASKS)), Request(**request)), PACE)


def _so_far(
    cost: float | NDArray[np.float64],
    value: float = 0.0,
    conversions: float = 0.0,
    step: int = STEP,
) -> Observation:
    """An observation after so much of the budget (a share) was spent and so much was won."""
    features = np.zeros((N, len(FEATURES)))
    return make_observation(
        step,
        features,
        cost=cost * CAMPAIGNS.budget,
        expected_value=np.full(N, value),
        expected_conversions=np.full(N, conversions),
    )


def _natural(asking: Asking, observation: Observation) -> NDArray[np.float64]:
    """Fields asked for in log units."""
    return asking.requirements(observation) * ENCODER.deviation + ENCODER.mean


def _asked(**request: float) -> NDArray[np.float64]:
    requests = dict.fromkeys(range(len(TASKS)), Request(**request))
    return ENCODER.asked(CAMPAIGNS, requests)


def test_without_adapting_the_same_is_asked_all_day() -> None:
    asking = _asking(quantile=0.5)
    start = asking.requirements(_so_far(0.0))
    np.testing.assert_array_equal(asking.requirements(_so_far(0.7, 3.0, 2.0)), start)
    fields = _asked(quantile=0.5)
    known = ~np.isnan(fields)
    natural = _natural(asking, _so_far(0.0))
    np.testing.assert_allclose(natural[known], fields[known], rtol=1e-4, atol=1e-4)
    assert not asking.requirements(_so_far(0.5))[~known].any()


def test_at_the_start_of_the_day_nothing_is_corrected() -> None:
    start = _asking().requirements(_so_far(0.0))
    np.testing.assert_array_equal(_asking(adapt=2.0).requirements(_so_far(0.0, step=0)), start)


def test_nothing_spent_changes_no_limit() -> None:
    start = _asking().requirements(_so_far(0.0))
    found = _asking(adapt=2.0).requirements(_so_far(0.0, 5.0, 5.0))
    np.testing.assert_array_equal(found[:, LOG_CPA:], start[:, LOG_CPA:])


def test_who_lags_behind_the_day_is_asked_for_more() -> None:
    asking = _asking(adapt=1.0, quantile=0.5)
    wanted = np.exp(_asked(quantile=0.5)[:, LOG_RETURN]) * CAMPAIGNS.budget - ENCODER.offset
    start = _natural(asking, _so_far(0.0, step=0))[:, LOG_RETURN]
    for part, sign in ((0.5, 1.0), (1.0, 0.0), (1.5, -1.0)):
        observation = replace(_so_far(0.1), expected_value=part * PACE[STEP] * wanted)
        moved = _natural(asking, observation)[:, LOG_RETURN] - start
        np.testing.assert_array_equal(np.sign(moved.round(4)), sign)


@pytest.mark.parametrize("adapt", [0.5, 1.0])
def test_the_correction_is_that_of_the_formula(adapt: float) -> None:
    wanted = _asked(adapt=adapt)
    spent = 0.3
    cost = spent * CAMPAIGNS.budget
    value, conversions = 5.0, 4.0
    achieved = np.full((N, len(FIELDS)), np.nan)
    achieved[:, LOG_BUDGET] = wanted[:, LOG_BUDGET]
    as_begun = value / PACE[STEP]
    achieved[:, LOG_RETURN] = np.log((as_begun + ENCODER.offset) / CAMPAIGNS.budget)
    achieved[:, LOG_CPA] = np.log(cost / conversions)
    achieved[:, LOG_ROAS] = np.log(value / cost)
    weights = np.full(len(FIELDS), spent)
    weights[LOG_RETURN] = PACE[STEP]
    expected = wanted - adapt * weights * np.clip(achieved - wanted, -1.0, 1.0)
    found = _natural(_asking(adapt=adapt), _so_far(spent, value, conversions))
    known = ~np.isnan(wanted)
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-4, atol=1e-4)
    changed = np.abs(expected - wanted)[known & (np.arange(len(FIELDS)) != LOG_BUDGET)]
    assert changed.min() > 1e-3


def test_who_bought_dearly_is_asked_to_buy_cheaply() -> None:
    asking = _asking(adapt=1.0)
    start = _natural(asking, _so_far(0.0, step=0))
    dear, cheap = (_natural(asking, _so_far(0.5, won, won)) for won in (0.5, 500.0))
    own = CAMPAIGNS.task == CPA_MCB
    assert (dear[own, LOG_CPA] < start[own, LOG_CPA]).all()
    assert (cheap[own, LOG_CPA] > start[own, LOG_CPA]).all()
    own = CAMPAIGNS.task == TARGET_ROAS
    assert (dear[own, LOG_ROAS] > start[own, LOG_ROAS]).all()
    assert (cheap[own, LOG_ROAS] < start[own, LOG_ROAS]).all()
    assert (dear[:, LOG_RETURN] > start[:, LOG_RETURN]).all()
    np.testing.assert_array_equal(dear[:, LOG_BUDGET], start[:, LOG_BUDGET])


@given(
    st.floats(0.0, 10.0),
    st.floats(0.0, 3.0),
    st.floats(0.0, 1e6),
    st.floats(0.0, 1e6),
)
def test_a_request_never_moves_further_than_by_1(
    adapt: float, spent: float, value: float, conversions: float
) -> None:
    asking = _asking(adapt=adapt)
    found = asking.requirements(_so_far(spent, value, conversions))
    assert np.isfinite(found).all()
    start = _asking().requirements(_so_far(0.0))
    assert (np.abs(found - start) <= 1.0 / ENCODER.deviation + 1e-4).all()
    assert not found[np.isnan(_asked())].any()


def test_it_moves_by_1_at_the_most() -> None:
    asking = _asking(adapt=10.0)
    start = _natural(asking, _so_far(0.0, step=0))
    moved = _natural(asking, _so_far(1.0, 1e-3, 1e-3)) - start
    own = CAMPAIGNS.task == CPA_MCB
    inside = moved[own, LOG_CPA]
    assert (inside >= -1.0 - 1e-4).all()
    assert inside.min() == pytest.approx(-1.0, abs=1e-3)


def test_each_seat_follows_its_own_day() -> None:
    asking = _asking(adapt=1.0)
    alike = _so_far(0.3, 1.0, 1.0)
    value = alike.expected_value.copy()
    value[2] = 5.0
    other = replace(alike, expected_value=value)
    moved = _natural(asking, other) != _natural(asking, alike)
    assert moved.any(axis=1).tolist() == [seat == 2 for seat in range(N)]


def test_only_the_tasks_own_fields_are_visible() -> None:
    np.testing.assert_array_equal(_asking().visible, TASK_FIELDS[CAMPAIGNS.task])


def test_the_return_to_go_is_what_was_asked_for_less_what_was_achieved() -> None:
    asking = _asking(quantile=0.9, factor=1.1)
    start = asking.to_go(_so_far(0.0))
    wanted = np.exp(_asked(quantile=0.9)[:, LOG_RETURN]) * 1.1 - ENCODER.offset / CAMPAIGNS.budget
    np.testing.assert_allclose(start * ENCODER.mean_return, wanted, rtol=1e-5)
    value = 0.5 * wanted.min() * CAMPAIGNS.budget.min()
    later = asking.to_go(_so_far(0.3, value))
    gained = value / CAMPAIGNS.budget / ENCODER.mean_return
    np.testing.assert_allclose(start - later, gained, rtol=1e-4)
    assert (later > 0.0).all()


@given(st.floats(0.0, 1e9))
def test_the_return_to_go_is_never_negative(value: float) -> None:
    for request in ({"quantile": 0.0, "factor": 1e-9}, {"quantile": 1.0}):
        found = _asking(**request).to_go(_so_far(0.5, value))
        assert np.isfinite(found).all()
        assert (found >= 0.0).all()


def test_its_units_are_those_of_the_data() -> None:
    totals = make_trajectories().totals(expected=True)
    assert ENCODER.mean_return == pytest.approx((totals.value / totals.budget).mean())


def test_a_budget_of_zero_is_finite() -> None:
    campaigns = replace(CAMPAIGNS, budget=np.zeros(N))
    requests = dict.fromkeys(range(len(TASKS)), Request(adapt=1.0))
    asking = Asking(ENCODER, campaigns, requests, PACE)
    for value in (0.0, 3.0):
        observation = _so_far(0.0, value, value)
        assert np.isfinite(asking.requirements(observation)).all()
        assert np.isfinite(asking.to_go(observation)).all()
        assert (asking.to_go(observation) >= 0.0).all()


def test_a_task_without_a_request_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="bcb"):
        Asking(ENCODER, CAMPAIGNS, {CPA_MCB: Request(), TARGET_ROAS: Request()}, PACE)


def test_a_factor_asks_for_so_many_times_the_return() -> None:
    plain, more = _asked(), _asked(factor=1.2)
    np.testing.assert_allclose(more[:, LOG_RETURN] - plain[:, LOG_RETURN], math.log(1.2))
    others = [i for i in range(len(FIELDS)) if i != LOG_RETURN]
    np.testing.assert_array_equal(more[:, others], plain[:, others])
    assert BCB in CAMPAIGNS.task
