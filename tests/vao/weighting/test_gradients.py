"""Gradients of many batches at once, against one backward pass each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.vao.weighting.linear import FixedSampler, Regression, closed_form
from tests.vao.weighting.quadratic import Quadratic, centres, mean_gradient
from tests.vao.weighting.samplers import joined
from tests.vao.weighting.teams import parts_of_a_team
from vao.weighting.gradients import batch_gradients, joined_means, set_gradients
from vao.weighting.protocol import trainable

START = [0.3, -1.2, 0.8, 0.1]
counts = st.lists(st.integers(1, 5), min_size=1, max_size=5)


@given(st.integers(0, 2**32), counts)
def test_rows_are_the_closed_forms_whatever_the_sizes(seed: int, sizes: list[int]) -> None:
    batches, objective = FixedSampler(seed, 1, sizes).by_source(0), Regression(START)
    gradients, means = batch_gradients(objective, trainable(objective), batches)
    expected = [closed_form(START, points) for points in batches]
    np.testing.assert_allclose(gradients.numpy(), expected, rtol=1e-9, atol=1e-12)
    losses = [objective(points).mean().item() for points in batches]
    np.testing.assert_allclose(means.numpy(), losses, rtol=1e-12)


def test_rows_are_autograds_own() -> None:
    batches, objective = FixedSampler(3, 1, [4, 2]).by_source(0), Regression(START)
    gradients, _ = batch_gradients(objective, trainable(objective), batches)
    for row, points in zip(gradients, batches, strict=True):
        objective.zero_grad()
        objective(points).mean().backward()
        np.testing.assert_allclose(row.numpy(), objective.gradient(), rtol=1e-12)


def test_leaves_the_parameters_and_their_gradients_alone() -> None:
    objective = Regression(START)
    batch_gradients(objective, trainable(objective), FixedSampler(3, 1, [4, 2]).by_source(0))
    assert objective.head.grad is None
    assert objective.frozen.grad is None
    assert torch.cat([objective.head, objective.rest]).tolist() == START


def test_curved_losses() -> None:
    curvature = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 3.0]])
    theta = np.array([1.0, -1.0, 0.5])
    samples = [centres([1.0, 2.0, 3.0]), centres([0.0, 1.0, 0.0], [4.0, -1.0, 2.0])]
    objective = Quadratic(theta, curvature, trunk=2)
    gradients, _ = batch_gradients(objective, trainable(objective), samples)
    expected = [mean_gradient(theta, curvature, batch) for batch in samples]
    np.testing.assert_allclose(gradients.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("size", [2, 3])
def test_parts_of_a_team_add_up(size: int) -> None:
    batches, objective = FixedSampler(5, 1, [5, 3, 4]).by_source(0), Regression(START)
    parameters = trainable(objective)
    whole = batch_gradients(objective, parameters, batches)
    parts = [batch_gradients(objective, parameters, batches, t) for t in parts_of_a_team(size)]
    for index, expected in enumerate(whole):
        torch.testing.assert_close(sum(part[index] for part in parts), expected)
    means = [joined_means(objective, batches, team) for team in parts_of_a_team(size)]
    torch.testing.assert_close(sum(means), joined_means(objective, batches))


@given(st.integers(0, 2**32), counts)
def test_joined_means_are_each_batchs_own(seed: int, sizes: list[int]) -> None:
    batches, objective = FixedSampler(seed, 1, sizes).by_source(0), Regression(START)
    means = joined_means(objective, batches)
    expected = torch.stack([objective(points).mean() for points in batches])
    torch.testing.assert_close(means, expected)
    means.sum().backward()  # type: ignore[no-untyped-call]
    summed = sum(closed_form(START, points) for points in batches)
    np.testing.assert_allclose(objective.gradient(), summed, rtol=1e-9, atol=1e-12)


def test_set_gradients_writes_each_parameter_its_part() -> None:
    objective = Regression(START)
    set_gradients(objective, torch.arange(4.0, dtype=torch.float64), 0)
    assert objective.head.grad is not None
    assert objective.rest.grad is not None
    assert objective.head.grad.tolist() == [0.0]
    assert objective.rest.grad.tolist() == [1.0, 2.0, 3.0]
    assert objective.frozen.grad is None


def test_set_gradients_take_the_place_of_old_ones() -> None:
    objective = Regression(START)
    for value in (1.0, 2.0):
        set_gradients(objective, torch.full((4,), value, dtype=torch.float64), 0)
    np.testing.assert_array_equal(objective.gradient(), [2.0] * 4)


def test_set_gradients_in_the_parameters_own_precision() -> None:
    objective = Regression(START).to(torch.bfloat16)
    set_gradients(objective, torch.arange(4.0), 0)
    assert objective.rest.grad is not None
    assert objective.rest.grad.dtype == torch.bfloat16


def test_a_batch_that_pads_another_leaves_no_trace() -> None:
    """A short batch is filled up with copies of its first sample, and none of them counts."""
    short, long = FixedSampler(6, 1, [1, 5]).by_source(0)
    objective = Regression(START)
    parameters = trainable(objective)
    alone, _ = batch_gradients(objective, parameters, [short])
    beside, _ = batch_gradients(objective, parameters, [short, long])
    torch.testing.assert_close(beside[0], alone[0])
    twice, _ = batch_gradients(objective, parameters, [joined([short, short])])
    torch.testing.assert_close(twice, alone)
