from __future__ import annotations

import numpy as np
import pytest

from auctionsim.report.quality import METRICS, metric_values, spreads
from tests.auctionsim.report.samples import make_sample, make_trajectories


def test_metrics_are_those_of_the_totals() -> None:
    sample = make_sample()
    found, totals = metric_values(sample), sample.trajectories.totals()
    assert set(found) == set(METRICS)
    assert found["score_strict"] == pytest.approx(totals.score_strict)
    expected = sample.trajectories.totals(expected=True)
    assert found["expected_value"] == pytest.approx(expected.value)
    assert found["cpa_ratio"] == pytest.approx(totals.cpa_ratio, nan_ok=True)


def test_play_is_measured_by_the_advertiser_s_own_best() -> None:
    data = make_trajectories((0, 0, 2), episodes=101, steps=1)
    level = np.where(data.advertiser == 0, 1.0, 50.0)
    data.expected_value[:, 0] = level * data.episode / 100
    found = metric_values(make_sample(data))["relative_return"]
    assert found == pytest.approx(data.episode / 95, rel=1e-5)


def test_few_episodes_and_worthless_ones_have_no_best() -> None:
    few = make_trajectories(episodes=4)
    assert np.isnan(metric_values(make_sample(few))["relative_return"]).all()
    idle = make_trajectories(episodes=6)
    idle.expected_value[:] = 0
    assert np.isnan(metric_values(make_sample(idle))["relative_return"]).all()


def test_spreads_are_by_task_and_bidder_with_finite_numbers_only() -> None:
    sample = make_sample(episodes=20)
    sample.trajectories.reward[:10] = 0
    found = spreads(sample)
    assert [(one.task, one.bidder) for one in found[:4]] == [
        ("cpa_mcb", None),
        ("cpa_mcb", "pid"),
        ("cpa_mcb", "été"),
        ("target_roas", None),
    ]
    assert sum(one.trajectories for one in found if one.bidder is None) == len(sample)
    for one in found:
        assert ("roas_ratio" in one.quantiles) == (one.task == "target_roas")
        for quantiles in one.quantiles.values():
            assert np.isfinite(list(quantiles.values())).all()
            assert list(quantiles.values()) == sorted(quantiles.values())
    bcb = next(one for one in found if one.task == "bcb")
    assert bcb.share_violated == 0
