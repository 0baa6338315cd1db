"""What is measured: ways to play a market, each a function of market and seed alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from auctionsim.dataset.schema import Trajectories
from auctionsim.evaluation import evaluate
from auctionsim.generate import play_episodes
from auctionsim.lineup import load_lineup
from auctionsim.market import MarketConfig
from auctionsim.simulator import Simulation

LINEUP = "mixed"
MANY_EPISODES = 16


@dataclass(frozen=True)
class Case:
    """One way to play a market.

    Attributes:
        title: What it is called in tables.
        play: Plays it and returns what all recorded seats paid, by which two playings of the same
            case are told to be equal.
        episodes: How many episodes it plays.
        seats_alone: Whether every advertiser is replaced in a run of its own.
        records_bids: Whether it plays against recorded bids, for which rules must be the default.
    """

    title: str
    play: Callable[[MarketConfig, int], float]
    episodes: int = 1
    seats_alone: bool = False
    records_bids: bool = False

    def bids(self, market: MarketConfig) -> int:
        """Return how many bids it places: one an opportunity, advertiser and run.

        Against recorded bids a run has one bidder only; the recording is counted as well.
        """
        alone = 2 if self.records_bids else market.advertisers
        runs = self.episodes * (alone if self.seats_alone else 1)
        return market.opportunities * market.advertisers * runs


def play_fixed(market: MarketConfig, seed: int) -> float:
    """Let every seat bid the market's reference price times the value, all day."""
    simulation = Simulation(market, [0], seed)
    multipliers = np.full(market.advertisers, market.campaigns.reference_price)
    while not simulation.done:
        simulation.step(multipliers)
    return float((simulation.campaigns.budget - simulation.remaining_budget).sum())


def _play_lineup(market: MarketConfig, seed: int) -> float:
    return _cost(play_episodes(market, load_lineup(LINEUP), seed, range(1)))


def _play_many(market: MarketConfig, seed: int) -> float:
    return _cost(play_episodes(market, load_lineup(LINEUP), seed, range(MANY_EPISODES)))


def _play_alone(
    market: MarketConfig, seed: int, *, frozen: bool = False, bounds: bool = False
) -> float:
    found = evaluate(
        "pid", "bcb", market, 1, seed,
        protocol="wide", lineup=LINEUP, frozen=frozen, bounds=bounds,
    )  # fmt: skip
    return _cost(found.trajectories)


def _cost(trajectories: Trajectories) -> float:
    return float(trajectories.cost.sum(dtype=np.float64))


CASES: dict[str, Case] = {
    "fixed": Case("fixed multipliers", play_fixed),
    "lineup": Case("default line-up", _play_lineup),
    "alone": Case("each seat alone", _play_alone, seats_alone=True),
    "frozen": Case(
        "each seat alone, others frozen",
        partial(_play_alone, frozen=True),
        seats_alone=True,
        records_bids=True,
    ),
    "bounds": Case(
        "the same, with bounds in hindsight",
        partial(_play_alone, frozen=True, bounds=True),
        seats_alone=True,
        records_bids=True,
    ),
    "many": Case(f"{MANY_EPISODES} episodes at once", _play_many, MANY_EPISODES),
}


def cases_for(market: MarketConfig) -> dict[str, Case]:
    """Return the cases that a market's rules allow."""
    plain = market.rules == "default"
    return {name: case for name, case in CASES.items() if plain or not case.records_bids}
