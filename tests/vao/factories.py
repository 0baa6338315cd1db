"""Small made-up data: a market of one line, campaigns in it, and a tiny training config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import Observation
from auctionsim.campaigns import Campaigns
from auctionsim.dataset import Trajectories
from auctionsim.observation import FEATURES, FeatureTracker, StepSummary
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from vao.config import TrainingConfig

STEPS = 6
COUNTS: Mapping[int, int] = {CPA_MCB: 8, TARGET_ROAS: 12, BCB: 30}
VOLUME = 100.0


TINY_PLANNERS: Mapping[str, Mapping[str, Any]] = {
    "aigb": {"width": 16, "heads": 2, "inverse_steps": 20, "inverse_width": 16},
}
"""Settings of small planners; planners that are not named keep their own."""


def tiny_config(
    planner: str = "aigb", settings: Mapping[str, Any] | None = None, **changes: Any
) -> TrainingConfig:
    """A config that trains in a second; `settings` change those of the small planner."""
    small: dict[str, Any] = {
        "steps": 12,
        "batch": 7,
        "select_every": 5,
        "log_every": 1,
        "learning_rate": 3e-3,
    }
    chosen = {**TINY_PLANNERS.get(planner, {}), **(settings or {})}
    if changes.get("method", "vao").endswith("vao"):
        changes = {"weighting": {"refresh": 3, "validation_batch": 4}, **changes}
    return TrainingConfig(planner=planner, settings=chosen, **(small | changes))


def make_campaigns(task: NDArray[np.int8], seed: int = 0, steps: int = STEPS) -> Campaigns:
    """Campaigns of given task codes, with the targets their tasks need."""
    rng = np.random.default_rng(seed)
    n = len(task)
    return Campaigns(
        advertiser=np.arange(n),
        category=rng.integers(3, size=n),
        task=task,
        budget=rng.uniform(5.0, 60.0, n),
        cpa_target=np.where(task == CPA_MCB, rng.uniform(0.5, 2.0, n), np.nan),
        roas_target=np.where(task == TARGET_ROAS, rng.uniform(0.5, 2.0, n), np.nan),
        reference=np.ones(n),
        key=rng.integers(2**63, size=n).astype(np.uint64),
        steps=steps,
    )


def won(multiplier: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of opportunities won at a multiplier, in the made-up market."""
    return 1.0 - np.exp(-multiplier)


def play_step(
    multiplier: NDArray[np.float64], remaining: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected conversions and cost of a step, within the budget."""
    conversions = 0.05 * VOLUME * won(multiplier)
    cost = 0.6 * multiplier * conversions
    fit = np.minimum(1.0, remaining / np.maximum(cost, 1e-9))
    return conversions * fit, cost * fit


def step_summary(multiplier: NDArray[np.float64], cost: NDArray[np.float64]) -> StepSummary:
    """What the features need to know of a step."""
    n = len(multiplier)
    return StepSummary(
        volume=np.full(n, VOLUME),
        mean_bid=0.05 * multiplier,
        mean_market_price=np.full(n, 0.02),
        mean_value=np.full(n, 0.05),
        mean_conversions=0.05 * won(multiplier),
        mean_win=won(multiplier),
        cost=cost,
    )


def make_trajectories(
    counts: Mapping[int, int] = COUNTS, seed: int = 0, steps: int = STEPS
) -> Trajectories:
    """Trajectories of noisy constant bidders; tasks differ in how high they bid."""
    rng = np.random.default_rng(seed)
    task = np.repeat(list(counts), list(counts.values())).astype(np.int8)
    campaigns, n = make_campaigns(task, seed, steps), len(task)
    base = rng.lognormal(-0.2 + 0.2 * task, 0.4)
    tracker = FeatureTracker(campaigns.budget, steps)
    remaining = campaigns.budget.copy()
    series: dict[str, NDArray[Any]] = {
        name: np.zeros((n, steps), np.float32)
        for name in ("action", "reward", "value", "cost", "expected_value", "expected_conversions")
    }
    state = np.zeros((n, steps, len(FEATURES)), np.float32)
    active = np.zeros((n, steps), np.bool_)
    for step in range(steps):
        state[:, step] = tracker.features(step, remaining, np.full(n, 0.05), VOLUME)
        active[:, step] = remaining > 0.1
        multiplier = np.where(active[:, step], base * rng.lognormal(0.0, 0.2, n), 0.0)
        conversions, cost = play_step(multiplier, remaining)
        remaining = remaining - cost
        tracker.update(step_summary(multiplier, cost))
        worth = conversions * rng.lognormal(0.0, 0.1, n)
        for name, amount in (
            ("action", multiplier),
            ("reward", rng.poisson(conversions)),
            ("value", rng.poisson(conversions)),
            ("cost", cost),
            ("expected_value", worth),
            ("expected_conversions", conversions),
        ):
            series[name][:, step] = amount
    return Trajectories(
        episode=np.zeros(n, np.int32),
        advertiser=campaigns.advertiser.astype(np.int32),
        category=campaigns.category.astype(np.int16),
        task=task,
        bidder=np.array(["made-up"] * n, np.object_),
        budget=campaigns.budget.astype(np.float32),
        cpa_target=campaigns.cpa_target.astype(np.float32),
        roas_target=campaigns.roas_target.astype(np.float32),
        state=state,
        final_state=tracker.features(steps, remaining, 0.0, 0.0).astype(np.float32),
        active=active,
        **series,
    )


def make_observation(
    step: int,
    features: NDArray[np.float64],
    active: NDArray[np.bool_] | None = None,
    **so_far: NDArray[np.float64],
) -> Observation:
    """An observation with given features; all that is not given `so_far` is 0."""
    zeros = np.zeros(len(features))
    columns = "cost", "conversions", "value", "expected_conversions", "expected_value"
    return Observation(
        step=step,
        steps=STEPS,
        features=features,
        remaining_budget=zeros + 1.0,
        active=np.ones(len(features), np.bool_) if active is None else active,
        **{name: so_far.get(name, zeros) for name in columns},
    )


def all_tasks(each: int = 2) -> NDArray[np.int8]:
    """Task codes, `each` seats a task, mixed."""
    return np.tile(np.arange(len(TASKS), dtype=np.int8), each)
