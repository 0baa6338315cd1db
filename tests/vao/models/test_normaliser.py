"""Scales of states and multipliers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidDataError
from vao.models import ActionNormaliser, StateNormaliser
from vao.models.normaliser import LIMIT

NAMES = ("time_left", "current_volume", "mean_value")


def _states(rows: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    columns = (rng.uniform(size=rows), rng.lognormal(8, 2, rows), rng.lognormal(-9, 1, rows))
    return np.stack(columns, axis=1)


def test_heavy_tails_and_tiny_probabilities_come_to_one_scale() -> None:
    states = _states()
    scaled = StateNormaliser.fit(states, NAMES)(states)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(scaled.std(axis=0), 1.0, atol=0.05)


@given(st.floats(1e-6, 1e6))
def test_units_do_not_matter(factor: float) -> None:
    states = _states(50)
    other = states * np.array([1.0, factor, factor])
    expected = StateNormaliser.fit(states, NAMES)(states)
    np.testing.assert_allclose(StateNormaliser.fit(other, NAMES)(other), expected, atol=1e-4)


def test_outliers_are_clipped_and_constants_vanish() -> None:
    normaliser = StateNormaliser.fit(np.array([[0.5, 3.0, 1.0], [0.7, 3.0, 2.0]]), NAMES)
    extreme = normaliser(np.array([[1e9, 3.0, 1e300], [-1e9, 3.0, 0.0]]))
    assert np.abs(extreme).max() == LIMIT
    np.testing.assert_array_equal(extreme[:, 1], 0.0)


@pytest.mark.parametrize("states", [np.zeros((0, 3)), np.array([[0.0, np.nan, 0.0]])])
def test_states_that_teach_nothing_are_refused(states: np.ndarray) -> None:
    with pytest.raises(InvalidDataError, match="state"):
        StateNormaliser.fit(states, NAMES)


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=20))
def test_multipliers_come_back(multipliers: list[float]) -> None:
    normaliser = ActionNormaliser.fit(multipliers)
    middle = np.clip(multipliers, normaliser.floor, None)
    scaled = normaliser(multipliers)
    inside = np.abs(scaled) < LIMIT
    np.testing.assert_allclose(normaliser.inverse(scaled)[inside], middle[inside], rtol=1e-4)


@given(st.floats(allow_nan=False))
def test_multipliers_stay_in_the_range_of_the_data(action: float) -> None:
    normaliser = ActionNormaliser.fit([0.5, 1.0, 4.0])
    assert 0.5 <= normaliser.inverse([action])[0] <= 4.0


def test_bids_of_zero_count_as_a_hundredth_of_the_median() -> None:
    normaliser = ActionNormaliser.fit([0.0, 2.0, 2.0, 2.0])
    assert normaliser.floor == normaliser.lowest == 0.02
    assert normaliser([0.0]) == normaliser([0.02])


@pytest.mark.parametrize("multipliers", [[], [0.0], [-1.0, 1.0], [np.inf], [np.nan]])
def test_multipliers_that_teach_nothing_are_refused(multipliers: list[float]) -> None:
    with pytest.raises(InvalidDataError, match="action"):
        ActionNormaliser.fit(multipliers)
