"""What every planner must fulfil, whatever its family: losses and acting."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.vao.planners.cases import CASES, another, build_case, close, differ, losses, title
from tests.vao.planners.samples import FEATURES, STEPS, history_of, make_batch
from vao.batch import Batch, History
from vao.conditions import FIELDS, requirement_vector
from vao.planners import Memory, Planner


@pytest.fixture(params=CASES, ids=title)
def planner(request: pytest.FixtureRequest) -> Planner:
    return build_case(request.param)


def other(tensor: Tensor, begin: int) -> Tensor:
    """Change all of (n, steps, ...) from a step on."""
    changed = tensor.clone()
    changed[:, begin:] = changed[:, begin:].flip(0) + 1.0
    return changed


def act(planner: Planner, history: History, memory: Memory | None = None) -> Tensor:
    with torch.no_grad():
        return planner.act(history, {} if memory is None else memory)


def test_losses_are_one_number_a_trajectory(planner: Planner) -> None:
    batch = make_batch(planner)
    for stage, loss in losses(planner):
        found = loss(batch)
        assert found.shape == (len(batch.states),)
        assert found.isfinite().all()
        assert not stage.shared or (found >= 0.0).all()
        with torch.no_grad():
            assert (found[2:] > 0.0).any()


def test_stages_have_names_of_their_own_and_one_is_shared(planner: Planner) -> None:
    stages = planner.stages()
    assert len({stage.name for stage in stages}) == len(stages)
    assert any(stage.shared for stage in stages)


@pytest.mark.parametrize("last", range(STEPS))
def test_nothing_after_the_last_active_step_counts(planner: Planner, last: int) -> None:
    """So no prediction looks ahead either: each step is the last one once."""
    batch = make_batch(planner)
    active = torch.zeros_like(batch.active)
    active[:, : last + 1] = 1.0
    batch = batch._replace(active=active)
    later = batch._replace(
        states=other(batch.states, last + 2),
        actions=other(batch.actions, last + 1),
        to_go=other(batch.to_go, last + 1),
    )
    for _, loss in losses(planner):
        close(loss(later), loss(batch))
    now = batch._replace(states=other(batch.states, last), actions=other(batch.actions, last))
    differ(planner.loss(now), planner.loss(batch))


def test_a_trajectory_that_never_begins_teaches_nothing(planner: Planner) -> None:
    batch = make_batch(planner)
    batch = batch._replace(active=torch.zeros_like(batch.active))
    changed = batch._replace(
        states=other(batch.states, 1),
        actions=other(batch.actions, 0),
        to_go=other(batch.to_go, 0),
    )
    for _, loss in losses(planner):
        close(loss(changed), loss(batch))


def test_trajectories_do_not_influence_each_other(planner: Planner) -> None:
    batch = make_batch(planner)
    alone = Batch(*(part[2:4] for part in batch))
    history = history_of(planner, batch, 5)
    some = History(*(part[2:4] for part in history))
    for _, loss in losses(planner, shared=True):
        close(loss(alone), loss(batch)[2:4])
    close(act(planner, some), act(planner, history)[2:4])


def test_actions_are_numbers_and_depend_on_the_present(planner: Planner) -> None:
    batch = make_batch(planner)
    for step in range(STEPS):
        history = history_of(planner, batch, step)
        found = act(planner, history)
        assert found.shape == (len(batch.states),)
        assert found.isfinite().all()
        changed = history._replace(states=other(history.states, step))
        differ(act(planner, changed), found)


def test_memory_or_none_acts_the_same(planner: Planner) -> None:
    batch = make_batch(planner)
    memory: Memory = {}
    for step in range(STEPS):
        history = history_of(planner, batch, step)
        # What is asked for may change during the day.
        asked = history.requirements.clone()
        asked[:, :, 1] += 0.1 * torch.arange(step + 1)
        history = history._replace(requirements=asked)
        close(act(planner, history, memory), act(planner, history))


def test_a_memory_may_begin_late(planner: Planner) -> None:
    batch = make_batch(planner)
    memory: Memory = {}
    for step in (3, 4, 6):
        history = history_of(planner, batch, step)
        close(act(planner, history, memory), act(planner, history))


def test_plans_are_states(planner: Planner) -> None:
    batch = make_batch(planner)
    history = history_of(planner, batch, 3)
    with torch.no_grad():
        planned = planner.plan(history, {})
    if planned is not None:
        assert planned.shape == (len(batch.states), FEATURES)
        assert planned.isfinite().all()


@pytest.mark.parametrize("field", range(len(FIELDS)))
def test_masked_requirements_have_no_effect(planner: Planner, field: int) -> None:
    batch = make_batch(planner)
    generator = torch.Generator().manual_seed(4)
    shape = len(batch.states), len(FIELDS)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    changed = values.clone()
    changed[:, field] += 1.0
    known, visible = torch.ones(shape, dtype=torch.bool), torch.ones(shape, dtype=torch.bool)
    visible[:, field] = False

    def asked(values: Tensor, visible: Tensor) -> tuple[list[Tensor], Tensor]:
        asked = batch._replace(requirements=requirement_vector(values, known, visible))
        found = [loss(asked) for _, loss in losses(planner, shared=True)]
        return found, act(planner, history_of(planner, asked, 4))

    masked, same = asked(values, visible), asked(changed, visible)
    assert all(torch.equal(*pair) for pair in zip(masked[0], same[0], strict=True))
    assert torch.equal(masked[1], same[1])
    seen, effect = asked(values, known), asked(changed, known)
    assert not torch.allclose(effect[1], seen[1])
    assert any(not torch.allclose(*pair) for pair in zip(effect[0], seen[0], strict=True))


def test_saved_and_loaded_it_is_the_same(planner: Planner, tmp_path: Path) -> None:
    save_file(planner.state_dict(), tmp_path / "planner.safetensors")
    loaded = another(planner)
    loaded.load_state_dict(load_file(tmp_path / "planner.safetensors"))
    batch = make_batch(planner)
    for (_, loss), (_, again) in zip(losses(planner), losses(loaded), strict=True):
        assert torch.equal(again(batch), loss(batch))
    history = history_of(planner, batch, 5)
    assert torch.equal(act(loaded, history), act(planner, history))


def test_no_random_numbers_are_drawn(planner: Planner) -> None:
    batch = make_batch(planner)
    history = history_of(planner, batch, 4)
    before = torch.get_rng_state()
    first = [loss(batch) for _, loss in losses(planner)], act(planner, history)
    again = [loss(batch) for _, loss in losses(planner)], act(planner, history)
    assert all(torch.equal(*pair) for pair in zip(first[0], again[0], strict=True))
    assert torch.equal(first[1], again[1])
    assert torch.equal(torch.get_rng_state(), before)


def test_single_precision_stays_single(planner: Planner) -> None:
    batch = make_batch(planner)
    history = history_of(planner, batch, 4)
    single = another(planner).float()
    single.load_state_dict(planner.state_dict())
    with torch.no_grad():
        for (_, loss), (_, expected) in zip(losses(single), losses(planner), strict=True):
            found = loss(Batch(*(part.float() for part in batch)))
            assert found.dtype == torch.float32
            torch.testing.assert_close(found.double(), expected(batch), rtol=1e-3, atol=1e-4)
    action = act(single, History(*(part.float() for part in history)))
    assert action.dtype == torch.float32
    torch.testing.assert_close(action.double(), act(planner, history), rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_cpu_and_cuda_agree(planner: Planner) -> None:
    batch = make_batch(planner)
    there = another(planner).cuda()
    there.load_state_dict(planner.state_dict())
    with torch.no_grad():
        for (_, loss), (_, expected) in zip(losses(there), losses(planner), strict=True):
            close(loss(Batch(*(part.cuda() for part in batch))).cpu(), expected(batch))
    memory: Memory = {}
    for step in range(STEPS):
        history = history_of(planner, batch, step)
        found = act(there, History(*(part.cuda() for part in history)), memory)
        assert found.is_cuda
        close(found.cpu(), act(planner, history))
