"""How the day goes: budgets spent, multipliers, active seats and prices by step."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.groups import groups_of
from auctionsim.report.sample import Sample

__all__ = ["Course", "courses", "prices"]

LEVELS = (0.1, 0.5, 0.9)
FEWEST = 5
FEWEST_SHARE = 0.02

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Course:
    """The day of a task's trajectories, or of one bidder's.

    Attributes:
        task: Name of the task.
        bidder: Name of the bidder; None for the whole task.
        spent: (3, T + 1) share of the budget spent before each step and in the end: 10 % quantile,
            median, 90 % quantile.
        action: (3, T) multiplier over reference likewise, of active seats; nan where there are few.
        active: (T,) share of active seats.
    """

    task: str
    bidder: str | None
    spent: FloatArray
    action: FloatArray
    active: FloatArray


def courses(sample: Sample) -> list[Course]:
    """Return the day by task and bidder, each task's whole first."""
    data = sample.trajectories
    budget = data.budget.astype(np.float64)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.cumsum(data.cost, axis=1, dtype=np.float64) / budget
    spent = np.concatenate([np.zeros((len(data), 1)), share], axis=1)
    spent[~np.isfinite(spent).all(axis=1)] = np.nan
    return [
        Course(
            task=group.task,
            bidder=group.bidder,
            spent=_bands(spent[group.places]),
            action=_bands(sample.relative_action[group.places]),
            active=data.active[group.places].mean(axis=0),
        )
        for group in groups_of(sample)
    ]


def prices(sample: Sample) -> FloatArray | None:
    """Return the mean market price of each step over episodes, (3, T) as in `Course`.

    The states hold the mean over the steps so far; a step's own follows from two of them. None if
    the dataset lacks that feature.
    """
    before = sample.feature("mean_market_price")
    last = sample.last_feature("mean_market_price")
    if before is None or last is None:
        return None
    mean = np.concatenate([before[:, 1:], last[:, None]], axis=1)
    total = mean * np.arange(1, sample.steps + 1)
    own = np.diff(total, axis=1, prepend=0.0)
    # One trajectory an episode: the price is the market's, the same for all its seats.
    _, first = np.unique(sample.episode, return_index=True)
    return _bands(np.maximum(own[first], 0.0))


def _bands(values: FloatArray) -> FloatArray:
    """Return quantiles over rows by column, nan where too few rows have a number."""
    known = np.isfinite(values).sum(axis=0)
    fewest = min(len(values), max(FEWEST, FEWEST_SHARE * len(values)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns without any number
        found = np.nanquantile(values, LEVELS, axis=0)
    return np.where(known >= max(fewest, 1), found, np.nan)
