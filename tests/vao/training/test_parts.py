"""The parts that data are divided into, and trainings on many of them."""

from __future__ import annotations

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from tests.vao.factories import make_trajectories, tiny_config
from vao.training import train
from vao.training.building import build_learners
from vao.training.parts import divide_up, of_tasks

COUNTS = {CPA_MCB: 24, TARGET_ROAS: 36, BCB: 60}
TRAINING, HELD_OUT = make_trajectories(COUNTS), make_trajectories(COUNTS, seed=1)
GROUPS = 6


def test_kinds_are_the_parts_unless_more_are_asked_for() -> None:
    parts = divide_up(TRAINING, 0)
    assert [(part.name, part.task) for part in parts] == list(zip(TASKS, range(3), strict=True))
    assert [len(part.of(TRAINING)) for part in parts] == list(COUNTS.values())


@pytest.mark.parametrize("groups", [0, 3, GROUPS])
def test_every_trajectory_belongs_to_one_part(groups: int) -> None:
    parts = divide_up(TRAINING, groups)
    assert len(parts) == (groups or 3)
    assert len({part.name for part in parts}) == len(parts)
    for data in (TRAINING, HELD_OUT):
        found = [part.of(data) for part in parts]
        assert sum(map(len, found)) == len(data)
        for part, own in zip(parts, found, strict=True):
            assert (own.task == part.task).all()


def test_of_tasks_takes_no_copy_of_all() -> None:
    assert of_tasks(TRAINING, range(3)) is TRAINING
    assert np.unique(of_tasks(TRAINING, (BCB,)).task).tolist() == [BCB]


@pytest.mark.parametrize("method", ["odom-equal", "mdom-equal", "odom-sampled_vao", "odom-vao"])
def test_a_model_of_many_groups_plays_the_kinds(method: str) -> None:
    config = tiny_config(method=method, steps=4, batch=12, groups=GROUPS, settings={})
    (learner,) = build_learners(TRAINING, HELD_OUT, config, FEATURES)
    assert learner.sampler.targets == len(learner.targets) == len(learner.sources) == GROUPS
    result = train(TRAINING, config, validation=HELD_OUT, progress=False)
    assert result.policy.tasks == TASKS
    losses = [r for r in result.history if r["kind"] == "loss" and r["stage"] == "planner"]
    assert set(losses[0]["losses"]) == set(learner.targets)
    weights = [r for r in result.history if r["kind"] == "weights"]
    assert bool(weights) == method.endswith("vao")
    for record in weights:
        assert record["tasks"] == list(learner.targets)
        assert np.shape(record["weights"]) == (GROUPS, GROUPS)


def test_more_groups_than_the_data_can_make_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="groups"):
        build_learners(TRAINING, HELD_OUT, tiny_config(method="naive", groups=50), FEATURES)
