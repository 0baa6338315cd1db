from __future__ import annotations

import numpy as np
import pytest

from auctionsim.report.shift import Shift, task_shift
from auctionsim.report.study import largest_gap
from tests.auctionsim.report.samples import make_sample, make_trajectories


@pytest.fixture(scope="module")
def planted() -> Shift:
    return task_shift(make_sample(advertisers=(4, 4, 8), episodes=12, shift=2.0))


def test_each_two_tasks_are_compared(planted: Shift) -> None:
    assert [pair.tasks for pair in planted.pairs] == [
        ("cpa_mcb", "target_roas"),
        ("cpa_mcb", "bcb"),
        ("target_roas", "bcb"),
    ]
    assert [pair.advertisers for pair in planted.pairs] == [(4, 4), (4, 8), (4, 8)]
    assert all(pair.shared_advertisers == 0 for pair in planted.pairs)


def test_a_planted_shift_shows_in_every_test_and_in_no_control(planted: Shift) -> None:
    for pair in planted.pairs:
        gap = 2.0 if "bcb" in pair.tasks and "cpa_mcb" in pair.tasks else 1.0
        assert pair.trajectories is not None
        assert pair.steps is not None
        assert pair.unseen is not None
        assert max(pair.trajectories.p_value, pair.steps.p_value) <= 0.01
        assert pair.trajectories.auc_interval[0] > 0.55
        assert pair.unseen.auc > 0.7
        assert pair.unseen.p_value < 0.1
        assert largest_gap(pair) == "log_action"
        assert pair.distances["log_action"].wasserstein > 1.4 * gap
        assert pair.distances["utilisation"].wasserstein < 0.5
        assert pair.control is not None
        assert pair.control.task == "bcb"
        assert pair.control.advertisers == (4, 4)
        assert abs(np.mean(pair.control.trajectories) - 0.5) < 0.15
        assert pair.control.distances["log_action"].wasserstein < 0.6
    for areas in planted.random_labels.values():
        assert abs(np.mean(areas) - 0.5) < 0.15


def test_ways_of_advertisers_show_in_the_control_and_not_in_the_test_on_unseen_ones() -> None:
    sample = make_sample(advertisers=(2, 0, 12), episodes=24, own=4.0, seed=3)
    (pair,) = task_shift(sample).pairs
    assert pair.trajectories is not None
    assert pair.control is not None
    assert pair.unseen is not None
    assert pair.trajectories.p_value < 0.01
    assert np.mean(pair.control.trajectories) > 0.65
    assert pair.unseen.p_value > 0.05


def test_the_same_sample_gives_the_same_shift() -> None:
    one, again = (task_shift(make_sample(advertisers=(2, 2, 0), episodes=8)) for _ in range(2))
    assert one == again


def test_advertisers_that_change_tasks_are_told() -> None:
    data = make_trajectories((4, 4, 0), episodes=8)
    turned = data.episode % 2 == 1
    data.task[turned] = 1 - data.task[turned]
    data.cpa_target[:] = np.where(data.task == 0, 90, np.nan)
    data.roas_target[:] = np.where(data.task == 1, 1 / 90, np.nan)
    (pair,) = task_shift(make_sample(data)).pairs
    assert pair.shared_advertisers == 8
    assert pair.unseen is None
    assert pair.trajectories is not None


def test_one_task_leaves_nothing_to_compare() -> None:
    found = task_shift(make_sample(advertisers=(0, 0, 4)))
    assert (found.pairs, found.random_labels) == ((), {})


def test_one_advertiser_and_episode_a_task_leaves_distances_only() -> None:
    found = task_shift(make_sample(advertisers=(1, 1, 0), episodes=1))
    (pair,) = found.pairs
    assert [pair.trajectories, pair.steps, pair.unseen, pair.control] == [None] * 4
    assert pair.distances["utilisation"].ks == 1.0
    assert found.random_labels == {}
