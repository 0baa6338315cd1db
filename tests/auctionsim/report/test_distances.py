from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.report.distances import Distance, distance


def plain_ks(one: np.ndarray, other: np.ndarray) -> float:
    places = sorted({*one, *other})
    return float(max(abs((one <= x).mean() - (other <= x).mean()) for x in places))


def test_a_move_by_deviations_is_that_distance() -> None:
    one = np.random.default_rng(0).normal(size=2000)
    found = distance(one, one + 2 * one.std())
    assert found is not None
    assert found.wasserstein == pytest.approx(2.0)
    assert distance(one, one) == Distance(0.0, 0.0)


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=20),
    st.lists(st.integers(-5, 5), min_size=1, max_size=20),
    st.floats(0.01, 100.0),
)
def test_it_is_scale_free_symmetric_and_has_the_largest_gap(
    one: list[int], other: list[int], scale: float
) -> None:
    first, second = np.array(one, np.float64), np.array(other, np.float64)
    found = distance(first, second)
    assert found is not None
    assert found.ks == pytest.approx(plain_ks(first, second))
    for again in (distance(second, first), distance(scale * first, scale * second)):
        assert again is not None
        assert again.wasserstein == pytest.approx(found.wasserstein, nan_ok=True)
        assert again.ks == pytest.approx(found.ks)


def test_constants_and_nothing() -> None:
    same, other = np.full(3, 0.1), np.full(5, 0.7)
    equal = distance(same, np.full(7, 0.1))
    assert equal is not None
    assert (equal.wasserstein, equal.ks) == (0.0, 0.0)
    apart = distance(same, other)
    assert apart is not None
    assert np.isnan(apart.wasserstein)
    assert apart.ks == 1.0
    assert distance(np.array([np.nan]), other) is None
    assert distance(np.array([np.nan, 1.0, 2.0]), np.array([1.0, 2.0, np.inf])) is not None
