from __future__ import annotations

import numpy as np
import pytest

from auctionsim.observation import FEATURES
from auctionsim.report.curves import courses, prices
from auctionsim.report.groups import MOST_BIDDERS, OTHERS, bidder_names, groups_of
from tests.auctionsim.report.samples import make_sample, make_trajectories


def test_budgets_are_spent_from_nothing_to_their_share() -> None:
    data = make_trajectories((0, 0, 20), episodes=1, steps=4)
    data.cost[:] = np.arange(20)[:, None] / 40
    data.budget[:] = 2.0
    whole = courses(make_sample(data))[0]
    assert whole.bidder is None
    assert whole.spent.shape == (3, 5)
    assert whole.spent[:, 0].tolist() == [0, 0, 0]
    assert whole.spent[1, -1] == pytest.approx(4 * 9.5 / 40 / 2)
    assert (np.diff(whole.spent, axis=0) >= 0).all()


def test_multipliers_are_those_of_active_seats() -> None:
    data = make_trajectories((0, 0, 20), episodes=1, steps=3)
    data.action[:] = 180.0
    data.active[:10, 1] = False
    data.action[:10, 1] = 1.0
    data.active[1:, 2] = False
    whole = courses(make_sample(data))[0]
    assert whole.action[:, 1] == pytest.approx([2.0, 2.0, 2.0])
    assert np.isnan(whole.action[:, 2]).all()  # one seat says nothing of the rest
    assert whole.active == pytest.approx([1.0, 0.5, 0.05])


def test_a_step_s_price_is_regained_from_the_running_mean() -> None:
    data = make_trajectories(episodes=8, steps=5)
    own = np.random.default_rng(0).random((8, 5)) + 1
    mean = np.cumsum(own, axis=1) / np.arange(1, 6)
    place = FEATURES.index("mean_market_price")
    data.state[:, 0, place] = 0.0
    data.state[:, 1:, place] = mean[data.episode, :-1]
    data.final_state[:, place] = mean[data.episode, -1]
    found = prices(make_sample(data))
    assert found is not None
    assert found[1] == pytest.approx(np.median(own, axis=0), rel=1e-5)


def test_budgets_of_zero_and_idle_tasks_leave_gaps() -> None:
    data = make_trajectories(episodes=2)
    data.budget[:] = 0.0
    data.active[:] = False
    for course in courses(make_sample(data)):
        assert np.isnan(course.spent).all()
        assert np.isnan(course.action).all()


def test_rare_bidders_are_put_together() -> None:
    data = make_trajectories((0, 0, 12), episodes=10, steps=1)
    data.bidder[:] = [f"b{min(i % 12, i // 12 + 3):02}" for i in range(120)]
    sample = make_sample(data)
    names = bidder_names(sample)
    assert len(names) == MOST_BIDDERS - 1
    groups = groups_of(sample)
    assert [group.bidder for group in groups] == [None, *names, OTHERS]
    assert sum(len(group.places) for group in groups[1:]) == 120
