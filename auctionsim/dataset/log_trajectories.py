"""From the sums of a delivery period to trajectories."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.log_sums import PeriodSums
from auctionsim.dataset.schema import COLUMNS, Trajectories
from auctionsim.observation import FEATURES, FeatureTracker, StepSummary
from auctionsim.tasks import CPA_MCB, TARGET_ROAS

BIDDER = "log"


def trajectories_of(
    period: PeriodSums, task: NDArray[np.int8], min_remaining_budget: float
) -> Trajectories:
    """Make one trajectory an advertiser.

    In AuctionNet's logs the action is sum(bid) / sum(pValue) of a step, 0 where no opportunity had
    a value, and a conversion is worth 1, so value equals reward, and a CPA limit C is a ROAS limit
    1 / C. Logs of our own say what was played, who took part, and what conversions are worth.

    Args:
        period: The sums.
        task: Task codes, shape (advertisers,).
        min_remaining_budget: An advertiser takes part in the steps it begins with so much, in
            currency; AuctionNet bids 0 for it in the others. Not asked of logs of our own.
    """
    sums, firsts = period.sums, period.firsts
    rows = len(period.advertisers)
    state, final_state = _states(period)
    target = period.campaign["cpa_target"]
    value = sums["value"]
    columns = {
        "episode": np.full(rows, period.period),
        "advertiser": period.advertisers,
        "category": period.campaign["category"],
        "task": task,
        "bidder": np.full(rows, BIDDER, np.object_),
        "budget": period.campaign["budget"],
        "cpa_target": np.where(task == CPA_MCB, target, np.nan),
        "roas_target": np.where(task == TARGET_ROAS, 1.0 / target, np.nan),
        "state": state,
        "final_state": final_state,
        "action": firsts.get("multiplier", sums["bid"] / np.where(value > 0.0, value, np.inf)).T,
        "active": firsts.get("active", firsts["remaining_budget"] >= min_remaining_budget).T,
        "reward": sums["reward"].T,
        "value": sums.get("realised", sums["reward"]).T,
        "cost": sums["cost"].T,
        "expected_value": sums.get("expected_value", sums["expected"]).T,
        "expected_conversions": sums["expected"].T,
    }
    return Trajectories.partial(
        {n: np.ascontiguousarray(array, COLUMNS[n]) for n, array in columns.items()}
    )


def _states(period: PeriodSums) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return states (advertisers, steps, features) and final states (advertisers, features)."""
    sums, remaining = period.sums, period.firsts["remaining_budget"]
    volume = sums["rows"]
    steps, rows = volume.shape
    tracker = FeatureTracker(period.campaign["budget"], steps)
    state = np.empty((rows, steps, len(FEATURES)))
    for step in range(steps):
        mean = {name: sums[name][step] / volume[step] for name in sums}
        state[:, step] = tracker.features(step, remaining[step], mean["value"], volume[step])
        tracker.update(
            StepSummary(
                volume=volume[step],
                mean_bid=mean["bid"],
                mean_market_price=mean["market_price"],
                mean_value=mean["value"],
                mean_conversions=mean["conversions"],
                mean_win=mean["win"],
                cost=sums["cost"][step],
            )
        )
    left = np.maximum(remaining[-1] - sums["cost"][-1], 0.0)
    return state, tracker.features(steps, left, 0.0, 0.0)
