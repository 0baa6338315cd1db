"""VAO's update against closed forms, finite differences and plain autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.vao.weighting.linear import SIZE, FixedSampler, Regression
from tests.vao.weighting.quadratic import Quadratic, mean_gradient, problem
from tests.vao.weighting.reference import (
    KINDS,
    START,
    aligned,
    closed_alignment,
    closed_update,
    vao,
)
from vao.weighting import DivergedError, EqualWeights, alignment_weights

Vector = NDArray[np.float64]
counts = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**32), st.integers(1, 3), counts, st.floats(0.05, 2.0))
def test_refresh_matches_the_closed_form(
    kind: str, seed: int, targets: int, sizes: list[int], temperature: float
) -> None:
    sampler, objective = FixedSampler(seed, targets, sizes), Regression(START)
    rule = vao(temperature=temperature, alignment=kind)
    report = rule.accumulate(objective, sampler, 0)
    assert report.alignment is not None
    assert report.weights is not None
    alignment = closed_alignment(sampler, kind=kind)
    np.testing.assert_allclose(report.alignment.numpy(), alignment, rtol=1e-9, atol=1e-12)
    weights = alignment_weights(alignment, temperature)
    np.testing.assert_allclose(report.weights.numpy(), weights, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(
        objective.gradient(), closed_update(sampler, weights), rtol=1e-8, atol=1e-11
    )


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**32), st.integers(1, 3), counts)
def test_curved_losses_match_the_closed_form(
    kind: str, seed: int, targets: int, sizes: list[int]
) -> None:
    theta, curvature, sampler = problem(seed, targets, sizes)
    objective = Quadratic(theta, curvature)
    report = vao(alignment=kind, validation_batch=0).accumulate(objective, sampler, 0)
    assert report.alignment is not None
    expected = np.zeros_like(theta)
    for k, row in enumerate(sampler.points):
        wanted = mean_gradient(theta, curvature, sampler.held_out[k])
        pairs = [mean_gradient(theta, curvature, points) for points in row]
        alignment = [aligned(kind, pair, wanted) for pair in pairs]
        np.testing.assert_allclose(report.alignment[k].numpy(), alignment, rtol=1e-9, atol=1e-12)
        expected += alignment_weights([alignment], 0.1)[0] @ np.array(pairs)
    np.testing.assert_allclose(objective.gradient(), expected, rtol=1e-8, atol=1e-11)


def test_steps_between_refreshes_use_the_resting_weights() -> None:
    sampler, objective = FixedSampler(1, 3, [2, 3, 1]), Regression(START)
    rule = vao(refresh=2)
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


def test_weights_are_renewed_every_so_many_steps() -> None:
    sampler, objective, rule = FixedSampler(1, 2, [2, 2]), Regression(START), vao(refresh=3)
    reports = [rule.accumulate(objective, sampler, step) for step in range(8)]
    assert [step for step, r in enumerate(reports) if r.weights is not None] == [0, 3, 6]
    assert sampler.calls["validation"] == 3 * 2
    assert sampler.calls["by_source"] == 8 * 2


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"alignment": "inner_product", "parameters": "trunk"},
        {"signal": "training", "adapt": "sources"},
        {"smoothing": 0.9, "validation_batch": 3},
    ],
)
def test_gradient_matches_finite_differences(step: int, settings: dict[str, Any]) -> None:
    """The weights are numbers here: nothing is differentiated through them."""
    sampler, objective = FixedSampler(2, 2, [3, 2]), Regression(START)
    rule = vao(**settings)
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
    rule = vao()
    first = rule.accumulate(objective, sampler, 0)
    second = rule.accumulate(objective, sampler, 1)
    torch.testing.assert_close(first.losses, second.losses)


def test_as_the_temperature_grows_equal_sources_are_shared_naively() -> None:
    sampler, objective = FixedSampler(4, 3, [2, 2, 2]), Regression(START)
    naive = EqualWeights().accumulate(objective, sampler, 0)
    pooled = objective.gradient().copy()
    uniform = vao(temperature=1e9).accumulate(objective, sampler, 0)
    np.testing.assert_allclose(objective.gradient(), pooled, rtol=1e-8)
    torch.testing.assert_close(uniform.losses, naive.losses)


def test_a_source_without_gradient_aligns_with_nothing() -> None:
    sampler, objective = FixedSampler(5, 1, [2, 2]), Regression(START)
    points = sampler.points[0][1]
    sampler.points[0][1] = points._replace(inputs=torch.zeros_like(points.inputs))
    report = vao().accumulate(objective, sampler, 0)
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
        vao().accumulate(objective, sampler, 3)


def test_frozen_parameters_get_no_gradient() -> None:
    objective = Regression(START)
    vao().accumulate(objective, FixedSampler(7, 2, [2]), 0)
    assert objective.frozen.grad is None
