"""Equal weights: sums over targets of means over samples."""

from __future__ import annotations

import numpy as np
import torch

from tests.vao.weighting.linear import FixedSampler, Regression, closed_form
from vao.weighting import EqualWeights

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
