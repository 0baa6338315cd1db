"""Algorithms 1 and 2 of the VAO paper, line by line with plain autograd, against the rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.vao.weighting.quadratic import Centres, Quadratic, Vector, mean_gradient, problem
from tests.vao.weighting.samplers import GivenSampler
from vao.weighting.settings import VaoSettings
from vao.weighting.validation_aligned import ValidationAligned

RATE = 0.05
KINDS = ("cosine", "inner_product")


def autograd(objective: Quadratic, samples: Centres) -> Tensor:
    parts = torch.autograd.grad(objective(samples).mean(), [objective.trunk, objective.head])
    return torch.cat(parts)


def direction(objective: Quadratic, sampler: GivenSampler, k: int, kind: str) -> Tensor:
    """Lines 5 to 11 of algorithm 1 for target k: sum over i of w_ik g_ik."""
    wanted = autograd(objective, sampler.held_out[k])
    pairs = torch.stack([autograd(objective, points) for points in sampler.points[k]])
    alignment = pairs @ wanted
    if kind == "cosine":
        alignment = alignment / pairs.norm(dim=1) / wanted.norm()
    return (alignment / 0.1).softmax(dim=0) @ pairs


def walk(objective: Quadratic, update: Tensor) -> None:
    with torch.no_grad():
        objective.trunk.sub_(RATE * update[:1])
        objective.head.sub_(RATE * update[1:])


def trained(rule: ValidationAligned, objective: Quadratic, sampler: GivenSampler, n: int) -> Vector:
    for step in range(n):
        rule.accumulate(objective, sampler, step)
        walk(objective, torch.from_numpy(objective.gradient()))
        rule.stepped(objective)
    return objective.theta().detach().numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_algorithm_1_one_target_several_sources(kind: str) -> None:
    theta, curvature, sampler = problem(1, 1, [3, 2, 4])
    settings: Any = {"refresh": 1, "alignment": kind, "validation_batch": 0}
    ours, paper = Quadratic(theta, curvature), Quadratic(theta, curvature)
    found = trained(ValidationAligned(VaoSettings(**settings)), ours, sampler, 20)
    for _ in range(20):
        walk(paper, direction(paper, sampler, 0, kind))
    np.testing.assert_allclose(found, paper.theta().detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_algorithm_2_targets_one_after_the_other(kind: str) -> None:
    theta, curvature, sampler = problem(2, 3, [3, 2, 4])
    settings: Any = {"refresh": 1, "alignment": kind, "validation_batch": 0, "update": "per_target"}
    rule = ValidationAligned(VaoSettings(**settings))
    ours, paper = Quadratic(theta, curvature), Quadratic(theta, curvature)
    assert rule.updates(3) == 3
    found = trained(rule, ours, sampler, 3 * 7)
    for _ in range(7):
        for k in range(3):
            walk(paper, direction(paper, sampler, k, kind))
    np.testing.assert_allclose(found, paper.theta().detach().numpy(), rtol=1e-10)


def test_equation_9_all_targets_at_once() -> None:
    theta, curvature, sampler = problem(3, 3, [3, 2, 4])
    ours, paper = Quadratic(theta, curvature), Quadratic(theta, curvature)
    rule = ValidationAligned(VaoSettings(refresh=1, validation_batch=0))
    assert rule.updates(3) == 1
    found = trained(rule, ours, sampler, 7)
    for _ in range(7):
        walk(paper, sum((direction(paper, sampler, k, "cosine") for k in range(3)), torch.zeros(3)))
    np.testing.assert_allclose(found, paper.theta().detach().numpy(), rtol=1e-10)


@given(st.integers(0, 2**32), st.integers(2, 4))
def test_each_update_is_one_targets_own(seed: int, targets: int) -> None:
    theta, curvature, sampler = problem(seed, targets, [2, 1])
    objective = Quadratic(theta, curvature)
    rule = ValidationAligned(VaoSettings(update="per_target", refresh=2))
    held: list[Vector] = []
    for step in range(3 * targets):
        round_, k = divmod(step, targets)
        report = rule.accumulate(objective, sampler, step)
        assert report.losses.shape == (1,)
        assert (report.weights is None) == (round_ == 1)
        if report.weights is not None:
            assert report.weights.shape == (1, 2)
            held = [*held[:k], report.weights[0].numpy(), *held[k + 1 :]]
        pairs = [mean_gradient(theta, curvature, points) for points in sampler.points[k]]
        expected = held[k] @ np.array(pairs)
        np.testing.assert_allclose(objective.gradient(), expected, rtol=1e-8, atol=1e-11)


def test_per_target_draws_for_one_target_alone() -> None:
    theta, curvature, sampler = problem(4, 3, [2, 2])
    rule = ValidationAligned(VaoSettings(update="per_target", refresh=2))
    for step in range(6):
        rule.accumulate(Quadratic(theta, curvature), sampler, step)
    assert sampler.calls == {"by_source": 6, "validation": 3}


def test_with_one_target_both_ways_are_one() -> None:
    theta, curvature, sampler = problem(5, 1, [2, 3])
    found = [
        trained(ValidationAligned(settings), Quadratic(theta, curvature), sampler, 12)
        for settings in (VaoSettings(), VaoSettings(update="per_target"))
    ]
    np.testing.assert_array_equal(found[0], found[1])
