"""Models built from data and a config: what they share, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TASKS
from tests.vao.factories import tiny_config
from tests.vao.toys import Toy
from tests.vao.training.runs import TRAINING, VALIDATION, of_kind, run, toy_config
from vao.config import METHODS
from vao.team import Team
from vao.training import train
from vao.training.building import build_learners


@pytest.mark.parametrize("method", METHODS)
def test_methods_differ_in_models_only_as_said(method: Any) -> None:
    learners = build_learners(TRAINING, VALIDATION, tiny_config(method=method), FEATURES)
    tasks = [task for learner in learners for task in learner.tasks]
    assert tasks == list(range(len(TASKS)))
    assert len(learners) == (3 if method == "none" else 1)
    starts = [learner.planner.state_dict() for learner in learners]
    for name, tensor in starts[0].items():
        assert all(torch.equal(tensor, start[name]) for start in starts), name


def test_normalisers_follow_the_data_setting() -> None:
    own, pooled = (
        build_learners(TRAINING, None, tiny_config(method=method), FEATURES)
        for method in ("none", "naive")
    )
    means = [learner.scales.actions.mean for learner in own]
    assert len(set(means)) == 3
    assert min(means) < pooled[0].scales.actions.mean < max(means)


def test_fewer_tasks_are_fewer_targets() -> None:
    two = TRAINING.take(np.flatnonzero(TRAINING.task != BCB))
    result = train(two, toy_config(), validation=VALIDATION, progress=False)
    assert result.policy.tasks == ("cpa_mcb", "target_roas")
    assert np.shape(of_kind(result, "weights")[0]["weights"]) == (2, 2)


def test_a_subset_of_features() -> None:
    config = toy_config(features=("budget_left", "mean_bid_last_3", "time_left"))
    model = run(config).policy.models[0]
    assert model.scales.states.features == config.features
    assert isinstance(model.planner, Toy)
    assert model.planner.shape.features == model.planner.warm.in_features == 3


def _without(task: int) -> Trajectories:
    return VALIDATION.take(np.flatnonzero(VALIDATION.task != task))


@pytest.mark.parametrize("validation", [None, _without(CPA_MCB)])
def test_vao_needs_held_out_data_of_every_task(validation: Trajectories | None) -> None:
    with pytest.raises(InvalidArgumentError, match="cpa_mcb"):
        train(TRAINING, tiny_config(method="vao"), validation=validation, progress=False)


@pytest.mark.parametrize(
    ("config", "features", "named"),
    [
        ({"batch": 2}, FEATURES, "batch"),
        ({"batch": 8, "weighting": {"refresh_batch": 2}}, FEATURES, "`refresh_batch`.*found 2"),
        ({"batch": 8, "groups": 99}, FEATURES, "number of groups.*lower `groups`"),
        ({"device": "cuda:99"}, FEATURES, "device"),
        ({"device": "toaster"}, FEATURES, "device"),
        ({"features": ("time_lefd",)}, FEATURES, "time_lefd"),
        ({"features": ()}, FEATURES, "features"),
        ({}, FEATURES[:5], "features"),
    ],
)
def test_what_the_data_cannot_give_is_refused(
    config: dict[str, Any], features: tuple[str, ...], named: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        run(tiny_config(**config), features=features)


def test_no_data_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="training"):
        train(TRAINING.take([]), tiny_config(), progress=False)


@pytest.mark.parametrize(
    ("method", "sizes", "enough"),
    [
        ("none", {"batch": 2}, False),
        ("naive", {"batch": 2}, False),
        ("naive", {"batch": 3}, True),
        ("vao", {"batch": 8}, False),
        ("vao", {"batch": 9, "weighting": {"validation_batch": 2}}, False),
        ("vao", {"batch": 9, "weighting": {"validation_batch": 3}}, True),
    ],
)
def test_a_team_needs_a_sample_for_each(method: Any, sizes: dict[str, Any], enough: bool) -> None:
    config = toy_config(method=method, **sizes)
    if enough:
        assert build_learners(TRAINING, VALIDATION, config, FEATURES, Team(0, 3))
        return
    with pytest.raises(InvalidArgumentError, match=r"batch.*3 processes"):
        build_learners(TRAINING, VALIDATION, config, FEATURES, Team(0, 3))
