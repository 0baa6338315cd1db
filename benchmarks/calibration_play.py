"""Plays AuctionNet's recorded multipliers in our market."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auctionsim import MarketConfig, Simulation
from benchmarks.calibration_record import Record, recorded_days

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Played:
    """What E episodes brought; arrays (E, T) or (E, T, A).

    `value_mean` is of the opportunities a seat saw, and `price_mean` the market price's.
    """

    volumes: IntArray
    value_mean: Float64Array
    price_mean: Float64Array
    wins: Float64Array
    exposed_wins: Float64Array
    cost: Float64Array
    conversions: Float64Array
    expected_conversions: Float64Array
    predicted_conversions: Float64Array

    @property
    def win_rate(self) -> Float64Array:
        """Slots won over opportunities, (E, A)."""
        return np.asarray(self.wins.sum(1) / self.volumes.sum(1)[:, None])

    @property
    def price(self) -> float:
        """Mean market price of all opportunities."""
        return float(np.average(self.price_mean, weights=self.volumes))


def own_simulation(
    market: MarketConfig, record: Record, episodes: Sequence[int], seed: int
) -> Simulation:
    """Build episodes of the market's own traffic, with AuctionNet's budgets."""
    own = Simulation(market, episodes, seed).campaigns
    budget = np.tile(record.budget.astype(np.float64), len(episodes))
    return Simulation(market, episodes, seed, campaigns=replace(own, budget=budget))


def fed_simulation(market: MarketConfig, record: Record, seed: int) -> Simulation:
    """Build episodes with AuctionNet's volumes, values, biases and budgets."""
    own = own_simulation(market, record, range(record.episodes), seed)
    days = recorded_days(record, own.days, biased=market.prediction_bias > 0)
    return Simulation(market, own.episodes, seed, campaigns=own.campaigns, days=days)


def play(
    simulation: Simulation,
    multipliers: NDArray[np.floating],
    before_step: Callable[[int], object] | None = None,
) -> Played:
    """Play a simulation to its end with multipliers (E, T, A).

    `before_step` is called with each step's number before it is played.
    """
    outcomes = []
    while not simulation.done:
        if before_step is not None:
            before_step(simulation.step_index)
        outcomes.append(simulation.step(multipliers[:, simulation.step_index]))
    kept = {
        name: np.stack([getattr(outcome, name) for outcome in outcomes], 1)
        for name in (
            "wins", "exposed_wins", "cost", "conversions", "expected_conversions",
            "predicted_conversions",
        )
    }  # fmt: skip
    return Played(
        volumes=np.stack([outcome.volume for outcome in outcomes], 1),
        value_mean=np.stack([outcome.mean_value for outcome in outcomes], 1),
        price_mean=np.stack([outcome.market_price for outcome in outcomes], 1),
        **kept,
    )


def exposure_by_slot(market: MarketConfig, opportunities: int, seed: int) -> Float64Array:
    """Measure how often each slot is seen, (slots,).

    Seats do not tell their slots apart, so every slot gets an advertiser of its own: the bids of
    one seat stand above those of the next on all opportunities, and the last seat sets the price.
    """
    advertisers = market.slots + 1
    ranked = replace(
        market, opportunities=opportunities, steps=1, advertisers=advertisers, categories=1
    )
    own = Simulation(ranked, [0], seed).campaigns
    simulation = Simulation(
        ranked, [0], seed, campaigns=replace(own, budget=np.full(advertisers, 1e12))
    )
    bids = {i: np.full(opportunities, float(advertisers - i)) for i in range(advertisers)}
    outcome = simulation.step(np.ones(advertisers), bids)
    return np.asarray((outcome.exposed_wins / np.maximum(outcome.wins, 1.0))[0, : market.slots])
