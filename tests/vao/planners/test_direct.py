"""The direct planner: squared errors or likelihoods of actions, and what it learns."""

from __future__ import annotations

import torch
from torch.nn.functional import softplus

from tests.vao.planners.samples import STEPS, build_planner, history_of, make_batch
from vao.conditions import LOG_RETURN
from vao.planners.direct import Direct

SMALL = {"width": 8, "heads": 2}


def build(**settings: object) -> Direct:
    planner = build_planner("direct", **(SMALL | settings))
    assert isinstance(planner, Direct)
    return planner


def test_the_loss_is_the_squared_error_of_what_it_would_do() -> None:
    planner = build()
    batch = make_batch(planner)
    acted = torch.stack(
        [planner.act(history_of(planner, batch, step), {}) for step in range(STEPS)], dim=1
    )
    errors = (acted - batch.actions).square()
    found = planner.loss(batch)
    torch.testing.assert_close(found[2:], errors[2:].mean(dim=1))
    torch.testing.assert_close(found[0], errors[0, : STEPS // 2].mean())
    assert found[1] == 0.0


def test_a_learned_spread_weighs_the_errors() -> None:
    planner = build(spread="learned")
    assert planner.action.spread is not None
    batch = make_batch(planner)
    with torch.no_grad():
        planner.action.spread.weight.zero_()
        planner.action.spread.bias.zero_()
    mean, log_variance = planner.action(
        batch.requirements[:, None], batch.states[:, :-1], batch.static
    )
    zero = torch.zeros(1, dtype=torch.float64)
    same = -5.0 + softplus(2.0 - softplus(2.0 - zero) + 5.0)
    torch.testing.assert_close(log_variance, same.expand(mean.shape))
    squares = (mean.squeeze(-1) - batch.actions).square()
    expected = 0.5 * (squares / same.exp() + same + 5.0)
    torch.testing.assert_close(planner.loss(batch)[2:], expected[2:].mean(dim=1))


def test_past_actions_count_through_the_states_alone() -> None:
    planner = build()
    history = history_of(planner, make_batch(planner), 5)
    changed = history._replace(actions=history.actions + 1.0, to_go=history.to_go + 1.0)
    assert torch.equal(planner.act(changed, {}), planner.act(history, {}))


def test_it_plans_no_states() -> None:
    planner = build()
    assert planner.plan(history_of(planner, make_batch(planner), 2), {}) is None
    assert [stage.parts for stage in planner.stages()] == [("action",)]


def test_it_learns_to_do_what_the_requirements_ask_for() -> None:
    planner = build(width=16)
    optimiser = torch.optim.Adam(planner.parameters(), lr=1e-2)
    for seed in range(120):
        batch = make_batch(planner, samples=32, seed=seed)
        wanted = batch.requirements[:, LOG_RETURN, None] + batch.states[:, :-1, 0]
        optimiser.zero_grad()
        loss = planner.loss(batch._replace(actions=wanted)).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    batch = make_batch(planner, samples=200, seed=1000)
    with torch.no_grad():
        acted = planner.act(history_of(planner, batch, 4), {})
    wanted = batch.requirements[:, LOG_RETURN] + batch.states[:, 4, 0]
    assert (acted - wanted).square().mean() < 0.1 * wanted.var()
