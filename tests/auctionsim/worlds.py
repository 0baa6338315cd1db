"""A small market with some seats of each task, a line-up for it, and bidders to try things with."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from auctionsim.bidding import BatchBidder, Bidder, Observation
from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.dataset import Trajectories
from auctionsim.lineup import LineupConfig
from auctionsim.market import CampaignTerms, MarketConfig, Traffic
from auctionsim.random_numbers import uniforms
from auctionsim.tasks import TASKS

WORLD = MarketConfig(
    name="world",
    opportunities=800,
    steps=8,
    advertisers=8,
    categories=2,
    reserve_price=0.01,
    traffic=Traffic(mean_probability=0.05),
    campaigns=CampaignTerms(task_shares={"cpa_mcb": 2, "target_roas": 2, "bcb": 4}),
)
SHARES = {"limit_aware": 2.0, "pid": 1.0, "fixed": 1.0}
LINEUP = LineupConfig("all", {task: dict(SHARES) for task in TASKS})


def world(**changes: Any) -> MarketConfig:
    return replace(WORLD, **changes)


def campaigns_of(
    n: int, task: int = 2, *, steps: int = 8, budget: float = 1000.0, first_key: int = 1
) -> Campaigns:
    """Return n campaigns of one task, with all targets where the task has them."""
    return Campaigns(
        advertiser=np.arange(n),
        category=np.zeros(n, np.int64),
        task=np.full(n, task, np.int8),
        budget=np.full(n, budget),
        cpa_target=np.full(n, 100.0 if task == 0 else np.nan),
        roas_target=np.full(n, 0.01 if task == 1 else np.nan),
        reference=np.full(n, 100.0),
        key=np.arange(first_key, first_key + n, dtype=np.uint64),
        steps=steps,
    )


def observation_of(n: int, step: int, *, steps: int = 8, **totals: Any) -> Observation:
    """Return what n seats see; totals not given are 0."""

    def column(name: str, default: float = 0.0) -> NDArray[np.float64]:
        return np.broadcast_to(np.asarray(totals.get(name, default), np.float64), (n,)).copy()

    return Observation(
        step=step,
        steps=steps,
        features=np.zeros((n, 17)),
        remaining_budget=column("remaining_budget", 1000.0),
        cost=column("cost"),
        conversions=column("conversions"),
        value=column("value"),
        expected_conversions=column("expected_conversions"),
        expected_value=column("expected_value"),
        active=np.ones(n, np.bool_),
    )


class Half(Bidder):
    """Bids half the reference: five lines, one seat."""

    def act(self, observation: Observation) -> float:
        return 0.5 * self.campaign.reference


class HalfOfMany(BatchBidder):
    """The same for many seats."""

    def act(self, observation: Observation) -> NDArray[np.float64]:
        return 0.5 * self.campaigns.reference


class Remembering(Bidder):
    """A sound bidder with state and private randomness."""

    def __init__(self, gain: float = 0.2) -> None:
        self.gain = gain
        self.start = 0.0
        self.seen: list[float] = []

    def reset(self, campaign: Campaign) -> None:
        super().reset(campaign)
        draw = float(uniforms(campaign.key, 1, 0, 7)[0])
        self.start = campaign.reference * (0.5 + draw)
        self.seen = []

    def act(self, observation: Observation) -> float:
        self.seen.append(float(observation.cost) / self.campaign.budget)
        return float(self.start * np.exp(-self.gain * sum(self.seen)))


def write_world(folder: Path, market: MarketConfig = WORLD) -> str:
    """Write a market to a YAML file and return its path."""
    path = folder / f"{market.name}.yaml"
    # By way of JSON, which has lists for tuples.
    path.write_text(yaml.safe_dump(json.loads(json.dumps(asdict(market)))))
    return str(path)


def assert_same(a: Trajectories, b: Trajectories, *, but: tuple[str, ...] = ()) -> None:
    """Demand the same columns, bit for bit."""
    assert a.columns == b.columns
    for name, array in a.arrays().items():
        if name not in but:
            np.testing.assert_array_equal(array, getattr(b, name), err_msg=name)
