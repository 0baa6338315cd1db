from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from auctionsim.envs.day import MarketRecord
from auctionsim.errors import InvalidArgumentError
from tests.auctionsim.envs.days import STEP, day, market

COSTS = arrays(np.float64, st.integers(1, 20), elements=st.floats(0.0, 1e30))


def test_a_day_keeps_its_steps_and_leaves_the_rest_unknown() -> None:
    record = day({"value": 2.0}, {"value": 3.0}, steps=4)
    np.testing.assert_array_equal(record.column("value"), [2.0, 3.0, math.nan, math.nan])
    assert record.played == 2
    assert record.total("value") == 5.0


@pytest.mark.parametrize("name", STEP)
def test_every_quantity_is_kept_under_its_own_name(name: str) -> None:
    record = day({name: 7.25}, {}, steps=2)
    np.testing.assert_array_equal(record.column(name), [7.25, STEP[name]])


def test_nothing_has_a_price_where_there_are_no_opportunities() -> None:
    record = day({}, {"volume": 0.0, "market_price": 0.0}, steps=2)
    np.testing.assert_array_equal(record.column("market_price"), [2.0, math.nan])


def test_multipliers_are_compared_with_the_reference() -> None:
    record = day({"multiplier": 45.0}, {"multiplier": 0.0}, steps=3, reference=90.0)
    np.testing.assert_array_equal(record.relative_multiplier(), [0.5, 0.0, math.nan])
    assert np.isnan(day({}, {"multiplier": 0.0}, reference=0.0).relative_multiplier()).all()


def test_budget_is_left_before_each_step_and_after_the_last() -> None:
    record = day({"cost": 25.0}, {"cost": 75.0}, steps=3, budget=100.0)
    np.testing.assert_array_equal(record.budget_left(), [1.0, 0.75, 0.0, math.nan])


def test_of_no_budget_nothing_is_left() -> None:
    left = day({"cost": 0.0}, steps=2, budget=0.0).budget_left()
    np.testing.assert_array_equal(left, [0.0, 0.0, math.nan])


def test_costs_that_round_past_the_budget_leave_nothing() -> None:
    tenths = day(*[{"cost": 0.1}] * 10, steps=10, budget=1.0)
    assert tenths.budget_left()[-1] == 0.0


@given(costs=COSTS, budget=st.floats(0.0, 1e30))
def test_the_budget_left_is_a_share_that_never_grows(
    costs: np.ndarray[Any, Any], budget: float
) -> None:
    record = day(*({"cost": c} for c in costs), steps=len(costs), budget=budget)
    left = record.budget_left()
    assert ((left >= 0.0) & (left <= 1.0)).all()
    assert (np.diff(left) <= 0.0).all()
    assert left[0] == (1.0 if budget > 0.0 else 0.0)


def test_a_title_is_one_line() -> None:
    assert day(title=" two\n lines\t").title == "two lines"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "`steps` must be an integer from 1"),
        ({"steps": 1.5}, "`steps` must be an integer"),
        ({"budget": math.nan}, "`budget` must be a finite number >= 0; found nan"),
        ({"budget": -1.0}, "`budget` must be a finite number >= 0; found -1.0"),
        ({"reference": math.inf}, "`reference` must be a finite number >= 0; found inf"),
        ({"task": "cpa"}, "`task` must be one of"),
        ({"task": "cpa_mcb"}, "`target` must be a finite number >= 0 for task cpa_mcb; found None"),
        ({"task": "target_roas", "target": math.nan}, "`target` must be a finite number"),
        ({"target": 9.0}, "`target` must be None for task bcb; found 9.0"),
    ],
)
def test_a_day_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        day(**change)


def test_a_day_takes_no_more_steps_than_it_has() -> None:
    record = day({}, steps=1)
    with pytest.raises(InvalidArgumentError, match="once in each of 1 steps; found 1"):
        record.add(**STEP)
    assert record.played == 1


def test_an_unknown_quantity_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'conversions'"):
        day().column("conversion")


def test_a_market_keeps_its_steps_and_leaves_the_rest_unknown() -> None:
    record = market([[2.0, 0.0], [3.0, 1.0]], steps=3)
    expected = [[2.0, 3.0, math.nan], [0.0, 1.0, math.nan]]
    np.testing.assert_array_equal(record.matrix("value"), expected)
    np.testing.assert_array_equal(record.market_price(), [2.0, 2.0, math.nan])
    np.testing.assert_array_equal(record.total("cost"), [5.0, 1.0])
    np.testing.assert_array_equal(
        record.budget_left()[:, :3], [[1.0, 0.98, 0.95], [1.0, 1.0, 0.99]]
    )


def test_a_market_keeps_copies() -> None:
    record = MarketRecord("a market", 2, ("a",), [9.0])
    value = np.ones(1)
    record.add(market_price=1.0, cost=value, wins=value, value=value)
    value[0] = 5.0
    assert record.total("value").tolist() == [1.0]


def test_leaders_have_the_highest_value_and_keep_their_order_in_ties() -> None:
    record = market([[1.0, 0.0, 4.0, 1.0, 9.0]])
    assert record.leaders(9) == [4, 2, 0, 3]
    assert record.leaders(3) == [4, 2, 0]
    assert market(np.zeros((0, 3))).leaders(3) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ()}, "`names` must hold a name at least"),
        ({"steps": 0}, "`steps` must be an integer from 1"),
        ({"budgets": [1.0]}, r"`budgets` must hold one number an advertiser.*shape \(1,\) for 2"),
        ({"budgets": [1.0, math.inf]}, "`budgets` must hold finite numbers >= 0"),
        ({"budgets": ["1", "2"]}, "`budgets` must hold one number"),
    ],
)
def test_a_market_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"title": "", "steps": 2, "names": ("a", "b"), "budgets": [1.0, 2.0]}
    with pytest.raises(InvalidArgumentError, match=message):
        MarketRecord(**{**usual, **change})


def test_a_step_of_another_shape_is_refused_and_not_kept() -> None:
    record = MarketRecord("a market", 2, ("a", "b"), [1.0, 2.0])
    with pytest.raises(InvalidArgumentError, match=r"`wins`.*shape \(1,\) for 2 advertiser"):
        record.add(market_price=1.0, cost=[1.0, 1.0], wins=[1.0], value=[1.0, 1.0])
    assert record.played == 0


def test_a_market_takes_no_more_steps_than_it_has() -> None:
    record = market([[1.0]], steps=1)
    with pytest.raises(InvalidArgumentError, match="once in each of 1 steps; found 1"):
        record.add(market_price=1.0, cost=[1.0], wins=[1.0], value=[1.0])
