"""Seats: tasks, budgets and targets of the advertisers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auctionsim.market import CampaignTerms, MarketConfig, Traffic, load_market
from auctionsim.simulator import Simulation, market_campaigns, with_tasks
from auctionsim.simulator.seats import assign_tasks
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS


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


@pytest.mark.parametrize("rules", ["default", "auctionnet"])
@pytest.mark.parametrize("low", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("high", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("ratio", [0.0, 1e30])
def test_amounts_at_the_edge_play_without_overflow(
    rules: str, low: float, high: float, ratio: float
) -> None:
    limits = (low, max(low, high))
    market = MarketConfig(
        opportunities=30, steps=2, advertisers=6, categories=2, rules=rules,
        traffic=Traffic(mean_probability=0.5, error_mean=ratio, error_spread=ratio,
                        deviation_mean=ratio, deviation_spread=ratio, deviation_step_spread=ratio,
                        prediction_bias=ratio),
        campaigns=CampaignTerms(budget=limits, budget_step=1e-30, cpa_target=limits,
                                inverse_roas_target=limits, reference_price=high,
                                task_shares=dict.fromkeys(TASKS, 1.0)),
    )  # fmt: skip
    simulation = Simulation(market, [0])
    own = simulation.campaigns
    for task in range(len(TASKS)):
        targets = with_tasks(market, own, np.full(6, task, np.int8)).reference
        assert ((targets >= min(limits[0], high)) & (targets <= limits[1])).all()
    assert ((own.budget >= limits[0]) & (own.budget <= limits[1])).all()
    while not simulation.done:
        assert np.isfinite(simulation.prediction_errors(0)).all()
        assert np.isfinite(simulation.step(own.reference).cost).all()
    assert (simulation.remaining_budget >= 0.0).all()


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
