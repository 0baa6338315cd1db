"""AIGB: what its loss consists of, and how it acts."""

from __future__ import annotations

import pytest
import torch

from tests.vao.planners.samples import STEPS, build_planner, history_of, make_batch
from vao.planners.aigb import Aigb

SMALL = {"width": 8, "heads": 2, "inverse_width": 8}


def build(**settings: object) -> Aigb:
    planner = build_planner("aigb", **(SMALL | settings))
    assert isinstance(planner, Aigb)
    return planner


@pytest.mark.parametrize("consistency", [0.0, 0.1, 2.0])
def test_the_loss_has_the_plan_and_its_consistency(consistency: float) -> None:
    planner = build(consistency=consistency)
    batch = make_batch(planner)
    states, true = batch.states[:, :-1], batch.states[:, 1:]
    planned, _ = planner.next_state(batch.requirements[:, None], states, batch.static)
    errors = (planned - true).square().mean(-1)
    errors = errors + consistency * (planner.inverse(states, planned) - batch.actions) ** 2
    found = planner.loss(batch)
    torch.testing.assert_close(found[2:], errors[2:].mean(dim=1))
    torch.testing.assert_close(found[0], errors[0, : STEPS // 2].mean())
    assert found[1] == 0.0


def test_the_inverse_dynamics_learn_from_true_states() -> None:
    planner = build()
    batch = make_batch(planner)
    found = planner.inverse_loss(batch)
    actions = planner.inverse(batch.states[:, :-1], batch.states[:, 1:])
    torch.testing.assert_close(found[2:], (actions - batch.actions).square()[2:].mean(dim=1))
    assert found[1] == 0.0


def test_stages_are_the_inverse_dynamics_and_then_the_planner() -> None:
    first, second = build(inverse_steps=7).stages()
    assert (first.parts, first.steps, first.shared) == (("inverse",), 7, False)
    assert (second.parts, second.steps, second.shared) == (("next_state",), None, True)


def test_it_takes_the_action_that_leads_to_the_plan() -> None:
    planner = build(spread="learned")
    batch = make_batch(planner)
    for step in (0, 3, STEPS - 1):
        history = history_of(planner, batch, step)
        planned = planner.plan(history, {})
        whole, _ = planner.next_state(
            batch.requirements[:, None], batch.states[:, :-1], batch.static
        )
        torch.testing.assert_close(planned, whole[:, step], rtol=1e-12, atol=1e-12)
        expected = planner.inverse(batch.states[:, step], planned)
        torch.testing.assert_close(planner.act(history, {}), expected)


def test_at_the_start_it_plans_near_the_present() -> None:
    """The mean is the change, so nothing needs to be learned for what stays."""
    torch.manual_seed(0)
    planner = build()
    with torch.no_grad():
        planner.next_state.mean.weight.zero_()
        planner.next_state.mean.bias.zero_()
    history = history_of(planner, make_batch(planner), 4)
    assert torch.equal(planner.plan(history, {}), history.states[:, -1])


def test_past_actions_count_through_the_states_alone() -> None:
    planner = build()
    history = history_of(planner, make_batch(planner), 5)
    changed = history._replace(actions=history.actions + 1.0, to_go=history.to_go + 1.0)
    assert torch.equal(planner.act(changed, {}), planner.act(history, {}))
