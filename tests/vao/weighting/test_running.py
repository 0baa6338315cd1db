"""Running means of alignments, and the noise told from how they change."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vao.weighting.running import RunningAlignment

Matrix = NDArray[np.float64]
series = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 8), st.just(2), st.just(3)), elements=st.floats(-1.0, 1.0)
)
smoothings = st.floats(0.0, 0.99)
BOTH = range(2)
MEMORY = 0.9


def added(values: Matrix, smoothing: float) -> tuple[list[Matrix], list[Matrix | None]]:
    running = RunningAlignment(smoothing)
    found = [running.add(torch.from_numpy(value), BOTH, 2) for value in values]
    return [mean.numpy() for mean, _ in found], [n if n is None else n.numpy() for _, n in found]


@given(series, smoothings)
def test_mean_is_weighted_by_age(values: Matrix, smoothing: float) -> None:
    means, _ = added(values, smoothing)
    for n, mean in enumerate(means, 1):
        ages = smoothing ** np.arange(n - 1, -1, -1.0)
        expected = np.tensordot(ages / ages.sum(), values[:n], 1)
        np.testing.assert_allclose(mean, expected, rtol=1e-9, atol=1e-12)


@given(series)
def test_without_smoothing_the_mean_is_the_measurement(values: Matrix) -> None:
    means, _ = added(values, 0.0)
    np.testing.assert_array_equal(means, values)


@given(series, smoothings)
def test_noise_is_told_from_changes(values: Matrix, smoothing: float) -> None:
    _, noise = added(values, smoothing)
    assert noise[0] is None
    for n, found in enumerate(noise[1:], 2):
        ages = MEMORY ** np.arange(n - 2, -1, -1.0)
        changes = np.diff(values[:n], axis=0)
        squares = 0.5 * (changes - changes.mean(axis=2, keepdims=True)) ** 2
        weights = smoothing ** np.arange(n - 1, -1, -1.0)
        left = ((weights / weights.sum()) ** 2).sum()
        expected = np.sqrt(np.tensordot(ages / ages.sum(), squares, 1) * left)
        assert found is not None
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 0.9])
def test_noise_is_the_deviation_of_what_weights_are_made_of(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    deviation = np.array([[0.1, 0.5, 2.0]])
    running = RunningAlignment(smoothing)
    told, means = [], []
    for step in range(4000):
        value = torch.from_numpy(3.0 + deviation * rng.normal(size=(1, 3)))
        mean, noise = running.add(value, range(1), 1)
        if step > 50:
            assert noise is not None
            told.append(noise.square().numpy())
            means.append((mean - mean.mean(dim=1, keepdim=True)).numpy())
    np.testing.assert_allclose(np.sqrt(np.mean(told, axis=0)), np.std(means, axis=0), rtol=0.1)


@given(series, smoothings, st.floats(-1.0, 1.0))
def test_what_all_sources_share_is_no_noise(
    values: Matrix, smoothing: float, shared: float
) -> None:
    """It changes no weight."""
    moved = values + shared * (-1.0) ** np.arange(len(values))[:, None, None]
    for one, other in zip(added(values, smoothing)[1], added(moved, smoothing)[1], strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def test_targets_measured_one_after_the_other_are_the_same_as_together() -> None:
    values = torch.from_numpy(np.random.default_rng(1).normal(size=(5, 2, 3)))
    together, apart = RunningAlignment(0.7), RunningAlignment(0.7)
    for value in values:
        mean, noise = together.add(value, BOTH, 2)
        for k in BOTH:
            own_mean, own_noise = apart.add(value[k : k + 1], range(k, k + 1), 2)
            torch.testing.assert_close(own_mean, mean[k : k + 1], rtol=0.0, atol=0.0)
            assert (noise is None) == (own_noise is None)
            if noise is not None:
                torch.testing.assert_close(own_noise, noise[k : k + 1], rtol=0.0, atol=0.0)


def test_nothing_is_known_of_a_target_not_measured() -> None:
    running = RunningAlignment(0.5)
    running.add(torch.ones(1, 3), range(1, 2), 2)
    mean, noise = running.add(torch.full((2, 3), 0.5), BOTH, 2)
    assert noise is None
    np.testing.assert_allclose(mean[0], 0.5)
    np.testing.assert_allclose(mean[1], (0.5 * 0.5 * 1.0 + 0.5 * 0.5) / 0.75)


def test_goes_on_where_another_was() -> None:
    values = torch.from_numpy(np.random.default_rng(2).normal(size=(6, 2, 3)))
    straight, halted = RunningAlignment(0.9), RunningAlignment(0.9)
    for value in values[:3]:
        straight.add(value, BOTH, 2)
        halted.add(value, BOTH, 2)
    resumed = RunningAlignment(0.9)
    resumed.resume(halted.state())
    for value in values[3:]:
        expected, noise = straight.add(value, BOTH, 2)
        mean, found = resumed.add(value, BOTH, 2)
        assert torch.equal(mean, expected)
        assert noise is not None
        assert found is not None
        assert torch.equal(found, noise)


def test_a_state_is_a_copy() -> None:
    running = RunningAlignment(0.9)
    assert running.state() == {}
    running.add(torch.ones(2, 3), BOTH, 2)
    state = running.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}
    other = RunningAlignment(0.9)
    other.resume(state)
    running.add(torch.zeros(2, 3), BOTH, 2)
    other.add(torch.full((2, 3), 7.0), BOTH, 2)
    assert all(torch.equal(state[name], kept[name]) for name in kept)
