"""The four settings of sharing: whose data train which model, and what all have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TASKS
from tests.vao.factories import COUNTS
from tests.vao.training.runs import TRAINING, VALIDATION, of_kind, run, same, toy_config
from vao.methods import SETTINGS, Method, Setting
from vao.training import train
from vao.training.building import build_learners
from vao.training.learner import Learner

METHODS = [f"{setting}-equal" for setting in SETTINGS]
POOLED, JOINT = ("odmm", "odom"), ("mdom", "odom")


def _learners(setting: Setting, **changes: Any) -> list[Learner]:
    return build_learners(
        TRAINING, VALIDATION, toy_config(method=f"{setting}-equal", **changes), FEATURES
    )


def _changed(task: int) -> Trajectories:
    """The training data with other actions in one task's trajectories."""
    arrays = dict(TRAINING.arrays())
    action = np.array(arrays["action"])
    action[TRAINING.task == task] *= np.float32(1.7)
    return Trajectories.partial(arrays | {"action": action})


@pytest.mark.parametrize("setting", SETTINGS)
def test_there_is_a_model_a_task_or_one_for_all(setting: Setting) -> None:
    learners = _learners(setting)
    tasks = [tuple(range(len(TASKS)))] if setting in JOINT else [(t,) for t in range(len(TASKS))]
    assert [learner.tasks for learner in learners] == tasks
    for learner in learners:
        own = tuple(TASKS[task] for task in learner.tasks)
        assert learner.targets == own
        assert learner.sources == (TASKS if setting in POOLED else own)
        assert learner.sampler.targets == len(own)


@pytest.mark.parametrize("setting", SETTINGS)
def test_models_begin_alike_whatever_is_shared(setting: Setting) -> None:
    start = _learners("odom")[0].planner.state_dict()
    for learner in _learners(setting):
        state = learner.planner.state_dict()
        assert all(torch.equal(tensor, start[name]) for name, tensor in state.items())


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_target_draws_as_many_samples_in_every_setting(setting: Setting) -> None:
    for learner in _learners(setting, batch=11):
        for target in range(learner.sampler.targets):
            assert len(learner.sampler.batch(target).actions) == 11


@pytest.mark.parametrize("setting", SETTINGS)
def test_normalisers_are_fitted_on_the_data_that_a_model_learns_from(setting: Setting) -> None:
    means = {learner.scales.actions.mean for learner in _learners(setting)}
    assert len(means) == (3 if setting == "mdmm" else 1)
    whole = _learners("odom")[0].scales.actions.mean
    assert (whole in means) == (setting != "mdmm")


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_target_learns_from_its_own_data_or_from_all(setting: Setting) -> None:
    config = toy_config(method=f"{setting}-equal", steps=8)
    plain, changed = (
        train(data, config, progress=False).policy for data in (TRAINING, _changed(BCB))
    )
    same_models = [
        all(map(torch.equal, a.planner.state_dict().values(), b.planner.state_dict().values()))
        for a, b in zip(plain.models, changed.models, strict=True)
    ]
    expected = {
        "mdmm": [True, True, False],  # other tasks' models do not hear of it
        "odmm": [False, False, False],
        "mdom": [False],
        "odom": [False],
    }
    assert same_models == expected[setting]


@pytest.mark.parametrize("setting", SETTINGS)
def test_batches_hold_the_sources_of_the_setting(setting: Setting) -> None:
    for learner in _learners(setting):
        home = [learner.sources.index(name) for name in learner.targets]
        sampler = learner.sampler
        assert [sampler.own(target) for target in range(sampler.targets)] == home
        for target, name in enumerate(learner.targets):
            actions = sampler.batch(target, 400).actions
            distinct = len(torch.unique(actions, dim=0))
            whole = sum(COUNTS.values()) if setting in POOLED else COUNTS[TASKS.index(name)]
            # All of them are drawn sooner or later, and no others.
            assert 0.9 * whole <= distinct <= whole


def test_settings_are_four_different_trainings() -> None:
    policies = [run(toy_config(method=method, steps=6)).policy for method in METHODS]
    asked = dict(zip(SETTINGS, policies, strict=True))
    for one in SETTINGS:
        assert asked[one].tasks == TASKS
        for other in SETTINGS:
            if len(asked[one].models) == len(asked[other].models):
                assert same(asked[one], asked[other]) == (one == other)


@pytest.mark.parametrize(("short", "whole"), [("none", "mdmm-equal"), ("naive", "odom-equal")])
def test_short_names_train_the_same(short: str, whole: str) -> None:
    assert same(run(toy_config(method=short)).policy, run(toy_config(method=whole)).policy)


@pytest.mark.parametrize("method", METHODS)
def test_equal_weights_do_not_look_at_held_out_data(method: str) -> None:
    config = toy_config(method=method)
    assert same(train(TRAINING, config, progress=False).policy, run(config).policy)
    assert Method.of(method).weighting == "equal"


@pytest.mark.parametrize("method", ["odmm-vao", "odom-vao"])
def test_weights_of_sources_are_one_row_a_target_of_each_model(method: str) -> None:
    records = of_kind(run(toy_config(method=method, steps=3)), "weights")
    first = [record for record in records if record["step"] == 0]
    assert [record["tasks"] for record in first] == (
        [[task] for task in TASKS] if method == "odmm-vao" else [list(TASKS)]
    )
    for record in first:
        assert record["sources"] == list(TASKS)
        assert np.shape(record["weights"]) == (len(record["tasks"]), len(TASKS))


@pytest.mark.parametrize("method", METHODS)
def test_held_out_data_may_be_trained_on_instead(method: str) -> None:
    config = toy_config(method=method, train_on_validation=True)
    both = Trajectories.concatenate([TRAINING, VALIDATION])
    joined = train(both, toy_config(method=method), progress=False)
    assert same(run(config).policy, joined.policy)
    assert not same(run(config).policy, run(toy_config(method=method)).policy)
    with pytest.raises(InvalidArgumentError, match="validation"):
        train(TRAINING, config, progress=False)


@pytest.mark.parametrize("setting", POOLED)
def test_only_good_trajectories_of_others_are_shared_above_a_quantile(setting: Setting) -> None:
    method = f"{setting}-equal"
    everything, best = (run(toy_config(method=method, share_above=at)) for at in (None, 0.5))
    assert not same(everything.policy, best.policy)
    learner = _learners(setting, share_above=0.5)[0]
    actions = learner.sampler.batch(0, 600).actions
    drawn = len(torch.unique(actions, dim=0))
    assert COUNTS[CPA_MCB] < drawn < sum(COUNTS.values())
