"""The requirement vector: what a trajectory achieved in hindsight, and what to ask for when acting.

Four fields, each with a mask bit that says whether the planner may see it:

    log_budget   log budget                                                every task
    log_return   log((expected value + offset) / budget)                   every task
    log_cpa      log(cost / expected conversions)                          cpa_mcb only
    log_roas     log(expected value / cost)                                target_roas only

Labels use expected values, so that they hold no luck. A ratio that is not defined (no cost, no
expected conversions or value) is masked. `offset`, a hundredth of the mean expected value in the
training data, keeps the log return of a trajectory without value finite.

Scales and offset follow the data a model learns from. The return a request asks for does not: it
follows from the task's own returns, so that a request means the same however data are shared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS, Totals
from vao.models.normaliser import LIMIT, FloatArray, check_scale, standard_scale
from vao.request import Request
from vao.returns import TaskReturns

__all__ = [
    "FIELDS",
    "REQUIREMENTS",
    "TASK_FIELDS",
    "RequirementEncoder",
    "hindsight_fields",
    "requirement_vector",
]

FIELDS: tuple[str, ...] = ("log_budget", "log_return", "log_cpa", "log_roas")
LOG_BUDGET, LOG_RETURN, LOG_CPA, LOG_ROAS = range(4)

REQUIREMENTS = 2 * len(FIELDS)
"""Size of the requirement vector: the fields, then their mask bits."""

TASK_FIELDS: NDArray[np.bool_] = np.zeros((len(TASKS), len(FIELDS)), np.bool_)
"""(tasks, fields): which fields belong to a task; all others are masked for it."""
TASK_FIELDS[:, [LOG_BUDGET, LOG_RETURN]] = True
TASK_FIELDS[CPA_MCB, LOG_CPA] = True
TASK_FIELDS[TARGET_ROAS, LOG_ROAS] = True
TASK_FIELDS.flags.writeable = False


@dataclass(frozen=True, eq=False)
class RequirementEncoder:
    """Computes and standardises the fields of the requirement vector.

    Attributes:
        offset: Added to the expected value before the logarithm, in units of value.
        mean: (fields,) means over the training data, where defined.
        deviation: (fields,) standard deviations.
        mean_return: Mean of expected value over budget: the unit of returns to go.
        returns: What each task's own training trajectories returned, by task code.
    """

    offset: float
    mean: FloatArray
    deviation: FloatArray
    mean_return: float
    returns: Mapping[int, TaskReturns]

    def __post_init__(self) -> None:
        check_scale("requirements.mean", self.mean, len(FIELDS))
        check_scale("requirements.deviation", self.deviation, len(FIELDS), positive=True)
        for name in ("offset", "mean_return"):
            check_scale(f"requirements.{name}", np.array([getattr(self, name)]), 1, positive=True)

    @classmethod
    def fit(cls, totals: Totals) -> RequirementEncoder:
        """Fit on the expected totals of training trajectories, whatever their tasks.

        All of them together give offset and scales, those of each task what it returns.

        Raises:
            InvalidDataError: If no trajectory has expected value, or none of a task a budget.
        """
        worth = totals.value.mean() if len(totals.value) else 0.0
        if not (math.isfinite(worth) and worth > 0.0):
            raise invalid_data(
                "expected_value", "must be positive somewhere", worth, "Add data that won."
            )
        offset = 0.01 * float(worth)
        fields = hindsight_fields(totals, offset)
        defined = [column[~np.isnan(column)] for column in fields.T]
        scales = [standard_scale(c[:, None] if len(c) else np.zeros((1, 1))) for c in defined]
        mean, deviation = (np.concatenate(parts) for parts in zip(*scales, strict=True))
        funded = totals.budget > 0.0
        mean_return = float((totals.value[funded] / totals.budget[funded]).mean())
        return cls(offset, mean, deviation, mean_return, _returns(totals, fields))

    def hindsight(self, totals: Totals) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Standardised fields that trajectories achieved, and which of them are defined.

        Args:
            totals: Expected totals of n trajectories.

        Returns:
            Fields (n, fields), 0 where undefined, and a mask of the same shape.
        """
        return self.standardise(hindsight_fields(totals, self.offset))

    def asked(self, campaigns: Campaigns, requests: Mapping[int, Request]) -> FloatArray:
        """Fields to ask for in campaigns before anything was achieved, in natural (log) units.

        Args:
            campaigns: n campaigns.
            requests: One request a task code.

        Returns:
            (n, fields); nan for fields foreign to the campaign's task.

        Raises:
            InvalidArgumentError: If a campaign's task has no request or lacks its target.
        """
        fields = np.full((len(campaigns), len(FIELDS)), np.nan)
        with np.errstate(divide="ignore"):
            fields[:, LOG_BUDGET] = np.log(campaigns.budget)
        for task in np.unique(campaigns.task).tolist():
            seats = campaigns.task == task
            request = _request(requests, task)
            wanted = self.returns[task].at(request.quantile, fields[seats, LOG_BUDGET])
            fields[seats, LOG_RETURN] = wanted + math.log(request.factor)
            if task == CPA_MCB:
                target = _target("cpa_target", campaigns.cpa_target[seats], task)
                fields[seats, LOG_CPA] = np.log(target * request.ratio)
            elif task == TARGET_ROAS:
                target = _target("roas_target", campaigns.roas_target[seats], task)
                fields[seats, LOG_ROAS] = np.log(target / request.ratio)
        return fields

    def scale(self, values: FloatArray, field: int) -> FloatArray:
        """Standardise values of one field, given in natural (log) units; within +-5."""
        scaled: FloatArray = (values - self.mean[field]) / self.deviation[field]
        return np.clip(scaled, -LIMIT, LIMIT)

    def standardise(self, fields: FloatArray) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Standardise fields (n, fields) given in natural (log) units, nan where not defined.

        Returns:
            Fields (n, fields), 0 where undefined, and a mask of those defined.
        """
        known = ~np.isnan(fields)
        scaled = np.stack([self.scale(fields[:, i], i) for i in range(len(FIELDS))], axis=1)
        return np.where(known, scaled, 0.0).astype(np.float32), known


def requirement_vector(values: Tensor, known: Tensor, visible: Tensor) -> Tensor:
    """Join fields and mask bits, with all that is unknown or not visible set to 0.

    The one place where fields foreign to a task are masked, in training as at acting.

    Args:
        values: (n, fields) standardised.
        known: (n, fields) bool, whether a field is defined.
        visible: (fields,) or (n, fields) bool, whether it belongs to the task (`TASK_FIELDS`).

    Returns:
        (n, 2 * fields): masked fields, then mask bits.
    """
    mask = (known & visible).to(values.dtype)
    return torch.cat([values * mask, mask], dim=-1)


def hindsight_fields(totals: Totals, offset: float) -> FloatArray:
    """Fields that trajectories achieved, in natural (log) units; nan where not defined.

    Args:
        totals: Expected totals of n trajectories.
        offset: See `RequirementEncoder`.

    Returns:
        (n, fields).
    """
    fields = np.full((len(totals.budget), len(FIELDS)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        fields[:, LOG_BUDGET] = np.log(totals.budget)
        fields[:, LOG_RETURN] = np.log((totals.value + offset) / totals.budget)
        fields[:, LOG_CPA] = np.log(totals.cost / totals.conversions)
        fields[:, LOG_ROAS] = np.log(totals.value / totals.cost)
    fields[~np.isfinite(fields)] = np.nan
    return fields


def _returns(totals: Totals, fields: FloatArray) -> dict[int, TaskReturns]:
    """What each task's own trajectories returned."""
    found = {}
    for task in np.unique(totals.task).tolist():
        own = (totals.task == task) & (totals.budget > 0.0)
        if not own.any():
            rule = f"must be > 0 in some trajectory of {TASKS[task]}"
            raise invalid_data("budget", rule, "none", "Leave this task out.")
        found[task] = TaskReturns.fit(fields[own, LOG_RETURN], fields[own, LOG_BUDGET])
    return found


def _request(requests: Mapping[int, Request], task: int) -> Request:
    if task not in requests:
        names = ", ".join(TASKS[code] for code in sorted(requests))
        raise invalid_argument(
            "campaigns.task",
            f"must be a task the planner was trained for ({names})",
            TASKS[task],
            "Train on data of this task.",
        )
    return requests[task]


def _target(name: str, targets: FloatArray, task: int) -> FloatArray:
    wrong = ~(np.isfinite(targets) & (targets > 0.0))
    if wrong.any():
        raise invalid_argument(
            f"campaigns.{name}",
            f"must be finite and > 0 for {TASKS[task]}",
            targets[wrong][0],
            "Give these campaigns a target.",
        )
    return targets
