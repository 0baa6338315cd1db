"""Campaigns side by side: places, slices, names of tasks."""

from __future__ import annotations

import numpy as np
import pytest

from auctionsim.campaigns import Campaign, Campaigns


@pytest.fixture
def campaigns() -> Campaigns:
    return Campaigns(
        advertiser=np.array([0, 1, 2]),
        category=np.array([0, 0, 1]),
        task=np.array([2, 0, 1], np.int8),
        budget=np.array([10.0, 20.0, 30.0]),
        cpa_target=np.array([np.nan, 5.0, np.nan]),
        roas_target=np.array([np.nan, np.nan, 0.5]),
        reference=np.array([90.0, 5.0, 2.0]),
        key=np.array([1, 2**64 - 1, 3], np.uint64),
        steps=48,
    )


def test_one_campaign_holds_plain_numbers_and_its_tasks_name(campaigns: Campaigns) -> None:
    one = campaigns[1]
    assert one == Campaign(
        advertiser=1, category=0, task="cpa_mcb", budget=20.0, cpa_target=5.0,
        roas_target=one.roas_target, reference=5.0, key=2**64 - 1, steps=48,
    )  # fmt: skip
    assert np.isnan(one.roas_target)
    assert type(one.key) is int
    assert type(one.budget) is float
    assert [campaigns[i].task for i in range(3)] == ["bcb", "cpa_mcb", "target_roas"]


def test_length_is_the_number_of_campaigns(campaigns: Campaigns) -> None:
    assert len(campaigns) == 3
    assert len(campaigns.take(np.array([], np.int64))) == 0


def test_take_keeps_the_order_asked_for(campaigns: Campaigns) -> None:
    some = campaigns.take(np.array([2, 0, 2]))
    assert [some[i].advertiser for i in range(3)] == [2, 0, 2]
    assert some.steps == 48
    assert some[0] != some[1]
    assert some[0].roas_target == some[2].roas_target == 0.5


def test_places_outside_are_refused(campaigns: Campaigns) -> None:
    with pytest.raises(IndexError):
        campaigns[3]
    with pytest.raises(IndexError):
        campaigns.take(np.array([3]))


def test_campaigns_cannot_be_changed(campaigns: Campaigns) -> None:
    with pytest.raises(AttributeError):
        campaigns.budget = np.zeros(3)  # type: ignore[misc]
