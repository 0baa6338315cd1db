"""The test on unseen advertisers: it tells a task's shift from its advertisers' ways."""

from __future__ import annotations

import numpy as np
import pytest

from auctionsim.report.two_sample import Units, one_thread, two_sample
from auctionsim.report.unseen import unseen_advertisers
from tests.auctionsim.report.samples import make_units


def groups(
    advertisers: int, labelled: int, own: float, shift: float, seed: int = 0, episodes: int = 8
) -> Units:
    """Advertisers with ways of their own, `labelled` of them shifted."""
    rng = np.random.default_rng((seed, 1))
    units = make_units(advertisers, episodes, seed=seed)
    units.rows[:, :2] += own * rng.normal(size=(advertisers, 2))[units.advertiser]
    units.rows[:, 0] += shift * (units.advertiser < labelled)
    return units


def test_a_shift_of_the_task_is_found() -> None:
    units = groups(8, 4, own=0.3, shift=3.0)
    found = unseen_advertisers(units, units.advertiser < 4)
    assert found is not None
    assert found.auc > 0.8
    assert found.relabellings == 69  # 8 over 4, less the true one
    assert found.p_value <= 3 / 70  # the mirrored labelling does as well


def test_ways_of_advertisers_are_not_taken_for_a_shift() -> None:
    """Split by episode alone the classifier recognises advertisers; held out, it must not."""
    p_values, areas = [], []
    with one_thread():
        for seed in range(15):
            units = groups(6, 3, own=3.0, shift=0.0, seed=seed)
            labels = units.advertiser < 3
            if seed < 3:
                more = groups(6, 3, own=3.0, shift=0.0, seed=seed, episodes=30)
                split = two_sample(more, more.advertiser < 3, permutations=99)
                assert split is not None
                assert split.p_value == pytest.approx(0.01)
            found = unseen_advertisers(units, labels, seed=seed)
            assert found is not None
            p_values.append(found.p_value)
            areas.append(found.auc)
    assert np.mean(areas) < 0.7
    assert np.mean(np.array(p_values) <= 0.1) <= 0.3
    assert np.mean(np.array(p_values) > 0.5) >= 0.2


def test_few_advertisers_bound_the_p_value() -> None:
    units = groups(4, 2, own=0.0, shift=5.0)
    found = unseen_advertisers(units, units.advertiser < 2)
    assert found is not None
    assert found.relabellings == 5
    assert found.p_value >= 1 / 6


def test_it_cannot_be_made_without_advertisers_of_one_task_each() -> None:
    units = make_units(4, 6)
    assert unseen_advertisers(units, units.advertiser < 1) is None
    assert unseen_advertisers(units, np.arange(24) % 3 == 0) is None
    assert unseen_advertisers(make_units(4, 1), np.arange(4) < 2) is None


def test_unknown_numbers_do_no_harm() -> None:
    units = groups(4, 2, own=0.0, shift=5.0)
    units.rows[:, 1] = np.nan
    units.rows[::5, 0] = np.nan
    found = unseen_advertisers(units, units.advertiser < 2, relabellings=3)
    assert found is not None
    assert found.relabellings == 3
    assert found.auc > 0.8
