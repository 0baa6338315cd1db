"""Recorded play, and seats that play it again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.frozen import FrozenMarket, Recording
from auctionsim.market import MarketConfig
from auctionsim.simulator import Simulation, StepOutcome

Float64Array = NDArray[np.float64]


def record(
    market: MarketConfig,
    episodes: list[int],
    multipliers: NDArray[np.floating],
    campaigns: Campaigns | None = None,
    seed: int = 3,
) -> tuple[Recording, list[StepOutcome], Campaigns]:
    """Play multipliers (T, E * A) and keep the bids; returns the recording and what happened."""
    simulation = Simulation(market, episodes, seed, campaigns=campaigns)
    outcomes = [simulation.step(row, keep_bids=True, keep_sales=True) for row in multipliers]
    tops = tuple(outcome.top_bids for outcome in outcomes if outcome.top_bids is not None)
    days = tuple(simulation.days)
    return (
        Recording(market, seed, tuple(episodes), days, tops),
        outcomes,
        simulation.campaigns,
    )


def play(
    recording: Recording, campaigns: Campaigns, runs: list[int], multipliers: NDArray[np.floating]
) -> tuple[FrozenMarket, list[StepOutcome]]:
    """Play multipliers (T, R) against a recording."""
    market = FrozenMarket(recording, campaigns, runs)
    return market, [market.step(row, keep_sales=True) for row in multipliers]


def with_budgets(campaigns: Campaigns, budget: float | Float64Array) -> Campaigns:
    """Return the campaigns with other budgets."""
    return replace(campaigns, budget=np.broadcast_to(budget, len(campaigns)).astype(np.float64))
