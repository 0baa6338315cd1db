"""Seats: tasks, budgets and targets of the advertisers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auctionsim.market import CampaignTerms, load_market
from auctionsim.simulator import market_campaigns, with_tasks
from auctionsim.simulator.seats import assign_tasks
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS


def test_tasks_are_dealt_by_their_shares() -> None:
    counts = np.bincount(assign_tasks(load_market("paper")))
    np.testing.assert_array_equal(counts, [2, 6, 40])
    other = replace(load_market("paper"), campaigns=CampaignTerms(seed=1))
    np.testing.assert_array_equal(np.bincount(assign_tasks(other)), [2, 6, 40])
    assert not np.array_equal(assign_tasks(other), assign_tasks(load_market("paper")))


def test_budgets_and_targets_lie_on_their_grids_and_follow_the_task() -> None:
    market = load_market("paper")
    own = market_campaigns(market, [1, 2])
    np.testing.assert_array_equal(own.budget % 50, 0)
    assert own.budget.min() >= 2000
    assert own.budget.max() <= 4850
    np.testing.assert_array_equal(np.isnan(own.cpa_target), own.task != CPA_MCB)
    np.testing.assert_array_equal(np.isnan(own.roas_target), own.task != TARGET_ROAS)
    assert (own.reference[own.task == BCB] == 90.0).all()
    cpa = own.task == CPA_MCB
    np.testing.assert_array_equal(own.reference[cpa], own.cpa_target[cpa])
    roas = own.task == TARGET_ROAS
    np.testing.assert_array_equal(1.0 / own.reference[roas], own.roas_target[roas])
    np.testing.assert_array_equal(own.budget[:48], own.budget[48:])
    assert np.unique(own.key).size == 96


def test_a_target_does_not_depend_on_when_it_is_asked_for() -> None:
    market = load_market("paper")
    own = market_campaigns(market, [1])
    as_cpa = with_tasks(market, own, np.full(48, CPA_MCB, np.int8))
    once_more = with_tasks(market, with_tasks(market, as_cpa, own.task), as_cpa.task)
    np.testing.assert_array_equal(as_cpa.cpa_target, once_more.cpa_target)
    some = with_tasks(market, own.take(np.array([5, 3])), np.array([CPA_MCB, CPA_MCB], np.int8))
    np.testing.assert_array_equal(some.cpa_target, as_cpa.cpa_target[[5, 3]])
    assert as_cpa.cpa_target.min() >= 60
    assert as_cpa.cpa_target.max() <= 130
