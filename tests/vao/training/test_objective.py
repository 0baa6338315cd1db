"""The loss of a trajectory in a stage of training."""

from __future__ import annotations

import pytest
import torch

from tests.vao.factories import STEPS
from vao.batch import Batch
from vao.planners import Shape, StatePlanner, new_planner
from vao.training.objective import StageObjective
from vao.weighting.gradients import batch_gradients
from vao.weighting.protocol import trainable

N, SHAPE = 5, Shape(requirements=3, features=4, static=2, steps=STEPS)


def _objective(
    consistency: float = 0.5, stage: int = 1, precision: str = "float32"
) -> StageObjective:
    settings = {"width": 8, "heads": 2, "inverse_width": 8, "consistency": consistency}
    planner = new_planner("aigb", settings, SHAPE, seed=0)
    return StageObjective(planner, planner.stages()[stage], precision)


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    active = torch.ones(N, STEPS)
    active[0, 2:] = 0.0
    active[1] = 0.0
    return Batch(
        states=draw(N, STEPS + 1, SHAPE.features),
        actions=draw(N, STEPS),
        active=active,
        static=draw(N, SHAPE.static),
        requirements=draw(N, SHAPE.requirements),
        to_go=draw(N, STEPS).abs(),
        noise=draw(N, 0),
    )


def test_is_the_mean_error_over_active_steps() -> None:
    objective, batch = _objective(), _batch()
    losses = objective(batch)
    states, planner = batch.states[:, :-1], objective.planner
    assert isinstance(planner, StatePlanner)
    requirements = batch.requirements.unsqueeze(1)
    planned, _ = planner.next_state(requirements, states, batch.static)  # type: ignore[operator]
    expected = []
    for sample in (0, 2):
        steps = int(batch.active[sample].sum())
        error = (planned[sample, :steps] - batch.states[sample, 1 : steps + 1]).square().mean(-1)
        action = planner.inverse(states[sample, :steps], planned[sample, :steps])
        error = error + 0.5 * (action - batch.actions[sample, :steps]).square()
        expected.append(error.mean())
    torch.testing.assert_close(losses[[0, 2]], torch.stack(expected))


@pytest.mark.parametrize("stage", [0, 1])
def test_exhausted_steps_carry_no_weight(stage: int) -> None:
    objective, batch = _objective(stage=stage), _batch()
    states, actions = batch.states.clone(), batch.actions.clone()
    states[0, 3:] += 100.0  # state 3 follows step 2, the first inactive one
    actions[0, 2:] += 100.0
    changed = objective(batch._replace(states=states, actions=actions))
    torch.testing.assert_close(changed, objective(batch), rtol=1e-5, atol=1e-5)
    assert objective(batch)[1] == 0.0


@pytest.mark.parametrize(("stage", "part"), [(0, "inverse"), (1, "next_state")])
def test_only_the_parts_of_the_stage_learn(stage: int, part: str) -> None:
    objective = _objective(stage=stage)
    objective(_batch()).sum().backward()
    learned = {name for name, p in objective.named_parameters() if p.grad is not None}
    module = objective.planner.get_submodule(part)
    assert learned == {f"planner.{part}.{name}" for name, _ in module.named_parameters()}
    assert learned == set(trainable(objective))


def test_consistency_changes_the_planner_and_can_be_left_out() -> None:
    batch = _batch()
    without, weighed = _objective(0.0)(batch), _objective(0.5)(batch)
    assert (weighed[2:] > without[2:]).all()


def test_mixed_precision_gives_losses_in_full_precision() -> None:
    batch = _batch()
    full, mixed = _objective()(batch), _objective(precision="bfloat16")(batch)
    assert mixed.dtype == torch.float32
    assert not torch.equal(full, mixed)
    torch.testing.assert_close(mixed, full, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("sizes", [(2, 2), (1, 3), (3, 1, 1)])
def test_vectorised_gradients_are_those_of_plain_autograd(sizes: tuple[int, ...]) -> None:
    objective = _objective().double()
    whole = Batch(*(tensor.double() for tensor in _batch()))
    parts = [
        Batch(*p)
        for p in zip(*(torch.split(t[: sum(sizes)], list(sizes)) for t in whole), strict=True)
    ]
    parameters = trainable(objective)
    gradients, means = batch_gradients(objective, parameters, parts)
    for part, row, mean in zip(parts, gradients, means, strict=True):
        loss = objective(part).mean()
        expected = torch.autograd.grad(loss, list(parameters.values()))
        torch.testing.assert_close(mean, loss.detach())
        torch.testing.assert_close(row, torch.cat([g.flatten() for g in expected]))
