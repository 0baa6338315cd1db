"""What diagnostics say of planners whose behaviour is known."""

from __future__ import annotations

import warnings
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from auctionsim.errors import InvalidArgumentError
from auctionsim.evaluation import Evaluation, summarise
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB
from tests.vao.factories import STEPS, make_trajectories, tiny_config
from vao import train
from vao.batch import History
from vao.diagnostics import foresight, obedience, swing
from vao.planners import Memory
from vao.policy import TrainedModel
from vao.request import Request

DATA = make_trajectories(seed=1)


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    """A model of all tasks, trained for a moment."""
    config = tiny_config(method="naive", steps=60, learning_rate=0.01)
    return train(DATA, config, progress=False).policy.models[0]


def test_a_planner_that_copies_errs_as_copying_does(
    model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stay(history: History, memory: Memory) -> Tensor:
        return history.states[:, -1]

    monkeypatch.setattr(model.planner, "plan", stay)
    found = foresight(model, DATA, FEATURES)
    assert found.plan_error == pytest.approx(found.copy_error)
    assert found.features == FEATURES
    assert found.trajectories == len(DATA)


def test_a_planner_that_knows_the_future_errs_by_its_inverse_alone(
    model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = foresight(model, DATA, FEATURES)
    truth = _batch_states(model)

    def know(history: History, memory: Memory) -> Tensor:
        return truth[:, history.step + 1]

    monkeypatch.setattr(model.planner, "plan", know)
    found = foresight(model, DATA, FEATURES)
    assert max(found.plan_error) == 0.0
    assert found.plan_change == pytest.approx(0.0, abs=1e-6)
    assert found.action_error == pytest.approx(found.inverse_error)
    assert honest.plan_change > 0.0
    assert honest.inverse_error == pytest.approx(found.inverse_error)
    assert max(honest.plan_error) > 0.0


def _batch_states(model: TrainedModel) -> Tensor:
    from vao.diagnostics import _batch

    return _batch(model, DATA, FEATURES).states


def test_the_spread_of_actions_is_a_constants_error(model: TrainedModel) -> None:
    found = foresight(model, DATA, FEATURES)
    standard = model.scales.actions(DATA.action[DATA.active])
    assert found.action_spread == pytest.approx(float(np.std(standard, ddof=1)), rel=1e-2)
    assert found.action_error < found.action_spread


def test_planners_without_plans_have_no_errors_of_plans() -> None:
    config = tiny_config(method="naive", planner="direct", steps=5)
    config = replace(config, settings={"width": 16, "heads": 2, "blocks": 1})
    found = foresight(train(DATA, config, progress=False).policy.models[0], DATA, FEATURES)
    assert not found.features
    assert len(found.plan_error) == len(found.copy_error) == 0
    assert np.isnan(found.inverse_error)
    assert np.isnan(found.plan_change)
    assert found.action_error > 0.0


def test_trajectories_of_other_tasks_only_are_refused(model: TrainedModel) -> None:
    others = DATA.take(np.flatnonzero(DATA.task == CPA_MCB))
    own = TrainedModel((BCB,), model.scales, model.planner)
    with pytest.raises(InvalidArgumentError, match="bcb"):
        foresight(own, others, FEATURES)
    assert foresight(own, DATA, FEATURES).trajectories == int((DATA.task == BCB).sum())


def test_swing_is_the_deviation_of_the_log_multiplier_while_active() -> None:
    action, active = np.ones((3, STEPS), np.float32), np.ones((3, STEPS), np.bool_)
    action[0, ::2], action[1] = np.e, 0.0
    active[2, 1:] = False
    days = replace(DATA.take(np.arange(3)), action=action, active=active)
    assert swing(days) == pytest.approx(0.5)
    assert swing(days.take(np.array([0, 0]))) == pytest.approx(0.5)
    assert np.isnan(swing(days.take(np.array([1, 2]))))


def test_obedience_sums_up_what_was_asked_and_achieved(model: TrainedModel) -> None:
    played: list[Evaluation] = []
    for gain in (1.0, 2.0):
        own = DATA.take(np.flatnonzero(DATA.task == CPA_MCB))
        more = replace(own, expected_value=own.expected_value * np.float32(gain))
        played.append(summarise("cpa_mcb", more))
    requests = [Request(quantile=0.1), Request(quantile=0.1, factor=2.0)]
    found = obedience("cpa_mcb", model, requests, played)
    assert found.quantiles == (0.1, 0.1)
    assert found.asked[1] - found.asked[0] == pytest.approx(np.log(2.0))
    assert found.asked[0] < obedience("cpa_mcb", model, [Request()], played[:1]).asked[0]
    first, second = found.achieved
    assert second[0] - first[0] == pytest.approx(np.log(2.0), rel=1e-4)
    assert second[1] == pytest.approx(first[1])
    totals = played[0].trajectories.totals(expected=True)
    assert first[1] == pytest.approx(float(np.log(totals.cpa_ratio).mean()), rel=1e-5)
    assert found.scores[1] > found.scores[0]


def test_a_trajectory_without_value_is_left_out_of_the_logarithm(model: TrainedModel) -> None:
    own = DATA.take(np.flatnonzero(DATA.task == BCB)[:2])
    value = own.expected_value.copy()
    value[0] = 0.0
    played = summarise("bcb", replace(own, expected_value=value))
    found = obedience("bcb", model, [Request()], [played])
    assert np.isfinite(found.achieved[0][0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as means of nothing would give
        nothing = summarise("bcb", replace(own, expected_value=np.zeros_like(value)))
        assert np.isnan(obedience("bcb", model, [Request()], [nothing]).achieved[0][0])


def test_noise_follows_the_seed(model: TrainedModel) -> None:
    seen: list[Tensor] = []

    class Noisy(torch.nn.Linear):
        action_noise = 3

        def plan(self, history: History, memory: Memory) -> None:
            return None

        def act(self, history: History, memory: Memory) -> Tensor:
            seen.append(history.noise)
            return history.states[:, -1, 0]

    noisy: Any = SimpleNamespace(planner=Noisy(1, 1), scales=model.scales, tasks=model.tasks)
    for seed in (0, 0, 1):
        foresight(cast(TrainedModel, noisy), DATA, FEATURES, seed=seed)
    first, again, other = seen[::STEPS]
    assert first.shape == (len(DATA), 3)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
