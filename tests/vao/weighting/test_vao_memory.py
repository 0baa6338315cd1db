"""What VAO remembers: running means, noise, weights at rest; and what does not depend on chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.vao.weighting.quadratic import Quadratic, problem
from tests.vao.weighting.reference import vao
from tests.vao.weighting.samplers import GivenSampler
from vao.weighting import StepReport, ValidationAligned, alignment_weights, validation_aligned
from vao.weighting.temperature import effective_sources

OPTIONS: list[dict[str, Any]] = [
    {},
    {"smoothing": 0.9},
    {"adapt": "noise"},
    {"adapt": "noise", "smoothing": 0.5, "noise_factor": 3.0},
    {"adapt": "sources", "effective_sources": 1.5},
    {"update": "per_target", "smoothing": 0.5},
    {"update": "per_target", "adapt": "noise"},
    {"signal": "training", "parameters": "trunk", "alignment": "inner_product"},
    {"refresh_batch": 4, "validation_batch": 0, "smoothing": 0.9},
]


def step_on(
    rule: ValidationAligned, objective: Quadratic, sampler: GivenSampler, step: int
) -> StepReport:
    report = rule.accumulate(objective, sampler, step)
    with torch.no_grad():
        for parameter in (objective.trunk, objective.head):
            assert parameter.grad is not None
            parameter.sub_(0.05 * parameter.grad)
    rule.stepped(objective)
    return report


def reports(rule: ValidationAligned, seed: int, steps: int, targets: int = 2) -> list[StepReport]:
    theta, curvature, sampler = problem(seed, targets, [2, 3, 1])
    objective = Quadratic(theta, curvature)
    return [step_on(rule, objective, sampler, step) for step in range(steps)]


def values(report: StepReport, name: str) -> Any:
    found = getattr(report, name)
    assert found is not None
    return found.numpy()


@given(st.integers(0, 2**32), st.floats(0.0, 0.99))
def test_weights_are_made_of_the_running_mean(seed: int, smoothing: float) -> None:
    found = reports(vao(smoothing=smoothing, refresh=1), seed, 4)
    measured = [values(report, "alignment") for report in found]
    for n, report in enumerate(found, 1):
        ages = smoothing ** np.arange(n - 1, -1, -1.0)
        mean = np.tensordot(ages / ages.sum(), np.array(measured[:n]), 1)
        weights = alignment_weights(mean, 0.1)
        np.testing.assert_allclose(values(report, "weights"), weights, rtol=1e-7, atol=1e-12)


@given(st.integers(0, 2**32), st.floats(1.05, 2.9))
def test_effective_sources_are_as_many_as_wanted(seed: int, wanted: float) -> None:
    for report in reports(vao(adapt="sources", effective_sources=wanted, refresh=1), seed, 2):
        assert report.weights is not None
        np.testing.assert_allclose(effective_sources(report.weights).numpy(), wanted, rtol=1e-6)


@pytest.mark.parametrize("kind", ["cosine", "inner_product"])
def test_lambda_follows_the_noise(kind: str) -> None:
    first, second = reports(
        vao(adapt="noise", noise_factor=70.0, temperature=0.01, refresh=1, alignment=kind), 1, 2
    )
    before, after = values(first, "alignment"), values(second, "alignment")
    np.testing.assert_allclose(values(first, "weights"), alignment_weights(before, 0.01))
    change = after - before
    noise = np.abs(change - change.mean(axis=1, keepdims=True)) / np.sqrt(2.0)
    np.testing.assert_allclose(values(second, "noise"), noise, rtol=1e-9)
    lambdas = np.maximum(0.01, 70.0 * np.sqrt((noise**2).mean(axis=1)))
    assert np.all(lambdas > 0.01)
    np.testing.assert_allclose(values(second, "weights"), alignment_weights(after, lambdas))


@pytest.mark.parametrize("settings", OPTIONS)
@pytest.mark.parametrize("held", [1, 2])
def test_chunks_change_nothing(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], held: int
) -> None:
    """All but the conflicts, which take the gradients of all targets at once."""
    whole = reports(vao(refresh=2, **settings), 3, 9, targets=3)
    monkeypatch.setattr(validation_aligned, "_CHUNK", held * 3 * 3)
    parts = reports(vao(refresh=2, **settings), 3, 9, targets=3)
    for one, other in zip(whole, parts, strict=True):
        for name in ("losses", "alignment", "weights", "noise"):
            expected, found = getattr(one, name), getattr(other, name)
            assert (expected is None) == (found is None)
            if expected is not None:
                torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
        assert other.conflicts is None


def test_a_chunk_holds_at_least_one_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation_aligned, "_CHUNK", 1)
    assert values(reports(vao(), 3, 1)[0], "weights").shape == (2, 3)


@pytest.mark.parametrize("settings", OPTIONS)
@pytest.mark.parametrize("halt", [1, 3, 4, 5])
def test_resumes_bit_for_bit(settings: dict[str, Any], halt: int) -> None:
    theta, curvature, sampler = problem(4, 2, [2, 3, 1])
    straight, objective = vao(refresh=2, **settings), Quadratic(theta, curvature)
    for step in range(halt):
        step_on(straight, objective, sampler, step)
    state = {name: tensor.clone() for name, tensor in straight.state().items()}
    copy = Quadratic(objective.theta().detach().numpy(), curvature)
    resumed = vao(refresh=2, **settings)
    resumed.resume(state)
    for step in range(halt, 12):
        expected = step_on(straight, objective, sampler, step)
        found = step_on(resumed, copy, sampler, step)
        for name in ("losses", "alignment", "weights", "noise", "conflicts"):
            one, other = getattr(expected, name), getattr(found, name)
            assert one is other is None or torch.equal(one, other)
    assert torch.equal(copy.theta(), objective.theta())
    ends = straight.state(), resumed.state()
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_a_state_does_not_change_as_training_goes_on() -> None:
    theta, curvature, sampler = problem(5, 2, [2, 3])
    rule, objective = vao(refresh=1, smoothing=0.5), Quadratic(theta, curvature)
    step_on(rule, objective, sampler, 0)
    state = rule.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}
    other = vao(refresh=1, smoothing=0.5)
    other.resume(state)
    for going in (rule, other):
        step_on(going, objective, sampler, 1)
    assert all(torch.equal(state[name], kept[name]) for name in kept)


def test_a_report_does_not_change_as_training_goes_on() -> None:
    theta, curvature, sampler = problem(6, 2, [2, 3])
    rule, objective = vao(refresh=1), Quadratic(theta, curvature)
    report = step_on(rule, objective, sampler, 0)
    assert report.weights is not None
    weights = report.weights.clone()
    step_on(rule, objective, sampler, 1)
    assert torch.equal(report.weights, weights)


def test_before_the_first_step_there_is_nothing_to_remember() -> None:
    assert vao().state() == {}
    rule = vao()
    rule.resume({})
    theta, curvature, sampler = problem(7, 2, [2, 3])
    assert rule.accumulate(Quadratic(theta, curvature), sampler, 3).weights is not None
