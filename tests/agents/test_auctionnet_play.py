"""What becomes of what a strategy of AuctionNet answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import agents
from auctionsim import evaluate
from auctionsim.bidding import Opportunities
from auctionsim.testing import check_bidder
from tests.agents.auctionnet_play import AUCTIONNET, MARKETS, Array, noted, play
from tests.agents.strategies import Ascetic, Pacing, PriceFollowing, Strategy, Vandal
from tests.auctionsim.worlds import LINEUP, assert_same, campaigns_of, observation_of, world


def test_who_is_out_of_money_is_asked_no_more_and_bids_0() -> None:
    played, strategies = noted(AUCTIONNET, budget=30.0)
    active = np.array([outcome.active[0] for outcome in played.outcomes])
    assert active[0].all()
    assert not active[-1].all()
    assert [len(strategy.calls) for strategy in strategies] == active.sum(axis=0).tolist()
    for outcome, playing in zip(played.outcomes, active, strict=True):
        assert (outcome.mean_bid[0][~playing] == 0).all()
    for strategy in strategies:
        assert all(remaining >= 0.1 for remaining, _ in strategy.calls)


def test_bids_below_0_are_no_bids() -> None:
    class Clipped(Ascetic):
        def bidding(self, *given: Any) -> Array:
            return np.maximum(super().bidding(*given), 0.0)

    below, clipped = play(Ascetic(), AUCTIONNET), play(Clipped(), AUCTIONNET)
    np.testing.assert_array_equal(below.sum("cost"), clipped.sum("cost"))
    assert (below.sum("cost") > 0).all()


@given(arrays(np.float64, 9, elements=st.floats(-1e9, 1e9)))
def test_bids_are_what_the_strategy_answers_or_0(answer: Array) -> None:
    class Answering(Strategy):
        def bidding(self, *given: Any) -> Array:
            return answer

    bidder = agents.from_auctionnet(Answering())
    bidder.reset(campaigns_of(1)[0])
    row = np.ones(9, np.float32)
    bids = bidder.bid(observation_of(1, 0).take(0), Opportunities(row, row, row))
    assert bids.dtype == np.float64
    np.testing.assert_array_equal(bids, np.maximum(answer, 0.0))


def test_steps_without_opportunities_are_passed_on() -> None:
    market = world(opportunities=3)
    played, strategies = noted(market)
    volumes = [int(outcome.volume[0]) for outcome in played.outcomes]
    assert 0 in volumes
    assert all(len(strategy.calls) == market.steps for strategy in strategies)
    for strategy in strategies:
        *_, prices = strategy.calls[-1][1]
        assert [len(price) for price in prices] == volumes[:-1]


def test_a_strategy_runs_in_a_process_of_its_own() -> None:
    bidder = agents.from_auctionnet(Pacing())
    here = evaluate(bidder, "bcb", world(), 1, lineup=LINEUP)
    there = evaluate(bidder, "bcb", world(), 1, lineup=LINEUP, isolate=True)
    assert_same(here.trajectories, there.trajectories)


def test_what_a_strategy_does_to_its_arguments_harms_nobody() -> None:
    kind, vandal = play(PriceFollowing(), AUCTIONNET), play(Vandal(), AUCTIONNET)
    for name in ("cost", "conversions", "wins"):
        np.testing.assert_array_equal(kind.sum(name), vandal.sum(name))


@pytest.mark.parametrize("strategy", [Strategy, Pacing, PriceFollowing, Vandal, Ascetic])
def test_an_instance_a_class_and_a_function_are_the_same(strategy: type) -> None:
    def build() -> object:
        return strategy()

    ways: list[object] = [strategy(), strategy, build]
    costs = [play(way, MARKETS["default"]).sum("cost") for way in ways]
    assert costs[0].sum() > 0
    np.testing.assert_array_equal(costs[0], costs[1])
    np.testing.assert_array_equal(costs[0], costs[2])


@pytest.mark.parametrize("strategy", [Strategy, Pacing, PriceFollowing, Vandal, Ascetic])
@pytest.mark.parametrize("rules", MARKETS)
def test_strategies_keep_the_contract_though_their_resets_forget_to_forget(
    strategy: Callable[[], object], rules: str
) -> None:
    """So seats and episodes are kept apart, whatever a strategy keeps."""
    check_bidder(agents.from_auctionnet(strategy()), market=MARKETS[rules])


def test_the_strategy_given_is_left_alone() -> None:
    mine = Pacing()
    before = dict(vars(mine))
    play(mine, AUCTIONNET)
    assert vars(mine) == before == {**before, "left": []}
