from __future__ import annotations

import numpy as np
import pytest

from auctionsim.report.coverage import coverage
from tests.auctionsim.report.samples import make_sample, make_trajectories


def test_visits_are_counted_where_they_are() -> None:
    data = make_trajectories((1, 0, 0), episodes=1, steps=2)
    data.budget[:] = 10.0
    data.cost[:] = [[5.0, 5.0]]
    data.action[:] = [[90.0, 90.0 * 30]]
    (found,) = coverage(make_sample(data))
    assert found.task == "cpa_mcb"
    assert found.visits == 2
    # The whole budget is in the last cell; half of it begins the eleventh of twenty.
    assert np.argwhere(found.states).tolist() == [[0, 19], [1, 10]]
    # The reference begins the upper half; beyond 20 times it is the last cell.
    assert np.argwhere(found.actions).tolist() == [[0, 12], [1, 23]]
    assert found.state_cells.cells == 40
    assert found.state_cells.occupied == pytest.approx(2 / 40)
    assert found.state_cells.effective == pytest.approx(2.0)


def test_visits_to_one_cell_are_worth_one_and_wide_ones_many() -> None:
    narrow = make_trajectories((0, 0, 3), episodes=5, steps=1)
    narrow.action[:] = 90.0
    wide = make_trajectories((0, 0, 3), episodes=5, steps=1)
    wide.action[:, 0] = 90.0 * 20.0 ** np.linspace(-1, 1, 15)
    one, many = (coverage(make_sample(data))[0] for data in (narrow, wide))
    assert one.action_cells.effective == pytest.approx(1.0)
    assert many.action_cells.effective == pytest.approx(15.0, rel=0.1)


def test_inactive_steps_are_no_visits() -> None:
    data = make_trajectories(episodes=2)
    data.active[:] = False
    for found in coverage(make_sample(data)):
        assert (found.visits, found.states.sum(), found.joint_cells.effective) == (0, 0, 0.0)


def test_a_budget_of_zero_is_no_visit_and_a_bid_of_zero_the_lowest_cell() -> None:
    data = make_trajectories((2, 0, 0), episodes=1, steps=1)
    data.budget[0] = 0.0
    data.action[1] = 0.0
    (found,) = coverage(make_sample(data))
    assert found.visits == 1
    assert np.argwhere(found.actions).tolist() == [[0, 0]]
