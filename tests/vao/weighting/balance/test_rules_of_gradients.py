"""Rules that go by gradients, against their formulas written out, and against torchjd."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchjd.aggregation import IMTLGWeighting, MGDAWeighting, PCGradWeighting

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.balance.toys import (
    Linear,
    Targets,
    Vector,
    rule_of,
    train,
    update_of,
    weights_of,
)
from vao.weighting.registry import make

seeds = st.integers(0, 2**32)
quick = settings(max_examples=25, deadline=None)


def _rows(seed: int, targets: int, numbers: int = 6) -> Vector:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(targets, numbers)) * rng.uniform(0.2, 5.0, size=(targets, 1))


@quick
@given(seeds)
def test_pcgrad_of_two_targets_projects_both(seed: int) -> None:
    first, second = _rows(seed, 2, 3)
    expected = first + second
    if first @ second < 0.0:
        expected = expected - (first @ second) / (second @ second) * second
        expected = expected - (first @ second) / (first @ first) * first
    update, _ = update_of(rule_of("pcgrad"), [first, second])
    np.testing.assert_allclose(update, expected, rtol=1e-9, atol=1e-12)


def test_pcgrad_has_the_outcomes_of_torchjd_for_all_orders() -> None:
    rows = np.array([[1.0, 0.2, 0.0], [-0.9, 0.5, 0.1], [-0.3, -1.0, 0.4]])
    theirs, gramian = PCGradWeighting(), torch.from_numpy(rows @ rows.T)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        expected = {tuple((theirs(gramian).numpy() @ rows).round(9)) for _ in range(200)}
    told = {tuple(update_of(rule_of("pcgrad"), rows, step=s)[0].round(9)) for s in range(200)}
    assert len(expected) > 1
    assert told == expected


def test_pcgrad_goes_by_seed_and_step_and_draws_nothing_else() -> None:
    rows = np.array([[1.0, 0.2, 0.0], [-0.9, 0.5, 0.1], [-0.3, -1.0, 0.4]])
    torch.manual_seed(5)
    stream = torch.random.get_rng_state()
    told = [
        [update_of(rule_of("pcgrad", seed), rows, step=s)[0] for s in range(9)]
        for seed in (1, 1, 2)
    ]
    assert torch.equal(torch.random.get_rng_state(), stream)
    np.testing.assert_array_equal(told[0], told[1])
    assert not np.allclose(told[0], told[2])


def _simplex(targets: int, parts: int) -> Vector:
    if targets == 2:
        share = np.linspace(0.0, 1.0, parts + 1)
        return np.stack([share, 1.0 - share], axis=1)
    grid = [(i, j, parts - i - j) for i in range(parts + 1) for j in range(parts + 1 - i)]
    return np.array(grid) / parts


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from([2, 3]), st.sampled_from([0.2, 0.5, 0.9]))
def test_cagrad_minimises_its_dual(seed: int, targets: int, c: float) -> None:
    rows = _rows(seed, targets)
    mean = rows.mean(axis=0)
    points = _simplex(targets, 2000 if targets == 2 else 120) @ rows
    radius = c * np.linalg.norm(mean)
    best = (points @ mean + radius * np.linalg.norm(points, axis=1)).min()
    update, _ = update_of(rule_of("cagrad", c=c), rows)
    found = update * (1.0 + c) / targets
    np.testing.assert_allclose(np.linalg.norm(found - mean), radius, rtol=1e-4)
    # By duality the gain of the target worst off is what the dual comes down to.
    gain = (rows @ found).min()
    assert gain <= best + 1e-6 * abs(best)
    assert gain >= best - 1e-2 * np.linalg.norm(rows) * np.linalg.norm(mean)


def test_cagrad_in_closed_form() -> None:
    # Of gradients 1 and 10 along two axes the first is worst off wherever the mean is weighted.
    rows = np.array([[1.0, 0.0], [0.0, 10.0]])
    mean = np.array([0.5, 5.0])
    shares = np.linspace(0.0, 1.0, 200001)[:, None]
    points = shares * rows[0] + (1.0 - shares) * rows[1]
    radius = 0.5 * np.linalg.norm(mean)
    point = points[(points @ mean + radius * np.linalg.norm(points, axis=1)).argmin()]
    expected = 2.0 / 1.5 * (mean + radius * point / np.linalg.norm(point))
    np.testing.assert_allclose(update_of(rule_of("cagrad"), rows)[0], expected, rtol=1e-3)


def test_cagrad_that_may_not_leave_the_mean_weighs_all_alike() -> None:
    rows = _rows(1, 3)
    np.testing.assert_allclose(update_of(rule_of("cagrad", c=0.0), rows)[0], rows.sum(axis=0))


def test_cagrad_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchjd.aggregation", None)
    with pytest.raises(InvalidArgumentError, match=r'pip install -e "\.\[rivals\]"'):
        make("cagrad")


@quick
@given(seeds)
def test_mgda_of_two_targets_in_closed_form(seed: int) -> None:
    first, second = _rows(seed, 2, 3)
    gap = second - first
    share = float(np.clip(gap @ second / (gap @ gap), 0.0, 1.0))
    expected = 2.0 * np.array([share, 1.0 - share])
    np.testing.assert_allclose(weights_of(rule_of("mgda"), [first, second]), expected, atol=1e-8)


@quick
@given(seeds, st.integers(2, 6))
def test_mgda_is_where_no_average_is_shorter(seed: int, targets: int) -> None:
    rows = _rows(seed, targets, 4)
    weights = weights_of(rule_of("mgda"), rows) / targets
    assert weights.min() >= 0.0
    shortest = weights @ rows
    # Of a convex set the shortest point sees every other one at no less than its own square.
    assert (rows @ shortest).min() >= shortest @ shortest - 1e-6 * (rows**2).sum()


def test_mgda_agrees_with_torchjd_given_time() -> None:
    for seed in range(5):
        rows = _rows(seed, 3)
        theirs = MGDAWeighting(epsilon=1e-9, max_iters=20000)(torch.from_numpy(rows @ rows.T))
        np.testing.assert_allclose(weights_of(rule_of("mgda"), rows), 3.0 * theirs, atol=1e-3)


@quick
@given(seeds, st.integers(2, 4))
def test_imtl_projects_equally_on_all_gradients(seed: int, targets: int) -> None:
    rows = _rows(seed, targets)
    update, report = update_of(rule_of("imtl_g"), rows)
    assert report.balance is not None
    np.testing.assert_allclose(report.balance.sum(), targets, rtol=1e-9)
    projections = (rows @ update) / np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(projections, projections[0], rtol=1e-4)


@quick
@given(seeds)
def test_imtl_agrees_with_torchjd(seed: int) -> None:
    rows = _rows(seed, 3)
    theirs = IMTLGWeighting()(torch.from_numpy(rows @ rows.T)).numpy()
    np.testing.assert_allclose(weights_of(rule_of("imtl_g"), rows), 3.0 * theirs, rtol=1e-4)


def test_imtl_of_two_targets_weighs_by_lengths_even_if_parallel() -> None:
    for second in ([0.0, 4.0], [4.0, 0.0], [-4.0, 0.0], [4.0, 1e-9]):
        told = weights_of(rule_of("imtl_g"), [[1.0, 0.0], second])
        np.testing.assert_allclose(told, [1.6, 0.4], rtol=1e-6)


def test_grad_norm_steps_along_its_objective() -> None:
    slopes, heights = np.diag([1.0, 2.0, 0.5]), np.array([2.0, 6.0, 5.0])
    alpha, lr, rate = 1.5, 0.025, 0.1
    rule, sampler, objective = rule_of("grad_norm"), Targets(slopes, heights), Linear(3)
    told = train(rule, sampler, objective, range(6), rate)
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([logits], lr=lr)
    point = np.zeros(3)
    for row in told:
        weights = 3.0 * logits.softmax(dim=0)
        np.testing.assert_allclose(row, weights.detach().numpy(), rtol=1e-9)
        left = (heights + slopes @ point) / heights
        norms = weights * torch.from_numpy(np.linalg.norm(slopes, axis=1))
        wanted = norms.mean().detach() * torch.from_numpy((left / left.mean()) ** alpha)
        adam.zero_grad()
        (norms - wanted).abs().sum().backward()  # type: ignore[no-untyped-call]
        adam.step()
        point = point - rate * row @ slopes


def test_grad_norm_brings_norms_of_even_losses_together() -> None:
    rows = np.diag([1.0, 3.0])
    rule = rule_of("grad_norm", learning_rate=0.01)
    for step in range(300):
        told = weights_of(rule, rows, [2.0, 2.0], step)
    np.testing.assert_allclose(told, [1.5, 0.5], atol=0.03)
