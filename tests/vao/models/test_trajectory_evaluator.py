"""The judge of trajectories: its losses by hand, its bounds, and what it must not see."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vao.models.trajectory_evaluator import (
    TrajectoryEvaluator,
    lipschitz_excess,
    masked_trajectory,
    pair_accuracy,
    pair_loss,
    steepness,
    trajectory_distance,
)

SAMPLES, STATES, FEATURES, STATIC = 5, 9, 4, 3


def _evaluator(blind: tuple[int, ...] = ()) -> TrajectoryEvaluator:
    torch.manual_seed(0)
    sizes = {"features": FEATURES, "static": STATIC, "states": STATES}
    return TrajectoryEvaluator(**sizes, width=8, blocks=2, heads=2, blind=blind).double()


def _draw(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def _counts(length: int) -> Tensor:
    counts = torch.zeros(SAMPLES, STATES, dtype=torch.float64)
    counts[:, :length] = 1.0
    return counts


def _softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_the_pair_loss_asks_for_a_lead_of_the_better_one() -> None:
    found = pair_loss(torch.tensor([1.0, 3.0, 2.5]), torch.tensor([0.0, 1.0, 1.0]), shift=1)
    # 0 is worse than its partner 2 and trails by 1.5; 1 is better than 0 and leads by 2.
    expected = [_softplus(-1.5), _softplus(-2.0), 0.0]
    assert torch.allclose(found, torch.tensor(expected))


def test_a_trajectory_alone_has_no_pair() -> None:
    assert pair_loss(torch.tensor([1.0]), torch.tensor([2.0]), shift=1).tolist() == [0.0]


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_the_right_order_costs_less_than_the_wrong_one(low: int, high: int) -> None:
    estimates = torch.tensor([low, high], dtype=torch.float64)
    truth = torch.tensor([0.0, 1.0], dtype=torch.float64)
    right, wrong = (pair_loss(estimates, q, 1).sum() for q in (truth, 1.0 - truth))
    assert (right <= wrong) == (low <= high)


def test_the_distance_is_a_root_mean_square() -> None:
    first, second = torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)
    second[0] = 2.0
    second[1, 0, 0] = math.sqrt(12.0)
    assert torch.allclose(trajectory_distance(first, second), torch.tensor([2.0, 1.0]))


@pytest.mark.parametrize(("constant", "excess"), [(2.0, 0.0), (1.5, 0.0), (1.0, 1.0), (0.5, 2.0)])
def test_estimates_may_be_as_steep_as_the_constant(constant: float, excess: float) -> None:
    trajectories = torch.zeros(2, 3, 4)
    trajectories[1] = 2.0
    found = lipschitz_excess(
        torch.tensor([0.0, 3.0]), trajectories, torch.tensor(constant), shift=1
    )
    assert torch.allclose(found, torch.tensor([excess, excess]))


def test_the_steepness_of_a_linear_quality_is_its_slope() -> None:
    heights = torch.tensor([0.0, 1.0, 4.0, 9.0])
    trajectories = heights[:, None, None].expand(4, 3, 2)
    assert float(steepness(0.7 * heights, trajectories, 2, 0.5)) == pytest.approx(0.7)


def test_equal_trajectories_do_not_make_the_steepness_infinite() -> None:
    same = torch.zeros(4, 3, 2)
    assert float(steepness(torch.arange(4.0), same, 2, 1.0)) == 0.0


def test_pair_accuracy_is_an_auc() -> None:
    truth = torch.tensor([1.0, 2.0, 2.0, 4.0])
    assert pair_accuracy(truth * 3.0, truth) == 1.0
    assert pair_accuracy(-truth, truth) == 0.0
    assert pair_accuracy(torch.ones(4), truth) == 0.5
    assert math.isnan(pair_accuracy(truth, torch.ones(4)))


def test_estimates_lie_between_0_and_the_ceiling() -> None:
    evaluator = _evaluator()
    evaluator.ceiling.fill_(2.5)
    states = 100.0 * _draw(SAMPLES, STATES, FEATURES)
    found = evaluator(states, _counts(STATES), _draw(SAMPLES, STATIC))
    assert found.shape == (SAMPLES,)
    assert bool(((found > 0.0) & (found < 2.5)).all())


def test_states_that_do_not_count_carry_no_weight() -> None:
    evaluator, counts = _evaluator(), _counts(4)
    states, static = _draw(SAMPLES, STATES, FEATURES), _draw(SAMPLES, STATIC)
    changed = states.clone()
    changed[:, 4:] += 1.0
    assert torch.equal(evaluator(states, counts, static), evaluator(changed, counts, static))
    seen, other = masked_trajectory(states, counts), masked_trajectory(changed, counts)
    assert torch.equal(trajectory_distance(seen, other), torch.zeros(SAMPLES).double())


def test_each_state_that_counts_matters() -> None:
    evaluator = _evaluator()
    states = _draw(SAMPLES, STATES, FEATURES).requires_grad_()
    estimates = evaluator(states, _counts(STATES), _draw(SAMPLES, STATIC))
    (gradient,) = torch.autograd.grad(estimates.sum(), [states])
    assert bool((gradient != 0.0).all())


def test_it_does_not_see_blind_columns() -> None:
    evaluator = _evaluator(blind=(1, 3))
    states = _draw(SAMPLES, STATES, FEATURES).requires_grad_()
    estimates = evaluator(states, _counts(STATES), _draw(SAMPLES, STATIC))
    (gradient,) = torch.autograd.grad(estimates.sum(), [states])
    assert bool((gradient[..., [1, 3]] == 0.0).all())
    assert bool((gradient[..., [0, 2]] != 0.0).all())


def test_trajectories_do_not_influence_each_other() -> None:
    evaluator, counts = _evaluator(), _counts(STATES)
    states, static = _draw(SAMPLES, STATES, FEATURES), _draw(SAMPLES, STATIC)
    together = evaluator(states, counts, static)
    alone = evaluator(states[2:3], counts[2:3], static[2:3])
    assert torch.allclose(together[2:3], alone, rtol=1e-12)
