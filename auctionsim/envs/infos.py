"""What environments tell beside observations and rewards; plain numbers, and only such as exist.

What has no meaning is left out, rather than nan: nan is unequal to itself, and would make two equal
episodes look different to the checkers of Gymnasium and PettingZoo.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.envs.episode import Episode
from auctionsim.simulator import StepOutcome
from auctionsim.tasks import TASKS

Info = dict[str, Any]

_OF_TASK = ("cpa_target", "roas_target")
_RATIOS = ("cpa_ratio", "roas_ratio")


def campaign_infos(
    campaigns: Campaigns, seeds: Sequence[int], numbers: Sequence[int]
) -> list[Info]:
    """Return what is known of each campaign's episode at its beginning.

    Args:
        campaigns: The campaigns that are played.
        seeds: Seed of each one's episode.
        numbers: Number of each one's episode.
    """
    columns = {
        "seed": seeds,
        "episode_number": numbers,
        "advertiser": campaigns.advertiser.tolist(),
        "category": campaigns.category.tolist(),
        "task": [TASKS[code] for code in campaigns.task.tolist()],
        "budget": campaigns.budget.tolist(),
        "reference": campaigns.reference.tolist(),
        **{name: getattr(campaigns, name).tolist() for name in _OF_TASK},
    }
    rows = zip(*columns.values(), strict=True)
    return [_without_nan(dict(zip(columns, row, strict=True)), _OF_TASK) for row in rows]


def step_columns(episode: Episode, outcome: StepOutcome) -> dict[str, NDArray[Any]]:
    """Return what a step brought the outside seats, by quantity; new arrays, (seats,)."""
    seats = episode.seats
    remaining = episode.simulation.remaining_budget.take(seats)
    return {
        "cost": outcome.cost.take(seats),
        "conversions": outcome.conversions.take(seats),
        "value": outcome.value.take(seats),
        "wins": outcome.wins.take(seats),
        "multiplier": outcome.multiplier.take(seats),
        "market_price": outcome.market_price.take(seats // outcome.cost.shape[1]),
        "remaining_budget": remaining,
        "exhausted": remaining < episode.simulation.market.min_remaining_budget,
    }


def infos_of(columns: dict[str, NDArray[Any]]) -> list[Info]:
    """Return columns seat by seat, as plain numbers."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def brief_infos(
    names: Sequence[str], episode: Episode, outcome: StepOutcome | None
) -> dict[str, Info]:
    """Return the least that all seats of the only run are told of a step, by name.

    Every number more would be made for each of them in every step.

    Args:
        names: Of all seats.
        episode: The episode.
        outcome: What the step brought; None before the first.
    """
    least = episode.simulation.market.min_remaining_budget
    exhausted = (episode.simulation.remaining_budget < least).tolist()
    cost = conversions = [0.0] * len(names)
    if outcome is not None:
        cost, conversions = outcome.cost[0].tolist(), outcome.conversions[0].tolist()
    columns = cost, conversions, exhausted
    return {
        name: {"cost": cost, "conversions": conversions, "exhausted": spent}
        for name, cost, conversions, spent in zip(names, *columns, strict=True)
    }


def episode_metrics(episode: Episode) -> list[Info]:
    """Return what the whole episode brought each outside seat; see `auctionsim.tasks.Totals`."""
    totals = episode.totals()
    columns = {
        "value": totals.value,
        "expected_value": episode.expected_value,
        "conversions": totals.conversions,
        "cost": totals.cost,
        "score_strict": totals.score_strict,
        "score_paper": totals.score_paper(),
        "utilisation": totals.utilisation,
        "violated": totals.violated,
        "cpa_ratio": totals.cpa_ratio,
        "roas_ratio": totals.roas_ratio,
    }
    return [_without_nan(metrics, _RATIOS) for metrics in infos_of(columns)]


def _without_nan(info: Info, names: Sequence[str]) -> Info:
    for name in names:
        if math.isnan(info[name]):
            del info[name]
    return info
