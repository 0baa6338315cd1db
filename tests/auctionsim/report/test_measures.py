from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auctionsim.report.measures import MEASURES, measures, step_units, trajectory_units
from auctionsim.report.sample import Sample
from tests.auctionsim.report.samples import make_sample, make_trajectories


def test_measures_of_a_day_worked_by_hand() -> None:
    data = make_trajectories(episodes=1, steps=4)
    data.budget[0] = 16.0
    data.cost[0] = [2.0, 0.0, 0.0, 6.0]
    data.active[0] = [True, True, False, True]
    data.action[0] = [90.0, 180.0, 9.0, 360.0]
    data.expected_value[0] = [0.1, 0.2, 0.0, 0.1]
    found = measures(make_sample(data))
    assert set(found) == set(MEASURES)
    assert found["log_budget"][0] == pytest.approx(4.0)
    assert found["utilisation"][0] == pytest.approx(0.5)
    assert found["spend_time"][0] == pytest.approx((2 * 0.125 + 6 * 0.875) / 8)
    assert found["active_share"][0] == pytest.approx(0.75)
    assert found["log_action"][0] == pytest.approx(1.0)
    assert found["action_spread"][0] == pytest.approx(np.sqrt(2 / 3))
    assert found["log_return"][0] == pytest.approx(np.log2(0.4 * 90 / 8))


def test_scale_of_currency_leaves_the_classifier_nothing_to_see() -> None:
    data = make_trajectories(episodes=3)
    scaled = replace(
        data,
        budget=data.budget * 8,
        cost=data.cost * 8,
        action=data.action * 8,
        cpa_target=data.cpa_target * 8,
        roas_target=data.roas_target / np.float32(8),
    )
    sample = make_sample(data)
    other = Sample(scaled, sample.episode, sample.features, 90.0 * 8, len(data))
    rows = [trajectory_units(s, measures(s))[0].rows for s in (sample, other)]
    assert rows[0] == pytest.approx(rows[1], rel=1e-6, abs=1e-6)


def test_the_classifier_is_given_no_budget() -> None:
    sample = make_sample()
    units, names = trajectory_units(sample, measures(sample))
    assert "log_budget" not in names
    assert {"spend_1_of_6", "spend_6_of_6"} <= set(names)
    assert units.rows.shape == (len(sample), len(names))


def test_nothing_bought_and_nothing_done_is_unknown_not_an_error() -> None:
    data = make_trajectories(episodes=1)
    data.cost[:] = 0
    data.active[:] = False
    data.budget[:] = 0
    found = measures(make_sample(data))
    assert not {"log_action", "spend_time", "utilisation", "log_return"} & set(found)


def test_steps_are_active_ones_of_their_trajectory() -> None:
    data = make_trajectories(episodes=3)
    data.active[:, 2:] = False
    data.active[4] = False
    data.state[:, :, 0] = np.arange(len(data))[:, None]
    sample = make_sample(data)
    units, names = step_units(sample)
    assert names[-1] == "log_action"
    assert np.bincount(units.unit, minlength=30).tolist() == [0 if i == 4 else 2 for i in range(30)]
    assert units.rows[:, 0].tolist() == units.unit.tolist()
    assert units.rows[units.unit == 7, -1] == pytest.approx(
        np.log2(sample.relative_action[7, :2]), rel=1e-6
    )


def test_other_features_are_taken_as_they_are() -> None:
    data = make_trajectories(episodes=2)
    few = replace(data, state=data.state[:, :, :2], final_state=data.final_state[:, :2])
    sample = Sample(few, few.episode.astype(np.int64), ("a", "b"), None, len(few))
    assert not {"log_price", "win_rate"} & set(measures(sample))
    assert step_units(sample)[1] == ["a", "b", "log_action"]
