from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.parameters import Spread, spread
from auctionsim.errors import InvalidArgumentError
from tests.auctionsim.worlds import campaigns_of


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.float64(2), np.int64(2)])
def test_a_number_is_the_same_for_all_campaigns(value: Any) -> None:
    assert spread("x", value).draw(campaigns_of(50), 0).tolist() == [2.0] * 50


@pytest.mark.parametrize("value", [(0.5, 8.0), [0.5, 8.0], (np.float32(0.5), 8)])
def test_two_bounds_are_a_log_uniform_distribution(value: Any) -> None:
    draws = spread("x", value).draw(campaigns_of(4000), 0)
    assert draws.min() >= 0.5
    assert draws.max() <= 8.0
    # A log-uniform is below the geometric mean half of the time; 4 standard deviations.
    assert abs((draws < 2.0).mean() - 0.5) < 4 * 0.5 / np.sqrt(4000)


@given(low=st.floats(1e-6, 1e6), factor=st.floats(1.0, 1e6), index=st.integers(0, 100))
def test_draws_stay_within_their_bounds(low: float, factor: float, index: int) -> None:
    high = low * factor
    draws = Spread(low, high).draw(campaigns_of(20), index)
    assert (draws >= low * (1 - 1e-12)).all()
    assert (draws <= high * (1 + 1e-12)).all()


def test_draws_follow_the_campaigns_key_and_the_parameters_index() -> None:
    many = campaigns_of(30)
    wide = spread("x", (1.0, 100.0))
    draws = wide.draw(many, 0)
    assert len(set(draws.tolist())) == 30
    np.testing.assert_array_equal(wide.draw(many.take(np.array([7, 3])), 0), draws[[7, 3]])
    other = wide.draw(many, 1)
    assert not np.isclose(other, draws).any()
    assert abs(np.corrcoef(np.log(draws), np.log(other))[0, 1]) < 0.6
    assert not np.isclose(wide.draw(campaigns_of(30, first_key=1000), 0), draws).any()


def test_a_gain_can_be_switched_off_where_it_may() -> None:
    assert spread("kp", 0, zero=True).draw(campaigns_of(3), 0).tolist() == [0.0] * 3
    with pytest.raises(InvalidArgumentError, match=r"`kp` must be a number > 0.*, or 0; found -1"):
        spread("kp", -1, zero=True)
    with pytest.raises(InvalidArgumentError, match="`kp`"):
        spread("kp", (0.0, 1.0), zero=True)


BAD: list[Any] = [
    0,
    -1.0,
    float("nan"),
    float("inf"),
    True,
    None,
    "1",
    "12",
    [],
    [1.0],
    (1.0, 2.0, 3.0),
    (2.0, 1.0),
    (0.0, 1.0),
    (-1.0, 1.0),
    (1.0, float("inf")),
    (float("nan"), 1.0),
    ("1", "2"),
    (True, 2),
    {"low": 1},
    1j,
]


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_bad_parameters_are_named(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"`gain` must be a number > 0, or \(lowest, hi"):
        spread("gain", value)
