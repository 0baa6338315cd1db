"""The episodes whose every number is kept: one a rule, with a fixed schedule of bids."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import auctionsim
from auctionsim.market import MarketConfig, load_market
from auctionsim.simulator import Simulation, market_campaigns
from auctionsim.simulator.outcome import OUTCOME_ARRAYS
from auctionsim.traffic import episode_key

Arrays = dict[str, NDArray[Any]]

FOLDER = Path(__file__).parent
MARKETS = ("default", "auctionnet", "first_price")
SEED, EPISODES = 2026, [0, 7]


def golden_path(name: str) -> Path:
    """Return the file of a market's numbers under the present semantics."""
    return FOLDER / f"{name}-semantics-{auctionsim.SEMANTICS}.npz"


def golden_market(name: str) -> MarketConfig:
    """Return a small market that uses everything whose semantics could change."""
    market = load_market("tiny")
    market = replace(
        market,
        name=name,
        opportunities=1_600,
        steps=8,
        advertisers=12,
        categories=3,
        min_remaining_budget=20.0,
        traffic=replace(market.traffic, mean_probability=0.1, prediction_bias=1.0),
        campaigns=replace(
            market.campaigns, task_shares={"cpa_mcb": 1.0, "target_roas": 1.0, "bcb": 1.0}
        ),
        values=replace(market.values, realised=0.4),
    )
    changes: dict[str, dict[str, Any]] = {
        "default": {},
        "auctionnet": {"rules": "auctionnet", "exposure": (1.0, 0.8, 0.48)},
        "first_price": {"mechanism": "first_price"},
    }
    return replace(market, **changes[name])


def play_golden(name: str) -> Arrays:
    """Play the market's episodes; return all that is kept, by name."""
    market = golden_market(name)
    own = market_campaigns(market, [episode_key(SEED, episode) for episode in EPISODES])
    # From small to ample, so that some budgets run out in every part of the episode.
    campaigns = replace(own, budget=own.budget * np.linspace(0.1, 3.0, len(own)))
    simulation = Simulation(market, EPISODES, SEED, campaigns=campaigns)
    seats = len(campaigns)
    states, outcomes = [], []
    while not simulation.done:
        states.append(simulation.observe().features)
        step = simulation.step_index
        multipliers = 40.0 + (37.0 * np.arange(seats) + 23.0 * step) % 90.0
        multipliers[step % seats] = 0.0
        by_one = {5: 70.0 * simulation.values(5)} if step % 2 else {}
        outcomes.append(simulation.step(multipliers, by_one))
    final = simulation.observe()
    arrays: Arrays = {
        name: np.stack([getattr(outcome, name) for outcome in outcomes]) for name in OUTCOME_ARRAYS
    }
    arrays |= {f"campaign_{f.name}": getattr(campaigns, f.name) for f in fields(campaigns)}
    arrays |= {"state": np.stack(states), "final_state": final.features}
    arrays |= {"remaining_budget": final.remaining_budget}
    arrays["campaign_steps"] = np.array(campaigns.steps)
    arrays["semantics"] = np.array(auctionsim.SEMANTICS)
    return arrays
