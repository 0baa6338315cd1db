"""Rules that go by losses, against their formulas written out, and against torchjd."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchjd.scalarization import DWA, FAMO, UW

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.balance.toys import Linear, Targets, Vector, rule_of, train, weights_of
from vao.weighting import DivergedError
from vao.weighting.balance import Famo, LossBalance, Uncertainty
from vao.weighting.balance.famo import FamoSettings
from vao.weighting.balance.go4align import group_means
from vao.weighting.balance.uncertainty import UncertaintySettings
from vao.weighting.equal import NO_SETTINGS, NoSettings

SLOPES = np.array([[1.0, 0.5, 0.0], [-0.5, 1.0, 0.2], [0.0, 0.3, -1.0]])
HEIGHTS = [2.0, 3.0, 5.0]


def _softmax(numbers: Vector) -> Vector:
    powers = np.exp(numbers - numbers.max())
    result: Vector = powers / powers.sum()
    return result


class Adam:
    """Kingma and Ba's algorithm 1, with weight decay among the gradients."""

    def __init__(self, rate: float, decay: float) -> None:
        self.rate, self.decay = rate, decay
        self.first, self.second, self.steps = np.zeros(3), np.zeros(3), 0

    def step(self, x: Vector, gradient: Vector) -> Vector:
        gradient = gradient + self.decay * x
        self.steps += 1
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * gradient**2
        mean = self.first / (1.0 - 0.9**self.steps)
        size = np.sqrt(self.second / (1.0 - 0.999**self.steps))
        result: Vector = x - self.rate * mean / (size + 1e-8)
        return result


def test_famo_follows_its_algorithm() -> None:
    floor, rate = -0.5, 0.02
    told = train(rule_of("famo", floor=floor), Targets(SLOPES, HEIGHTS), Linear(3), range(6), rate)
    logits, point, adam = np.zeros(3), np.zeros(3), Adam(0.025, 1e-3)
    for weights in told:
        before = np.array(HEIGHTS) + SLOPES @ point - floor
        z = _softmax(logits)
        expected = z / before / (z / before).sum()
        np.testing.assert_allclose(weights, 3.0 * expected, rtol=1e-6)
        point = point - rate * 3.0 * expected @ SLOPES
        after = np.array(HEIGHTS) + SLOPES @ point - floor
        fall = np.log(before) - np.log(after)
        jacobian = np.diag(z) - np.outer(z, z)
        logits = adam.step(logits, jacobian @ fall)


def test_famo_agrees_with_torchjd() -> None:
    theirs = FAMO(3, min_losses=torch.full((3,), -0.5)).double()
    objective = Linear(3)
    sampler = Targets(SLOPES, HEIGHTS)
    rule = rule_of("famo", floor=-0.5)
    for step in range(5):
        before = torch.stack([objective(lines).mean() for lines in sampler.lines]).detach()
        (expected,) = torch.autograd.grad(theirs(before.requires_grad_()), before)
        told = train(rule, sampler, objective, [step])[0]
        np.testing.assert_allclose(told, 3.0 * expected.numpy(), rtol=1e-6)
        theirs.update(torch.stack([objective(lines).mean() for lines in sampler.lines]))


def test_famo_must_be_told_of_updates() -> None:
    rule = rule_of("famo")
    np.testing.assert_allclose(weights_of(rule, np.eye(2), [1.0, 3.0], 0), [1.5, 0.5])
    with pytest.raises(InvalidArgumentError, match=r"`stepped` must be called.*before step 1"):
        weights_of(rule, np.eye(2), [1.0, 3.0], 1)
    rule.stepped(Linear(2))
    learned = rule.state()["learned"]
    rule.stepped(Linear(2))
    assert torch.equal(rule.state()["learned"], learned)


