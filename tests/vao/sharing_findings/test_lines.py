"""Numbers told of weights and alignments, and the lines and bands they become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vao.sharing_findings.lines import (
    effective_sources,
    lines_of,
    mean_of_last,
    spread_line,
    variance_of_last,
)
from vao.sharing_findings.records import POINTS, Track


def track_of(times: int) -> Track:
    records: list[dict[str, Any]] = [
        {"kind": "weights", "stage": "policy", "step": step, "tasks": ["a"]}
        for step in range(times)
    ]
    track = Track.of(records, "weights")
    assert track is not None
    return track


@pytest.mark.parametrize(
    ("weights", "effective"),
    [([1.0, 0.0, 0.0], 1.0), ([0.5, 0.5, 0.0], 2.0), ([0.2] * 5, 5.0), ([3.0, 3.0], 2.0)],
)
def test_effective_sources_of_known_weights(weights: list[float], effective: float) -> None:
    assert effective_sources(np.array(weights)) == pytest.approx(effective)


def test_effective_sources_of_nothing_are_not_known() -> None:
    assert np.isnan(effective_sources(np.array([[0.0, 0.0], [np.nan, np.nan]]))).all()


@given(arrays(np.float64, (4, 6), elements=st.floats(0.0, 1e6)), st.permutations(range(6)))
def test_effective_sources_lie_between_one_and_all_in_any_order(
    weights: np.ndarray[Any, np.dtype[np.float64]], order: list[int]
) -> None:
    effective = effective_sources(weights)
    known = weights.sum(axis=1) > 0
    assert (np.isfinite(effective) == known).all()
    assert (effective[known] >= 1 - 1e-9).all()
    assert (effective[known] <= 6 + 1e-9).all()
    np.testing.assert_allclose(effective_sources(weights[:, order]), effective)


def test_variances_leave_out_what_is_not_known() -> None:
    numbers = np.array([[[1.0, 3.0, np.nan], [1.0, np.nan, np.nan], [1.0, 2.0, 3.0]]])
    np.testing.assert_array_equal(variance_of_last(numbers), [[2.0, np.nan, 1.0]])
    np.testing.assert_array_equal(mean_of_last(numbers), [[2.0, 1.0, 2.0]])


def test_the_band_is_the_noise_and_a_gap_where_it_is_not_known() -> None:
    noise = np.array([[np.nan, np.nan], [0.5, np.nan]])
    first, last = lines_of(track_of(2), ["a", "b"], np.array([[1.0, 2.0], [3.0, 4.0]]), noise)
    assert (first.y, first.low, first.high) == ((1.0, 3.0), (None, 2.5), (None, 3.5))
    assert (last.y, last.low, last.high) == ((2.0, 4.0), (), ())


def test_the_band_of_swings_is_that_of_what_a_point_averages() -> None:
    times = 2 * POINTS
    values = np.tile([0.0, 1.0], POINTS)[:, None]
    (line,) = lines_of(track_of(times), ["a"], values, swings=True)
    assert set(line.y) == {0.5}
    assert set(line.low) == {0.0}
    assert set(line.high) == {1.0}
    (single,) = lines_of(track_of(POINTS), ["a"], values[:POINTS], swings=True)
    assert single.low == ()


def test_a_running_mean_has_its_points_behind_it() -> None:
    values = np.tile([0.0, 1.0, 2.0, 3.0, 4.0], 6)[:, None]
    (line,) = lines_of(track_of(30), ["a"], values, running=True)
    assert line.raw == tuple(values[:, 0])
    assert line.y == (1.0, 1.5, *[2.0] * 26, 2.5, 3.0)
    (plain,) = lines_of(track_of(30), ["a"], values)
    assert (plain.y, plain.raw) == (tuple(values[:, 0]), ())


def test_few_points_have_no_running_mean() -> None:
    (line,) = lines_of(track_of(14), ["a"], np.arange(14.0)[:, None], running=True)
    assert (line.y, line.raw) == (tuple(range(14)), ())


def test_the_band_is_around_the_running_mean() -> None:
    values, noise = np.tile([0.0, 5.0, 0.0, 0.0, 0.0], 6)[:, None], np.full((30, 1), 0.5)
    (line,) = lines_of(track_of(30), ["a"], values, noise, running=True)
    assert (line.low[2], line.y[2], line.high[2]) == (0.5, 1.0, 1.5)
    times = 2 * POINTS
    swinging = np.tile([0.0, 1.0], POINTS)[:, None]
    (band,) = lines_of(track_of(times), ["a"], swinging, running=True, swings=True)
    assert (set(band.low), set(band.y), set(band.high)) == ({0.0}, {0.5}, {1.0})


def test_a_spread_is_the_median_and_the_outer_tenths() -> None:
    values = np.stack([np.arange(11.0), np.full(11, np.nan)])
    line = spread_line("all", track_of(2), values)
    assert (line.y, line.low, line.high) == ((5.0, None), (1.0, None), (9.0, None))
