"""What holds for every bidder that comes with the project."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import agents
from agents.fixed import FixedMultiplier
from agents.limit_aware import LimitAware
from agents.pid import PidPacing
from agents.random_walk import RandomWalk
from auctionsim.bidding import BatchBidder
from auctionsim.cast import Cast
from auctionsim.errors import InvalidArgumentError
from auctionsim.lineup import LineupConfig
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation, market_campaigns
from auctionsim.tasks import TASKS
from auctionsim.testing import check_bidder
from auctionsim.traffic import episode_key
from tests.auctionsim.worlds import WORLD, assert_same, observation_of

BIDDERS: dict[str, type[BatchBidder]] = {
    "fixed": FixedMultiplier,
    "pid": PidPacing,
    "limit_aware": LimitAware,
    "random_walk": RandomWalk,
}
PARAMETERS = [(n, p) for n, kind in BIDDERS.items() for p in inspect.signature(kind).parameters]


@pytest.mark.parametrize("name", BIDDERS)
def test_they_keep_the_contract(name: str) -> None:
    assert type(agents.make(name)) is BIDDERS[name]
    check_bidder(name, market=WORLD)


@pytest.mark.parametrize("name", BIDDERS)
def test_seed_episode_and_advertiser_decide_how_they_play(name: str) -> None:
    first: dict[tuple[int, int], Any] = {}
    seen = observation_of(8, 1, cost=10.0, expected_conversions=0.5, expected_value=0.5)
    for seed, episode in ((0, 0), (0, 1), (1, 0), (0, 0)):
        bidder = agents.make(name)
        assert isinstance(bidder, BatchBidder)
        campaigns = market_campaigns(WORLD, [episode_key(seed, episode)])
        bidder.reset(campaigns)
        played = bidder.act(seen) / campaigns.reference
        if (seed, episode) in first:
            np.testing.assert_array_equal(played, first[seed, episode])
        for other in first.values():
            assert other is first.get((seed, episode)) or not np.isclose(played, other).any()
        first[seed, episode] = played
        assert len(set(played.tolist())) == 8


@pytest.mark.parametrize("name", BIDDERS)
def test_an_episode_is_played_alike_twice(name: str) -> None:
    lineup = LineupConfig("one", {task: {name: 1.0} for task in TASKS})
    played = []
    for _ in range(2):
        simulation = Simulation(WORLD, [3], 1)
        played.append(roll_out(simulation, Cast(simulation.campaigns, lineup)))
    assert_same(*played)
    assert set(played[0].bidder) == {name}


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_parameter_is_checked_when_the_bidder_is_made(name: str, parameter: str) -> None:
    for bad in (-1.0, float("nan"), (2.0, 1.0), "much"):
        with pytest.raises(InvalidArgumentError, match=f"`{parameter}` must be a number > 0"):
            agents.make(name, **{parameter: bad})


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_parameter_is_explained_and_matters(name: str, parameter: str) -> None:
    assert f"        {parameter}: " in (BIDDERS[name].__doc__ or "")
    # Behind plan but on the limit, so that the ceiling and the pace both come into play.
    answers = []
    for value in (0.5, 2.0):
        bidder = agents.make(name, **{parameter: value})
        assert isinstance(bidder, BatchBidder)
        bidder.reset(market_campaigns(WORLD, [1, 2, 3, 4, 5]))
        steps = [
            observation_of(40, s, cost=40.0 * s, expected_conversions=s, expected_value=s)
            for s in range(4)
        ]
        answers.append([bidder.act(step).tolist() for step in steps])
    assert answers[0] != answers[1]