def test_famo_names_a_loss_that_an_update_brought_beneath_its_floor() -> None:
    rule = Famo(FamoSettings())
    with pytest.raises(DivergedError, match=r"losses\[0\].*`floor`.*at step 0"):
        train(rule, Targets(np.diag([9.0, 1.0]), [1.0, 9.0]), Linear(2), range(1), rate=1.0)


def test_famo_looks_for_targets_that_lag() -> None:
    slopes = np.diag([1.0, 0.1])
    told = train(rule_of("famo"), Targets(slopes, [5.0, 5.0]), Linear(2), range(40))
    shares = [row[1] / row.sum() for row in told]
    assert shares[-1] > shares[0] + 0.1


def test_uncertainty_steps_along_its_objective() -> None:
    rule = Uncertainty(UncertaintySettings(learning_rate=0.1))
    logs, adam = np.zeros(3), Adam(0.1, 0.0)
    losses = np.array(HEIGHTS)
    for step in range(5):
        raw = 0.5 * np.exp(-logs)
        np.testing.assert_allclose(
            weights_of(rule, SLOPES, losses, step), 3.0 * raw / raw.sum(), rtol=1e-6
        )
        logs = adam.step(logs, -raw * losses + 0.5)


def test_uncertainty_comes_to_rest_at_the_logarithms_of_losses() -> None:
    rule = rule_of("uw", learning_rate=0.02)
    losses = np.array([0.5, 2.0, 1.0])
    for step in range(600):
        told = weights_of(rule, SLOPES, losses, step)
    np.testing.assert_allclose(rule.state()["learned"], np.log(losses), atol=2e-3)
    np.testing.assert_allclose(told, 3.0 / losses / (1.0 / losses).sum(), rtol=5e-3)


def test_uncertainty_agrees_with_torchjd() -> None:
    theirs = UW(3).double()
    optimiser = torch.optim.Adam(theirs.parameters(), lr=0.1)
    rule = rule_of("uw", learning_rate=0.1)
    for step in range(5):
        losses = torch.tensor(HEIGHTS, dtype=torch.float64, requires_grad=True)
        optimiser.zero_grad()
        theirs(losses).backward()  # type: ignore[no-untyped-call]
        assert losses.grad is not None
        expected = losses.grad.numpy()
        told = weights_of(rule, SLOPES, HEIGHTS, step)
        np.testing.assert_allclose(told, 3.0 * expected / expected.sum(), rtol=1e-9)
        optimiser.step()


def test_uncertainty_of_losses_below_0_has_no_end() -> None:
    sampler, objective = Targets(SLOPES, [-1.0, 1.0, 2.0]), Linear(3)
    told = train(rule_of("uw", learning_rate=0.5), sampler, objective, range(60), rate=0.0)
    np.testing.assert_allclose(told[-1], [3.0, 0.0, 0.0], atol=1e-6)


class Wild(LossBalance):
    """A rule whose weights are no numbers."""

    Settings = NoSettings

    def weigh(self, losses: Tensor, step: int) -> Tensor:
        return losses * torch.tensor([1.0, math.nan, 1.0], dtype=torch.float64)


def test_weights_that_are_not_finite_are_named() -> None:
    with pytest.raises(DivergedError, match=r"balance\[1\].*finite at step 6; found nan"):
        weights_of(Wild(NO_SETTINGS), SLOPES, HEIGHTS, step=6)


def _history(steps: int) -> Vector:
    return np.random.default_rng(4).uniform(0.5, 4.0, size=(steps, 3))


def test_dynamic_average_is_the_softmax_of_ratios() -> None:
    rule, history = rule_of("dwa", interval=3, temperature=0.7), _history(12)
    for step, losses in enumerate(history):
        told = weights_of(rule, SLOPES, losses, step)
        begin = step - step % 3
        if begin < 6:
            np.testing.assert_array_equal(told, 1.0)
            continue
        newer, older = history[begin - 3 : begin], history[begin - 6 : begin - 3]
        ratio = newer.mean(axis=0) / older.mean(axis=0)
        np.testing.assert_allclose(told, 3.0 * _softmax(ratio / 0.7), rtol=1e-12)


