"""Sampled VAO: its update on average, and where its weights go."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.quadratic import (
    Centres,
    Quadratic,
    centres,
    mean_gradient,
    problem,
)
from tests.vao.weighting.samplers import GivenSampler, joined
from tests.vao.weighting.teams import parts_of_a_team
from vao.weighting import DivergedError, alignment_weights, sampled
from vao.weighting.protocol import Context
from vao.weighting.registry import make
from vao.weighting.sampled import SampledVao, SampledVaoSettings
from vao.weighting.temperature import effective_sources

Vector = NDArray[np.float64]


class Told(GivenSampler):
    """Draws the sources it is told to, the first sample of each; notes the chances."""

    def __init__(self, given: GivenSampler, script: Sequence[tuple[int, ...]]) -> None:
        super().__init__(given.points, given.held_out)
        self.script = script
        self.chances: dict[int, Vector] = {}

    def mixed(self, target: int, chances: Vector) -> tuple[Any, NDArray[np.int64]]:
        """As the script has it for this target."""
        self.chances[target] = chances.copy()
        owners = self.script[target]
        parts = [Centres(*(t[:1] for t in self.points[target][owner])) for owner in owners]
        return joined(parts), np.array(owners)


def _rule(**settings: Any) -> SampledVao:
    return SampledVao(SampledVaoSettings(**settings))


def _equation_9(start: Vector, curvature: Vector, sampler: GivenSampler, weights: Vector) -> Vector:
    total = np.zeros_like(start)
    for target, row in enumerate(sampler.points):
        for source, samples in enumerate(row):
            total += weights[target, source] * mean_gradient(start, curvature, samples)
    return total


@pytest.mark.parametrize("step", [5, 6])
def test_the_update_is_that_of_all_pairs_on_average(step: int) -> None:
    """Every outcome of two draws from three sources, weighed by its chance."""
    start, curvature, sampler = problem(1, 2, [1, 1, 1])
    weights = torch.tensor([[0.7, 0.2, 0.1], [0.05, 0.25, 0.7]], dtype=torch.float64)
    first = _rule()
    first.accumulate(Quadratic(start, curvature), sampler, 0)
    state = {**first.state(), "weights": weights}
    mean, total, losses = np.zeros(3), 0.0, np.zeros(2)
    outcomes = list(itertools.product(range(3), repeat=2))
    for script in itertools.product(outcomes, repeat=2):
        told, rule, objective = Told(sampler, script), _rule(), Quadratic(start, curvature)
        rule.resume(state)
        report = rule.accumulate(objective, told, step)
        chance = float(np.prod([told.chances[k][i] for k in range(2) for i in script[k]]))
        total += chance
        mean += chance * objective.gradient()
        losses += chance * report.losses.numpy()
    assert total == pytest.approx(1.0)
    expected = _equation_9(start, curvature, sampler, weights.numpy())
    np.testing.assert_allclose(mean, expected, rtol=1e-9, atol=1e-12)
    each = [[Quadratic(start, curvature)(p).mean().item() for p in row] for row in sampler.points]
    np.testing.assert_allclose(losses, (weights.numpy() * np.array(each)).sum(axis=1), rtol=1e-9)


def test_renewals_draw_from_all_sources_and_other_steps_by_weight() -> None:
    start, curvature, sampler = problem(2, 1, [1, 1, 1, 1])
    told, rule = Told(sampler, [(0, 1, 2, 3)]), _rule(exploration=0.4)
    rule.accumulate(Quadratic(start, curvature), told, 0)
    np.testing.assert_allclose(told.chances[0], 0.25)
    weights = torch.tensor([[1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    rule.resume({**rule.state(), "weights": weights})
    rule.accumulate(Quadratic(start, curvature), told, 1)
    np.testing.assert_allclose(told.chances[0], weights[0])
    rule.accumulate(Quadratic(start, curvature), told, 5)
    np.testing.assert_allclose(told.chances[0], [0.7, 0.1, 0.1, 0.1])


def test_a_renewal_reports_weights_that_hold_from_the_next_step_on() -> None:
    start, curvature, sampler = problem(3, 2, [3, 3])
    told, rule = Told(sampler, [(0, 1), (1, 1)]), _rule(refresh=2)
    report = rule.accumulate(Quadratic(start, curvature), told, 0)
    assert report.weights is not None
    assert report.alignment is not None
    torch.testing.assert_close(report.weights, alignment_weights(report.alignment, 0.1))
    after = rule.accumulate(Quadratic(start, curvature), told, 1)
    assert after.weights is None
    assert after.alignment is None
    for target, row in enumerate(report.weights):
        np.testing.assert_allclose(told.chances[target], row)


def test_alignments_are_the_true_cosines_in_the_end() -> None:
    start, curvature, sampler = problem(4, 3, [8, 12, 16])
    # Sources whose means lie far apart, so that their gradients point every way.
    away = 6.0 * np.random.default_rng(0).normal(size=(3, 3, 3))
    sampler.points = [
        [
            Centres(c.centres + torch.tensor(shift), c.place)
            for c, shift in zip(row, shifts, strict=True)
        ]
        for row, shifts in zip(sampler.points, away, strict=True)
    ]
    rule = _rule(smoothing=0.999, norm_batch=10**9, validation_batch=0, guess=0.01, exploration=0.9)
    objective = Quadratic(start, curvature)
    for _ in range(100):
        report = rule.accumulate(objective, sampler, 0)
    assert report.alignment is not None
    true = np.empty((3, 3))
    for target, source in np.ndindex(3, 3):
        pair = mean_gradient(start, curvature, sampler.points[target][source])
        wanted = mean_gradient(start, curvature, sampler.held_out[target])
        true[target, source] = pair @ wanted / np.linalg.norm(pair) / np.linalg.norm(wanted)
    assert true.min() < -0.5
    assert true.max() > 0.5
    np.testing.assert_allclose(report.alignment.numpy(), true, atol=0.05)


def test_inner_products_are_the_true_ones_in_the_end() -> None:
    start, curvature, sampler = problem(5, 2, [12, 12])
    rule = _rule(alignment="inner_product", smoothing=0.999, validation_batch=0, guess=0.01)
    objective = Quadratic(start, curvature)
    for _ in range(100):
        report = rule.accumulate(objective, sampler, 0)
    assert report.alignment is not None
    for target, source in np.ndindex(2, 2):
        pair = mean_gradient(start, curvature, sampler.points[target][source])
        wanted = mean_gradient(start, curvature, sampler.held_out[target])
        found = report.alignment[target, source].item()
        assert found == pytest.approx(pair @ wanted, abs=0.1 * float(np.linalg.norm(pair)) + 0.1)


def test_a_harmful_source_loses_its_weight() -> None:
    sampler = GivenSampler([[centres([1.0, 0.0]), centres([-1.0, 0.0])]], [centres([1.0, 0.0])])
    rule, objective = _rule(validation_batch=0), Quadratic([0.0, 0.0])
    for _ in range(20):
        report = rule.accumulate(objective, sampler, 0)
    assert report.weights is not None
    assert report.weights[0, 0] > 0.99


def test_effective_sources_can_be_asked_for() -> None:
    start, curvature, sampler = problem(6, 2, [2, 2, 2, 2])
    rule = _rule(adapt="sources", effective_sources=2.5)
    report = rule.accumulate(Quadratic(start, curvature), sampler, 0)
    assert report.weights is not None
    np.testing.assert_allclose(effective_sources(report.weights), 2.5, rtol=1e-6)


def test_it_goes_on_bit_for_bit() -> None:
    start, curvature, sampler = problem(7, 2, [3, 3])
    rule, other = _rule(refresh=2), _rule(refresh=2)
    assert rule.state() == {}
    script = [(0, 1, 1), (0, 0, 1)]
    for step in range(4):
        rule.accumulate(Quadratic(start, curvature), Told(sampler, script), step)
    other.resume(rule.state())
    kept = {name: tensor.clone() for name, tensor in rule.state().items()}
    for step in range(4, 7):
        found = [Quadratic(start, curvature), Quadratic(start, curvature)]
        for objective, each in zip(found, (rule, other), strict=True):
            each.accumulate(objective, Told(sampler, script[::-1]), step)
        assert np.array_equal(found[0].gradient(), found[1].gradient())
    assert all(torch.equal(t, other.state()[name]) for name, t in rule.state().items())
    assert not torch.equal(kept["weights"], rule.state()["weights"])


@pytest.mark.parametrize("step", [0, 1])
def test_parts_of_a_team_add_up(step: int) -> None:
    start, curvature, sampler = problem(8, 2, [3, 3])
    script = [(0, 0, 1, 1), (1, 1, 1, 0)]
    whole = Quadratic(start, curvature)
    alone = _rule()
    alone.accumulate(Quadratic(start, curvature), Told(sampler, script), 0)
    state = alone.state()
    expected = alone.accumulate(whole, Told(sampler, script), 5 * (1 - step) + step)
    update, losses = np.zeros(3), torch.zeros(2, dtype=torch.float64)
    for team in parts_of_a_team(2):
        rule, part = SampledVao(context=Context(team)), Quadratic(start, curvature)
        rule.resume(state)
        report = rule.accumulate(part, Told(sampler, script), 5 * (1 - step) + step)
        update += part.gradient()
        losses += report.losses
    np.testing.assert_allclose(update, whole.gradient(), rtol=1e-9)
    torch.testing.assert_close(losses, expected.losses)


def test_work_in_parts_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    start, curvature, sampler = problem(9, 5, [2, 2])
    script = [(0, 1), (1, 1), (0, 0), (1, 0), (0, 1)]

    def updates() -> list[Vector]:
        rule, found = _rule(refresh=2), []
        for step in range(3):
            objective = Quadratic(start, curvature)
            rule.accumulate(objective, Told(sampler, script), step)
            found.append(objective.gradient())
        return found

    whole = updates()
    monkeypatch.setattr(sampled, "_AT_ONCE", 3)
    monkeypatch.setattr(sampled, "_CHUNK", 6)
    np.testing.assert_allclose(updates(), whole, rtol=1e-9)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["source", "validation"])
def test_gradients_that_are_not_finite_are_named(place: str, value: float) -> None:
    start, curvature, sampler = problem(10, 1, [1, 1])
    samples = sampler.held_out[0] if place == "validation" else sampler.points[0][1]
    samples.centres[0, 0] = value
    with pytest.raises(DivergedError, match="at step 3"):
        _rule().accumulate(Quadratic(start, curvature), Told(sampler, [(0, 1)]), 3)


def test_batches_need_no_sample_of_every_source() -> None:
    settings = SampledVaoSettings()
    assert SampledVao.smallest_batch(settings, 32, 128) == 8
    assert SampledVao.smallest_batch(SampledVaoSettings(validation_batch=0), 32, 128) == 32
    assert SampledVao.validates(settings)


def test_it_is_found_by_name() -> None:
    rule = make("sampled_vao", temperature=0.3)
    assert isinstance(rule, SampledVao)
    assert rule.settings.temperature == 0.3


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"refresh": 0},
        {"validation_batch": -1},
        {"alignment": "angle"},
        {"smoothing": 1.0},
        {"exploration": 0.0},
        {"exploration": 1.0},
        {"norm_batch": 0},
        {"guess": 0.0},
        {"guess": float("inf")},
        {"adapt": "noise"},
        {"effective_sources": 0.5},
    ],
)
def test_refuses_impossible_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        SampledVaoSettings(**settings)
