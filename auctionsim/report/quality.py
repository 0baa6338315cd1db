"""How well the data's bidders played: return, ratios and utilisation by task and bidder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.groups import Group, groups_of
from auctionsim.report.sample import Sample

__all__ = ["METRICS", "Spread", "metric_values", "spreads"]

METRICS: dict[str, str] = {
    "relative_return": "Expected Score over the advertiser's best",
    "value": "Value",
    "expected_value": "Expected value",
    "score_strict": "Score (strict)",
    "utilisation": "Budget spent",
    "cpa_ratio": "CPA over its limit",
    "roas_ratio": "ROAS over its limit",
}
"""Metrics of a trajectory, and their headings."""

LEVELS = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
BEST = 0.95
FEWEST = 5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """How a metric is spread over the trajectories of a task and bidder.

    Attributes:
        task: Name of the task.
        bidder: Name of the bidder; None for the whole task.
        trajectories: How many there are.
        share_violated: Share of them that broke their limit.
        quantiles: By metric and, within, by level; a metric without finite values is left out.
    """

    task: str
    bidder: str | None
    trajectories: int
    share_violated: float
    quantiles: dict[str, dict[str, float]]


def metric_values(sample: Sample) -> dict[str, FloatArray]:
    """Return every metric of every trajectory, (n,); nan or inf where it has none."""
    data = sample.trajectories
    totals, expected = data.totals(), data.totals(expected=True)
    return {
        "relative_return": _relative(sample, expected.score_strict),
        "value": totals.value,
        "expected_value": expected.value,
        "score_strict": totals.score_strict,
        "utilisation": totals.utilisation,
        "cpa_ratio": totals.cpa_ratio,
        "roas_ratio": totals.roas_ratio,
    }


def spreads(sample: Sample) -> list[Spread]:
    """Return the quantiles of all metrics by task and bidder, each task's whole first."""
    values = metric_values(sample)
    violated = sample.trajectories.totals().violated
    return [_spread(group, values, violated) for group in groups_of(sample)]


def _spread(group: Group, values: dict[str, FloatArray], violated: NDArray[np.bool_]) -> Spread:
    quantiles = {}
    for name, of_all in values.items():
        own = of_all[group.places]
        own = own[np.isfinite(own)]
        if own.size:
            found = np.quantile(own, LEVELS).tolist()
            quantiles[name] = {f"{q:g}": v for q, v in zip(LEVELS, found, strict=True)}
    return Spread(
        task=group.task,
        bidder=group.bidder,
        trajectories=len(group.places),
        share_violated=float(violated[group.places].mean()),
        quantiles=quantiles,
    )


def _relative(sample: Sample, scores: FloatArray) -> FloatArray:
    """Divide by the best of the same advertiser and task, the 95 % quantile over its episodes.

    An advertiser's scores follow from its budget and category; its best days do too, so that their
    ratio shows how well it was played. nan for an advertiser of fewer than five episodes.
    """
    data = sample.trajectories
    keys = np.stack([data.advertiser.astype(np.int64), data.task.astype(np.int64)])
    _, campaign = np.unique(keys, axis=1, return_inverse=True)
    result = np.full(len(scores), np.nan)
    order = np.argsort(campaign, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(campaign[order])) + 1):
        best = np.quantile(scores[places], BEST)
        if len(places) >= FEWEST and np.isfinite(best) and best > 0:
            result[places] = scores[places] / best
    return result