def test_dynamic_average_agrees_with_torchjd() -> None:
    rule, theirs = rule_of("dwa", interval=2), DWA()
    for step, row in enumerate(_history(10)):
        losses = torch.from_numpy(row).requires_grad_()
        (expected,) = torch.autograd.grad(theirs(losses), losses)
        np.testing.assert_allclose(weights_of(rule, SLOPES, row, step), expected, rtol=1e-12)
        if step % 2:
            theirs.step()


def test_random_weights_are_softmaxes_of_normals() -> None:
    draws = np.array([weights_of(rule_of("rlw"), SLOPES, HEIGHTS, step) for step in range(1500)])
    logs = np.log(draws / 3.0)
    # Differences of the logarithms are differences of independent normals: of variance 2.
    for first, second in ((0, 1), (1, 2), (0, 2)):
        gaps = logs[:, first] - logs[:, second]
        assert abs(gaps.mean()) < 4.0 * math.sqrt(2.0 / len(gaps))
        assert abs(gaps.var() - 2.0) < 4.0 * math.sqrt(8.0 / len(gaps))
    assert len(np.unique(draws[:, 0])) == len(draws)


def test_random_weights_go_by_seed_and_step_alone() -> None:
    rule = rule_of("rlw", seed=3)
    told = [weights_of(rule, SLOPES, HEIGHTS, step) for step in (4, 0, 4)]
    np.testing.assert_array_equal(told[0], told[2])
    other = weights_of(rule_of("rlw", seed=4), SLOPES, HEIGHTS, 4)
    assert not np.allclose(told[0], other)


def test_go4align_weighs_by_groups() -> None:
    rule, history = rule_of("go4align", step_size=0.3), _history(6)
    history[:, 2] = history[:, 1] * 1.01
    chances = np.full(3, 1.0 / 3.0)
    for step, losses in enumerate(history):
        chances = chances * np.exp(-0.3 * losses)
        chances /= chances.sum()
        indicators = chances * losses.sum() / losses
        pairs: list[tuple[float, Vector]] = []
        for group in ([0, 1], [1, 2], [0, 2]):
            means = indicators.copy()
            means[group] = indicators[group].mean()
            pairs.append((float(((means - indicators) ** 2).sum()), means))
        expected = min(pairs, key=lambda pair: pair[0])[1]
        told = weights_of(rule, SLOPES, losses, step)
        np.testing.assert_allclose(told, 3.0 * expected / expected.sum(), rtol=1e-9)


def test_go4align_of_one_group_weighs_all_alike() -> None:
    np.testing.assert_allclose(weights_of(rule_of("go4align", groups=1), SLOPES, HEIGHTS), 1.0)


def test_go4align_with_a_group_for_each_target_scales_losses_to_one_size() -> None:
    told = weights_of(rule_of("go4align", groups=9, step_size=0.0), SLOPES, HEIGHTS)
    np.testing.assert_allclose(told * HEIGHTS, (told * HEIGHTS)[0], rtol=1e-12)


def _cost(values: Sequence[float], labels: Sequence[int]) -> float:
    total = 0.0
    for label in set(labels):
        members = [v for v, own in zip(values, labels, strict=True) if own == label]
        mean = sum(members) / len(members)
        total += sum((member - mean) ** 2 for member in members)
    return total


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=6), st.integers(1, 3))
def test_no_grouping_is_better(values: list[float], groups: int) -> None:
    count = min(groups, len(values))
    means = group_means(np.array(values), count)
    assert len(np.unique(means)) <= count
    codes = range(count ** len(values))
    places = range(len(values))
    best = min(_cost(values, [code // count**p % count for p in places]) for code in codes)
    assert float(((means - np.array(values)) ** 2).sum()) <= best + 1e-9
