"""Weights set beforehand: what they are, when they change, and what update they make."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.quadratic import Quadratic, mean_gradient, problem
from tests.vao.weighting.teams import parts_of_a_team
from vao.weighting.equal import EqualWeights
from vao.weighting.fixed import (
    FixedShares,
    OwnHeavy,
    OwnHeavySettings,
    Schedule,
    ScheduleSettings,
    Uniform,
)
from vao.weighting.protocol import Context

RULES = [Uniform, OwnHeavy, Schedule]
counts = st.lists(st.integers(1, 4), min_size=1, max_size=4)
Rule = type[FixedShares]


def weights_at(rule: FixedShares, step: int, targets: int = 2, sources: int = 3) -> Tensor:
    _, _, sampler = problem(0, targets, [1] * sources)
    return rule.weights(sampler, step)


@pytest.mark.parametrize("kind", RULES)
@given(st.integers(0, 2**32), st.integers(1, 3), counts, st.integers(0, 9))
def test_update_is_the_weighted_sum_of_the_sources_mean_gradients(
    kind: Any, seed: int, targets: int, sizes: list[int], step: int
) -> None:
    theta, curvature, sampler = problem(seed, targets, sizes)
    rule, objective = kind(context=Context(steps=10)), Quadratic(theta, curvature)
    report = rule.accumulate(objective, sampler, step)
    weights = rule.weights(sampler, step)
    expected = sum(
        weights[k, i].item() * mean_gradient(theta, curvature, points)
        for k, row in enumerate(sampler.points)
        for i, points in enumerate(row)
    )
    np.testing.assert_allclose(objective.gradient(), expected, rtol=1e-9, atol=1e-12)
    means = [[objective(points).mean().item() for points in row] for row in sampler.points]
    losses = (weights * torch.tensor(means)).sum(dim=1)
    torch.testing.assert_close(report.losses, losses.to(report.losses))
    assert report.alignment is None
    assert not report.losses.requires_grad


@pytest.mark.parametrize("kind", RULES)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 30))
def test_rows_are_distributions(kind: Any, targets: int, sources: int, step: int) -> None:
    weights = weights_at(kind(context=Context(steps=20)), step, targets, sources)
    assert weights.shape == (targets, sources)
    assert bool((weights >= 0.0).all())
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(targets, dtype=torch.float64))


def test_uniform_is_equal_weights_where_sources_are_equally_large() -> None:
    theta, curvature, sampler = problem(1, 3, [2, 2, 2])
    pooled, uniform = Quadratic(theta, curvature), Quadratic(theta, curvature)
    naive = EqualWeights().accumulate(pooled, sampler, 0)
    report = Uniform().accumulate(uniform, sampler, 0)
    np.testing.assert_allclose(uniform.gradient(), pooled.gradient(), rtol=1e-12)
    torch.testing.assert_close(report.losses, naive.losses)


def test_uniform_does_not_go_by_the_sizes_of_the_sources() -> None:
    theta, curvature, sampler = problem(1, 1, [1, 9])
    pooled, uniform = Quadratic(theta, curvature), Quadratic(theta, curvature)
    EqualWeights().accumulate(pooled, sampler, 0)
    Uniform().accumulate(uniform, sampler, 0)
    assert np.abs(uniform.gradient() - pooled.gradient()).max() > 0.01


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6, 1.0])
def test_own_heavy_gives_the_own_source_its_share(share: float) -> None:
    weights = weights_at(OwnHeavy(OwnHeavySettings(own=share)), 7)
    rest = (1.0 - share) / 2
    expected = [[share, rest, rest], [rest, share, rest]]
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-12)


def test_own_is_where_the_sampler_has_it() -> None:
    _, _, sampler = problem(0, 2, [1, 1, 1])
    sampler._own = [2, 0]
    weights = OwnHeavy().weights(sampler, 0)
    np.testing.assert_allclose(weights.numpy(), [[0.2, 0.2, 0.6], [0.6, 0.2, 0.2]], rtol=1e-12)


@pytest.mark.parametrize("kind", RULES)
def test_an_only_source_weighs_1(kind: Any) -> None:
    theta, curvature, sampler = problem(2, 2, [3])
    fixed, equal = Quadratic(theta, curvature), Quadratic(theta, curvature)
    report = kind().accumulate(fixed, sampler, 0)
    EqualWeights().accumulate(equal, sampler, 0)
    np.testing.assert_allclose(fixed.gradient(), equal.gradient(), rtol=1e-12)
    np.testing.assert_array_equal(report.weights.numpy(), [[1.0], [1.0]])


def test_an_only_source_weighs_1_even_where_own_is_0() -> None:
    weights = weights_at(OwnHeavy(OwnHeavySettings(own=0.0)), 0, sources=1)
    np.testing.assert_array_equal(weights.numpy(), [[1.0], [1.0]])


@given(st.integers(2, 500), st.floats(0.01, 1.0))
def test_a_schedule_runs_straight_from_uniform_to_own(steps: int, until: float) -> None:
    rule = Schedule(ScheduleSettings(until), Context(steps=steps))
    own = [rule.own_share(step, 3) for step in range(steps)]
    assert own[0] == 1.0 / 3.0
    assert own[-1] == 1.0
    assert np.all(np.diff(own) >= 0.0)
    rising = [
        (share - 1 / 3) / (2 / 3) * until * (steps - 1) / step
        for step, share in enumerate(own)
        if step and share < 1.0
    ]
    np.testing.assert_allclose(rising, 1.0, rtol=1e-9)


def test_a_schedule_is_own_data_alone_after_its_end() -> None:
    rule = Schedule(ScheduleSettings(0.5), Context(steps=11))
    assert rule.own_share(4, 3) < 1.0
    assert [rule.own_share(step, 3) for step in range(5, 11)] == [1.0] * 6
    np.testing.assert_allclose(weights_at(rule, 5).numpy(), np.eye(3)[:2], atol=1e-12)


def test_a_schedule_of_one_step_is_uniform() -> None:
    assert Schedule(context=Context(steps=1)).own_share(0, 4) == 0.25


def test_a_schedule_must_know_the_steps() -> None:
    theta, curvature, sampler = problem(3, 1, [1, 1])
    with pytest.raises(InvalidArgumentError, match=r"context\.steps.*schedule.*found 0"):
        Schedule().accumulate(Quadratic(theta, curvature), sampler, 0)


def told(rule: FixedShares, steps: int) -> list[int]:
    theta, curvature, sampler = problem(3, 2, [1, 2])
    objective = Quadratic(theta, curvature)
    reports = [rule.accumulate(objective, sampler, step) for step in range(steps)]
    return [step for step, report in enumerate(reports) if report.weights is not None]


def test_weights_that_rest_are_reported_once() -> None:
    assert told(Uniform(), 30) == [0]
    assert told(OwnHeavy(), 30) == [0]


def test_a_schedule_reports_at_its_ends_and_in_between() -> None:
    assert told(Schedule(context=Context(steps=100)), 100) == [*range(0, 100, 5), 99]
    assert told(Schedule(context=Context(steps=3)), 3) == [0, 1, 2]


@pytest.mark.parametrize("kind", RULES)
def test_processes_of_a_team_add_up_to_one(kind: Any) -> None:
    theta, curvature, sampler = problem(4, 2, [3, 2])
    whole = Quadratic(theta, curvature)
    report = kind(context=Context(steps=5)).accumulate(whole, sampler, 2)
    parts, losses = [], []
    for team in parts_of_a_team(2):
        part = Quadratic(theta, curvature)
        rule = kind(context=Context(team, steps=5))
        losses.append(rule.accumulate(part, sampler, 2).losses)
        parts.append(part.gradient())
    np.testing.assert_allclose(sum(parts), whole.gradient(), rtol=1e-12)
    torch.testing.assert_close(losses[0] + losses[1], report.losses)


@pytest.mark.parametrize("own", [-0.1, 1.1, math.nan, math.inf, "0.6", True])
def test_refuses_a_share_that_is_none(own: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"settings\.own"):
        OwnHeavySettings(own=own)


@pytest.mark.parametrize("until", [0.0, -1.0, 1.5, math.nan])
def test_refuses_an_end_outside_of_the_training(until: float) -> None:
    with pytest.raises(InvalidArgumentError, match=r"settings\.until"):
        ScheduleSettings(until=until)


def test_needs_a_sample_of_each_source() -> None:
    assert Uniform.smallest_batch(None, 32, 3) == 10
    assert not Uniform.validates(None)
