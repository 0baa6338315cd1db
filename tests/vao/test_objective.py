"""The loss of a trajectory."""

from __future__ import annotations

import pytest
import torch

from tests.vao.factories import STEPS
from vao.models import InverseDynamics, Planner
from vao.objective import PlanningObjective
from vao.sharing import Batch
from vao.weighting.validation_aligned import _gradients

N, FEATURES, STATIC, REQUIREMENTS = 5, 4, 2, 3


def _objective(consistency: float = 0.5) -> PlanningObjective:
    torch.manual_seed(0)
    planner = Planner(
        requirements=REQUIREMENTS,
        features=FEATURES,
        static=STATIC,
        steps=STEPS,
        width=8,
        blocks=2,
        heads=2,
    )
    return PlanningObjective(planner, InverseDynamics(features=FEATURES, width=8), consistency)


def _batch() -> Batch:
    torch.manual_seed(1)
    active = torch.ones(N, STEPS)
    active[0, 2:] = 0.0
    active[1] = 0.0
    return Batch(
        states=torch.randn(N, STEPS + 1, FEATURES),
        actions=torch.randn(N, STEPS),
        active=active,
        static=torch.randn(N, STATIC),
        requirements=torch.randn(N, REQUIREMENTS),
    )


def test_is_the_mean_error_over_active_steps() -> None:
    objective, batch = _objective(), _batch()
    losses = objective(batch)
    states = batch.states[:, :-1]
    planned = objective.planner(batch.requirements, states, batch.static)
    expected = []
    for sample in (0, 2):
        steps = int(batch.active[sample].sum())
        error = (planned[sample, :steps] - batch.states[sample, 1 : steps + 1]).square().mean(-1)
        action = objective.inverse(states[sample, :steps], planned[sample, :steps])
        error = error + 0.5 * (action - batch.actions[sample, :steps]).square()
        expected.append(error.mean())
    torch.testing.assert_close(losses[[0, 2]], torch.stack(expected))


def test_exhausted_steps_carry_no_weight() -> None:
    objective, batch = _objective(), _batch()
    states, actions = batch.states.clone(), batch.actions.clone()
    states[0, 3:] += 100.0  # state 3 follows step 2, the first inactive one
    actions[0, 2:] += 100.0
    changed = objective(batch._replace(states=states, actions=actions))
    torch.testing.assert_close(changed, objective(batch), rtol=1e-5, atol=1e-5)
    assert objective(batch)[1] == 0.0


def test_the_inverse_dynamics_stay_frozen() -> None:
    objective = _objective()
    objective(_batch()).sum().backward()
    assert all(p.grad is None for p in objective.inverse.parameters())
    trained = {name for name, p in objective.named_parameters() if p.grad is not None}
    assert trained == {f"planner.{name}" for name, _ in objective.planner.named_parameters()}


def test_consistency_changes_the_planner_and_can_be_left_out() -> None:
    batch = _batch()
    without, weighed = _objective(0.0)(batch), _objective(0.5)(batch)
    assert (weighed[2:] > without[2:]).all()


@pytest.mark.parametrize("sizes", [(2, 2), (1, 3), (3, 1, 1)])
def test_vectorised_gradients_are_those_of_plain_autograd(sizes: tuple[int, ...]) -> None:
    objective = _objective().double()
    whole = Batch(*(tensor.double() for tensor in _batch()))
    parts = [
        Batch(*p)
        for p in zip(*(torch.split(t[: sum(sizes)], list(sizes)) for t in whole), strict=True)
    ]
    parameters = {n: p for n, p in objective.named_parameters() if p.requires_grad}
    gradients, means = _gradients(objective, parameters, parts)
    for part, row, mean in zip(parts, gradients, means, strict=True):
        loss = objective(part).mean()
        expected = torch.autograd.grad(loss, list(parameters.values()))
        torch.testing.assert_close(mean, loss.detach())
        torch.testing.assert_close(row, torch.cat([g.flatten() for g in expected]))
