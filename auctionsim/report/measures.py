"""What a trajectory is described by where distributions are compared; free of currency's scale."""

from __future__ import annotations

import warnings
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.sample import Sample
from auctionsim.report.two_sample import Units

__all__ = ["MEASURES", "measures", "step_units", "trajectory_units"]

FloatArray = NDArray[np.float64]

MEASURES: dict[str, str] = {
    "log_budget": "budget (log2)",
    "utilisation": "share of the budget spent",
    "spend_time": "mean time of the spend, share of the day",
    "active_share": "share of active steps",
    "log_action": "mean multiplier over reference (log2)",
    "action_spread": "its deviation within the day (log2)",
    "log_price": "mean market price (log2)",
    "log_value": "mean value of an opportunity (log2)",
    "win_rate": "share of opportunities won",
    "log_return": "expected value over cost, times reference (log2)",
}
"""Names of the main measures and what they are."""

PERIODS = 6
LARGEST_LOG = 20.0
STEPS_A_TRAJECTORY = 4


def measures(sample: Sample) -> dict[str, FloatArray]:
    """Return the main measures, each (n,), nan where a trajectory has none; see `MEASURES`.

    A measure that needs a state feature the dataset lacks is left out, as is one without numbers.
    """
    data = sample.trajectories
    cost = data.cost.astype(np.float64)
    spent = cost.sum(axis=1)
    action = log2(sample.relative_action)
    middle = (np.arange(sample.steps) + 0.5) / sample.steps
    found = {
        "log_budget": log2(data.budget.astype(np.float64)),
        "utilisation": _over(spent, data.budget.astype(np.float64)),
        "spend_time": _over(cost @ middle, spent),
        "active_share": data.active.mean(axis=1),
        "log_action": _quiet(np.nanmean, action),
        "action_spread": _quiet(np.nanstd, action),
        "log_price": log2(sample.last_feature("mean_market_price")),
        "log_value": log2(sample.last_feature("mean_value")),
        "win_rate": sample.last_feature("mean_win"),
        "log_return": log2(
            _over(data.expected_value.sum(axis=1, dtype=np.float64) * sample.reference, spent)
        ),
    }
    return {k: v for k, v in found.items() if v is not None and np.isfinite(v).any()}


def trajectory_units(sample: Sample, found: dict[str, FloatArray]) -> tuple[Units, list[str]]:
    """Return one row a trajectory, the main measures and the spend by part of the day; names too.

    The budget is left out: an advertiser keeps its own, so that it would give away who plays.
    """
    budget = sample.trajectories.budget.astype(np.float64)
    parts = np.array_split(np.arange(sample.steps), min(PERIODS, sample.steps))
    columns = {name: values for name, values in found.items() if name != "log_budget"}
    for index, steps in enumerate(parts, start=1):
        cost = sample.trajectories.cost[:, steps].sum(axis=1, dtype=np.float64)
        columns[f"spend_{index}_of_{len(parts)}"] = _over(cost, budget)
    rows = np.column_stack(list(columns.values()))
    return _units(sample, rows, np.arange(len(sample))), list(columns)


def step_units(sample: Sample, seed: int = 0) -> tuple[Units, list[str]]:
    """Return a few active steps of each trajectory, state and action as a row; and their names.

    The state is that of the dataset, as a planner sees it; the action is log2 of multiplier over
    reference.
    """
    usable = np.isfinite(sample.relative_action)
    keys = np.where(usable, np.random.default_rng(seed).random(usable.shape), np.inf)
    first = np.argsort(keys, axis=1)[:, :STEPS_A_TRAJECTORY]
    unit, place = np.nonzero(np.take_along_axis(usable, first, axis=1))
    step = first[unit, place]
    state = sample.trajectories.state[unit, step].astype(np.float64)
    action = log2(sample.relative_action[unit, step])
    rows = np.column_stack([np.where(np.isfinite(state), state, np.nan), action])
    return _units(sample, rows, unit), [*sample.features, "log_action"]


@overload
def log2(values: FloatArray) -> FloatArray: ...


@overload
def log2(values: None) -> None: ...


def log2(values: FloatArray | None) -> FloatArray | None:
    """Return log2, kept within ±`LARGEST_LOG`; nan for what is negative or no number."""
    if values is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(np.log2(values), -LARGEST_LOG, LARGEST_LOG)


def _units(sample: Sample, rows: FloatArray, unit: NDArray[np.int64]) -> Units:
    return Units(rows, unit, sample.episode, sample.trajectories.advertiser.astype(np.int64))


def _over(amount: FloatArray, whole: FloatArray) -> FloatArray:
    """amount / whole; nan where the whole is not a positive number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = amount / whole
    return np.where((whole > 0) & np.isfinite(ratio), ratio, np.nan)


def _quiet(average: Any, values: FloatArray) -> FloatArray:
    """Average over steps; nan for trajectories without any, and no warning about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result: FloatArray = average(values, axis=1)
    return result
