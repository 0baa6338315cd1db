"""Equal weights: sums over targets of means over samples."""

from __future__ import annotations

import numpy as np
import torch

from tests.vao.weighting.linear import FixedSampler, Regression, closed_form
from tests.vao.weighting.teams import parts_of_a_team
from vao.weighting import EqualWeights
from vao.weighting.equal import NO_SETTINGS
from vao.weighting.protocol import Context

START = [0.3, -1.2, 0.8, 0.1]


def test_gradient_is_the_sum_over_targets_of_mean_gradients() -> None:
    sampler, objective = FixedSampler(1, 3, [2, 5]), Regression(START)
    report = EqualWeights().accumulate(objective, sampler, 0)
    expected = sum(closed_form(START, sampler.pooled(k)) for k in range(3))
    np.testing.assert_allclose(objective.gradient(), expected, rtol=1e-10)
    means = torch.stack([objective(sampler.pooled(k)).mean() for k in range(3)])
    torch.testing.assert_close(report.losses, means.detach())


def test_gradients_do_not_pile_up() -> None:
    sampler, objective = FixedSampler(2, 2, [3]), Regression(START)
    EqualWeights().accumulate(objective, sampler, 0)
    first = objective.gradient().copy()
    EqualWeights().accumulate(objective, sampler, 1)
    np.testing.assert_array_equal(objective.gradient(), first)


def test_nothing_is_measured_or_remembered() -> None:
    sampler, objective, rule = FixedSampler(3, 2, [3, 2]), Regression(START), EqualWeights()
    report = rule.accumulate(objective, sampler, 0)
    assert sampler.calls == {"batch": 2}
    assert report.alignment is report.weights is report.balance is None
    assert not report.losses.requires_grad
    assert rule.state() == {}
    assert rule.updates(2) == 1
    assert EqualWeights.smallest_batch(NO_SETTINGS, 32, 3) == 32


def test_frozen_parameters_get_no_gradient() -> None:
    objective = Regression(START)
    EqualWeights().accumulate(objective, FixedSampler(3, 2, [3, 2]), 0)
    assert objective.frozen.grad is None


def test_processes_of_a_team_add_up_to_one() -> None:
    sampler, whole = FixedSampler(4, 2, [3, 2]), Regression(START)
    EqualWeights().accumulate(whole, sampler, 0)
    parts = []
    for team in parts_of_a_team(3):
        part = Regression(START)
        EqualWeights(context=Context(team)).accumulate(part, sampler, 0)
        parts.append(part.gradient())
    np.testing.assert_allclose(sum(parts), whole.gradient(), rtol=1e-12)
