"""FairGrad and Nash-MTL: their equation, its extremes, and torchjd's solvers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchjd.aggregation import FairGradWeighting, NashMTL

from tests.vao.weighting.balance.toys import Vector, rule_of, update_of, weights_of
from vao.weighting.balance.fairness import fair_weights

seeds = st.integers(0, 2**32)
quick = settings(max_examples=40, deadline=None)


def _gramian(seed: int, targets: int, spread: float = 0.5) -> Vector:
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.uniform(-spread, spread, size=(targets, 1))
    rows = rng.normal(size=(targets, 3 * targets)) * sizes
    result: Vector = rows @ rows.T
    return result


@quick
@given(seeds, st.integers(1, 8), st.sampled_from([0.5, 1.0, 2.0, 5.0]))
def test_solves_the_equation(seed: int, targets: int, alpha: float) -> None:
    gramian = _gramian(seed, targets)
    weights = fair_weights(gramian, alpha)
    assert weights.min() > 0.0
    np.testing.assert_allclose(gramian @ weights, weights ** (-1.0 / alpha), rtol=1e-6)


@quick
@given(seeds, st.integers(2, 5))
def test_bargaining_is_solved_whatever_the_sizes(seed: int, targets: int) -> None:
    gramian = _gramian(seed, targets, spread=6.0)
    weights = fair_weights(gramian, 1.0)
    np.testing.assert_allclose(weights * (gramian @ weights), 1.0, rtol=1e-6)


@quick
@given(seeds)
def test_nash_bargainers_gain_alike_over_their_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(3, 8)) * rng.uniform(0.1, 10.0, size=(3, 1))
    update, report = update_of(rule_of("nash_mtl"), rows)
    assert report.balance is not None
    # G a = 1 / a, but for the scale: each target's gain times its weight is the same.
    gains = (rows @ update) * report.balance.numpy()
    np.testing.assert_allclose(gains, gains[0], rtol=1e-6)
    fair = weights_of(rule_of("fairgrad", alpha=1.0), rows)
    np.testing.assert_array_equal(fair, report.balance)


@quick
@given(st.floats(0.05, 20.0), st.floats(-0.95, 0.95))
def test_two_bargainers_weigh_by_the_inverse_of_their_lengths(size: float, cosine: float) -> None:
    rows = np.array([[1.0, 0.0], [size * cosine, size * np.sqrt(1.0 - cosine**2)]])
    expected = 2.0 * np.array([size, 1.0]) / (1.0 + size)
    np.testing.assert_allclose(weights_of(rule_of("nash_mtl"), rows), expected, rtol=1e-6)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0, 5.0])
def test_gradients_without_conflict_or_likeness_have_a_closed_form(alpha: float) -> None:
    sizes = np.array([1.0, 2.0, 5.0])
    raw = sizes ** (-2.0 * alpha / (1.0 + alpha))
    told = weights_of(rule_of("fairgrad", alpha=alpha), np.diag(sizes))
    np.testing.assert_allclose(told, 3.0 * raw / raw.sum(), rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.1, 1.0, 10.0])
def test_extremes_end_in_finite_weights(alpha: float) -> None:
    for gramian in (
        np.ones((3, 3)),
        np.array([[1.0, -1.0], [-1.0, 1.0]]),
        np.array([[1.0, -1e-6], [-1e-6, 1e-12]]),
        np.diag([1e-150, 1.0, 1e150]),
    ):
        weights = fair_weights(gramian, alpha)
        assert np.isfinite(weights).all()
        assert weights.min() > 0.0


def test_gradients_that_have_no_common_descent_make_next_to_no_update() -> None:
    rows = np.array([[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]])
    update, _ = update_of(rule_of("nash_mtl"), rows)
    np.testing.assert_allclose(update, 0.0, atol=1e-4)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_agrees_with_torchjd_where_that_succeeds(alpha: float) -> None:
    theirs = FairGradWeighting(alpha)
    for seed in range(6):
        gramian = _gramian(seed, 3, spread=0.0)
        expected = theirs(torch.from_numpy(gramian)).numpy()
        np.testing.assert_allclose(fair_weights(gramian, alpha), expected, rtol=1e-4)


def test_agrees_with_torchjds_bargaining_where_that_succeeds() -> None:
    agreed = 0
    for seed in range(4):
        gramian = _gramian(seed, 3, spread=0.0)
        root = torch.linalg.cholesky(torch.from_numpy(gramian))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cvxpy, about how the problem is put
            update = NashMTL(3, max_norm=0.0)(root)
        expected = torch.linalg.solve(root.T, update).numpy()
        if np.allclose(expected * (gramian @ expected), 1.0, rtol=1e-3):
            np.testing.assert_allclose(fair_weights(gramian, 1.0), expected, rtol=1e-3)
            agreed += 1
    assert agreed >= 2
