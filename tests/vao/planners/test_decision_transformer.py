"""The Decision Transformer: the order of its tokens, its cache, and what it learns."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.vao.planners.samples import STEPS, build_planner, history_of, make_batch
from vao.batch import Batch
from vao.planners import Memory
from vao.planners.decision_transformer import DecisionTransformer

SMALL = {"width": 8, "blocks": 2, "heads": 2}


def build(**settings: object) -> DecisionTransformer:
    planner = build_planner("decision_transformer", **(SMALL | settings))
    assert isinstance(planner, DecisionTransformer)
    return planner


def test_the_loss_is_the_squared_error_of_what_it_would_do() -> None:
    planner = build()
    batch = make_batch(planner)
    memory: Memory = {}
    acted = torch.stack(
        [planner.act(history_of(planner, batch, step), memory) for step in range(STEPS)], dim=1
    )
    errors = (acted - batch.actions).square()
    found = planner.loss(batch)
    torch.testing.assert_close(found[2:], errors[2:].mean(dim=1))
    torch.testing.assert_close(found[0], errors[0, : STEPS // 2].mean())
    assert found[1] == 0.0


def test_each_token_is_worked_on_once() -> None:
    planner = build()
    batch = make_batch(planner)
    memory: Memory = {}
    for step in range(STEPS):
        planner.act(history_of(planner, batch, step), memory)
        # Condition and state of this step; its action is not known yet.
        assert memory["cache"].length == 3 * step + 2


@pytest.mark.parametrize("name", ["states", "actions", "requirements", "to_go"])
def test_every_entry_of_the_past_counts(name: str) -> None:
    planner = build(blocks=1)
    history = history_of(planner, make_batch(planner), STEPS - 1)
    entries: Tensor = getattr(history, name).clone().requires_grad_(True)
    acted = planner.act(history._replace(**{name: entries}), {}).sum()
    (gradient,) = torch.autograd.grad(acted, entries)
    assert (gradient.flatten(2) if gradient.dim() > 2 else gradient[..., None]).any(dim=2).all()


def test_it_plans_no_states() -> None:
    planner = build()
    assert planner.plan(history_of(planner, make_batch(planner), 2), {}) is None
    assert [stage.parts for stage in planner.stages()] == [("sequence",)]


def conditioned(planner: DecisionTransformer, samples: int, seed: int) -> Batch:
    """Made-up data in which the action follows the return to go, and nothing else tells it."""
    batch = make_batch(planner, samples, seed)
    generator = torch.Generator().manual_seed(seed)
    to_go = 2.0 * torch.rand(batch.to_go.shape, generator=generator, dtype=torch.float64)
    return batch._replace(to_go=to_go, actions=2.0 * to_go - 2.0)


def test_it_learns_to_do_what_the_return_to_go_asks_for() -> None:
    planner = build(width=16)
    optimiser = torch.optim.Adam(planner.parameters(), lr=1e-2)
    for seed in range(120):
        optimiser.zero_grad()
        loss = planner.loss(conditioned(planner, 32, seed)).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    history = history_of(planner, conditioned(planner, 200, 1000), 4)
    acted = planner.act(history, {})
    wanted = 2.0 * history.to_go[:, -1] - 2.0
    assert (acted - wanted).square().mean() < 0.1 * wanted.var()
