"""AuctionNet's rule for over-spending: who loses what, and what it leaves alone."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from auctionsim.market import CampaignTerms, MarketConfig, Traffic, load_market
from auctionsim.simulator import Simulation, market_campaigns
from tests.auctionsim.simulator.comparing import assert_same_outcome

ALIKE = Traffic(
    mean_probability=0.5, category_spread=0.0, advertiser_spread=0.0, deviation_mean=0.0,
    deviation_spread=0.0, volume_spread=0.0, daily_profile=(1.0,),
)  # fmt: skip


def _market(budget: float, **changes: object) -> MarketConfig:
    base = MarketConfig(
        opportunities=100, steps=1, advertisers=3, categories=1, slots=1, exposure=(1.0,),
        reserve_price=0.01, traffic=ALIKE, rules="auctionnet",
        campaigns=CampaignTerms(
            budget=(budget, budget), budget_step=budget, task_shares={"bcb": 1.0}
        ),
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def test_an_over_spender_loses_its_share_of_wins_at_random_over_the_whole_step() -> None:
    # Bids 2, 1, 0.5: the first wins all 100 at 1, with 50 left.
    simulation = Simulation(_market(50.0), [0])
    outcome = simulation.step([4.0, 2.0, 1.0])
    dropped = math.ceil(100 * (100.0 - 50.0) / (100.0 + 1e-4))
    np.testing.assert_array_equal(outcome.wins[0], [100 - dropped, dropped, 0])
    np.testing.assert_array_equal(outcome.cost[0], [100 - dropped, dropped * 0.5, 0.0])
    # Dropped bids count as 0, in the mean bid as in the multiplier.
    np.testing.assert_allclose(outcome.mean_bid[0], [2.0 * (100 - dropped) / 100, 1.0, 0.5])
    np.testing.assert_allclose(outcome.multiplier[0], [4.0 * (100 - dropped) / 100, 2.0, 1.0])


def test_who_gets_the_dropped_opportunities_may_over_spend_in_its_turn() -> None:
    own = market_campaigns(_market(50.0), [0])
    poor = replace(own, budget=np.array([50.0, 10.0, 50.0]))
    outcome = Simulation(_market(50.0), [0], campaigns=poor).step([4.0, 2.0, 1.0])
    assert outcome.cost[0, 0] == 50.0
    assert outcome.cost[0, 1] <= 10.0
    assert outcome.multiplier[0, 1] < 2.0
    assert outcome.wins[0, 2] == 0  # nobody bids below it, and a price at the reserve sells nothing


def test_without_over_spending_the_step_is_that_of_one_auction() -> None:
    market = load_market("tiny")
    rich = CampaignTerms(budget=(1e7, 1e7), budget_step=1.0)
    traffic = replace(market.traffic, prediction_bias=0.0)
    market = replace(
        market,
        campaigns=rich,
        reserve_price=0.0,
        advertisers=20,
        exposure=(1.0, 0.8, 0.6),
        traffic=traffic,
    )
    one = Simulation(market, [2])
    two = Simulation(replace(market, rules="auctionnet"), [2])
    while not one.done:
        multipliers = np.linspace(50.0, 150.0, 20)
        assert_same_outcome(one.step(multipliers), two.step(multipliers))


def test_drops_are_drawn_anew_in_every_step_episode_and_seed() -> None:
    kept = set()
    for seed, episode in ((0, 0), (0, 1), (1, 0)):
        market = _market(50.0, steps=2)
        own = market_campaigns(market, [0])
        for step in range(2):
            simulation = Simulation(market, [episode], seed, campaigns=own)
            for _ in range(step):
                simulation.step(np.zeros(3))
            # Distinct bids one by one show in the mean bid which of them were dropped.
            bids = 2.0 + np.arange(50) ** 2 * 1e-4
            outcome = simulation.step([0.0, 2.4, 0.2], {0: bids})
            assert outcome.wins[0, 0] < 50
            kept.add(float(outcome.mean_bid[0, 0]))
    assert len(kept) == 6


def test_the_rule_holds_budgets_over_an_episode_of_the_auctionnet_market() -> None:
    market = replace(load_market("auctionnet"), opportunities=3_000)
    traffic = replace(market.traffic, mean_probability=0.08)
    simulation = Simulation(replace(market, traffic=traffic), [0])
    while not simulation.done:
        simulation.step(np.full(48, 120.0))
        assert (simulation.remaining_budget >= 0.0).all()
    assert (simulation.observe().cost > 0.9 * simulation.campaigns.budget).sum() > 20
