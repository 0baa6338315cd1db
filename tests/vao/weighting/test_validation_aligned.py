"""VAO's update against closed forms, finite differences and plain autograd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.linear import SIZE, FixedSampler, Regression, closed_form
from vao.weighting import (
    DivergedError,
    EqualWeights,
    ValidationAligned,
    alignment_weights,
    validation_aligned,
)

Vector = NDArray[np.float64]
START = [0.3, -1.2, 0.8, 0.1]
counts = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def _alignment(sampler: FixedSampler) -> Vector:
    rows = []
    for target in range(sampler.targets):
        wanted = closed_form(START, sampler.validation(target))
        pairs = [closed_form(START, points) for points in sampler.by_source(target)]
        rows.append([p @ wanted / np.linalg.norm(p) / np.linalg.norm(wanted) for p in pairs])
    return np.array(rows)


def _update(sampler: FixedSampler, weights: Vector) -> Vector:
    """Equation 9: the sum over targets and sources of w_ik g_ik."""
    total = np.zeros(SIZE)
    for target in range(sampler.targets):
        for source, points in enumerate(sampler.by_source(target)):
            total += weights[target, source] * closed_form(START, points)
    return total


@given(st.integers(0, 2**32), st.integers(1, 3), counts, st.floats(0.05, 2.0))
def test_refresh_matches_the_closed_form(
    seed: int, targets: int, sizes: list[int], temperature: float
) -> None:
    sampler, objective = FixedSampler(seed, targets, sizes), Regression(START)
    report = ValidationAligned(temperature, refresh=5).accumulate(objective, sampler, 0)
    assert report.alignment is not None
    assert report.weights is not None
    alignment = _alignment(sampler)
    np.testing.assert_allclose(report.alignment.numpy(), alignment, rtol=1e-9, atol=1e-12)
    weights = alignment_weights(alignment, temperature)
    np.testing.assert_allclose(report.weights.numpy(), weights, rtol=1e-8)
    np.testing.assert_allclose(objective.gradient(), _update(sampler, weights), rtol=1e-8)


def test_steps_between_refreshes_use_the_resting_weights() -> None:
    sampler, objective = FixedSampler(1, 3, [2, 3, 1]), Regression(START)
    rule = ValidationAligned(0.1, refresh=2)
    weights = rule.accumulate(objective, sampler, 0).weights
    assert weights is not None
    measured = objective.gradient().copy()
    report = rule.accumulate(objective, sampler, 1)
    assert report.weights is None
    assert report.alignment is None
    np.testing.assert_allclose(objective.gradient(), measured, rtol=1e-12)
    with torch.no_grad():
        objective.rest.add_(1.0)
    renewed = rule.accumulate(objective, sampler, 2).weights
    assert renewed is not None
    assert not torch.allclose(weights, renewed)


@pytest.mark.parametrize("step", [0, 1])
def test_gradient_matches_finite_differences(step: int) -> None:
    sampler, objective = FixedSampler(2, 2, [3, 2]), Regression(START)
    rule = ValidationAligned(0.3, refresh=5)
    weights = rule.accumulate(objective, sampler, 0).weights
    assert weights is not None
    if step:
        rule.accumulate(objective, sampler, step)

    def risk(start: Vector) -> float:
        model = Regression(start.tolist())
        losses = [
            [model(points).mean().item() for points in sampler.by_source(target)]
            for target in range(sampler.targets)
        ]
        return float((weights.numpy() * np.array(losses)).sum())

    np.testing.assert_allclose(objective.gradient(), _differences(risk), rtol=1e-6, atol=1e-8)


def _differences(function: Callable[[Vector], float], width: float = 1e-6) -> Vector:
    origin = np.array(START)
    ways = width * np.eye(SIZE)
    return np.array([(function(origin + w) - function(origin - w)) / 2 / width for w in ways])


def test_reports_the_weighted_losses() -> None:
    sampler, objective = FixedSampler(3, 2, [2, 2]), Regression(START)
    rule = ValidationAligned(0.1, refresh=5)
    first = rule.accumulate(objective, sampler, 0)
    second = rule.accumulate(objective, sampler, 1)
    torch.testing.assert_close(first.losses, second.losses)


def test_as_the_temperature_grows_equal_sources_are_shared_naively() -> None:
    sampler, objective = FixedSampler(4, 3, [2, 2, 2]), Regression(START)
    naive = EqualWeights().accumulate(objective, sampler, 0)
    pooled = objective.gradient().copy()
    uniform = ValidationAligned(1e9, refresh=5).accumulate(objective, sampler, 0)
    np.testing.assert_allclose(objective.gradient(), pooled, rtol=1e-8)
    torch.testing.assert_close(uniform.losses, naive.losses)


def test_a_source_without_gradient_aligns_with_nothing() -> None:
    sampler, objective = FixedSampler(5, 1, [2, 2]), Regression(START)
    points = sampler.points[0][1]
    sampler.points[0][1] = points._replace(inputs=torch.zeros_like(points.inputs))
    report = ValidationAligned(0.1, refresh=5).accumulate(objective, sampler, 0)
    assert report.alignment is not None
    assert report.alignment[0, 1] == 0.0
    assert np.isfinite(objective.gradient()).all()


@pytest.mark.parametrize("place", ["source", "validation"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_gradients_that_are_not_finite_are_named(place: str, value: float) -> None:
    sampler, objective = FixedSampler(5, 1, [2, 2]), Regression(START)
    points = sampler.held_out[0] if place == "validation" else sampler.points[0][1]
    points.outputs[0] = value
    with pytest.raises(DivergedError, match="at step 3"):
        ValidationAligned(0.1, refresh=5).accumulate(objective, sampler, 3)


def test_targets_in_several_chunks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = FixedSampler(6, 5, [2, 3])
    whole, parts = Regression(START), Regression(START)
    expected = ValidationAligned(0.1, refresh=5).accumulate(whole, sampler, 0)
    monkeypatch.setattr(validation_aligned, "_CHUNK", 2 * 2 * SIZE)
    report = ValidationAligned(0.1, refresh=5).accumulate(parts, sampler, 0)
    assert expected.weights is not None
    torch.testing.assert_close(report.weights, expected.weights)
    np.testing.assert_allclose(parts.gradient(), whole.gradient(), rtol=1e-12)


def test_frozen_parameters_get_no_gradient() -> None:
    objective = Regression(START)
    ValidationAligned(0.1, refresh=5).accumulate(objective, FixedSampler(7, 2, [2]), 0)
    assert objective.frozen.grad is None


@pytest.mark.parametrize(("temperature", "refresh"), [(0.0, 5), (0.1, 0), (float("nan"), 5)])
def test_refuses_impossible_settings(temperature: float, refresh: int) -> None:
    with pytest.raises(InvalidArgumentError):
        ValidationAligned(temperature, refresh)
