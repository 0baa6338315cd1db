"""Asking while the day goes on: requirements at each step, given what was achieved so far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import Observation
from auctionsim.campaigns import Campaigns
from auctionsim.tasks import Totals
from vao.conditions import (
    FIELDS,
    LOG_BUDGET,
    LOG_RETURN,
    TASK_FIELDS,
    RequirementEncoder,
    hindsight_fields,
)
from vao.request import Request

__all__ = ["Asking"]

FloatArray = NDArray[np.float64]

_BEGUN = 1e-6
"""A day of which less than this share has passed has not begun, and corrects nothing."""

_FURTHEST = 1.0
"""A request moves by this at most, on a log scale, however far the day so far has missed it."""


class Asking:
    """What is asked of a planner for some campaigns, from the first step to the last.

    With `Request.adapt` a > 0, a field y* (log return, CPA or ROAS) becomes

        y* - a w (y - y*),    w = cost so far / budget,

    where y is the CPA or ROAS so far: who has bought dearly is asked to buy cheaply for the rest,
    all the more the later in the day. Of the return, y is what the whole day would bring if it went
    on as it began, and w the share of its return that the data have brought by then: who lags
    behind, for want of spending or for dear spending, is asked for more. It is integral control, in
    the planner's own terms.

    Args:
        encoder: Scales of the planner's requirements.
        campaigns: n campaigns.
        requests: One request a task code.
        pace: (steps,) share of a day's return that the data have brought before each step.

    Raises:
        InvalidArgumentError: If a campaign's task has no request or lacks its target.
    """

    def __init__(
        self,
        encoder: RequirementEncoder,
        campaigns: Campaigns,
        requests: Mapping[int, Request],
        pace: FloatArray,
    ) -> None:
        self._encoder = encoder
        self._pace = pace
        self._campaigns = campaigns
        self._fields = encoder.asked(campaigns, requests)
        self._adapt = np.array([requests[task].adapt for task in campaigns.task.tolist()])
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = encoder.offset / campaigns.budget
        wanted = np.exp(self._fields[:, LOG_RETURN]) - shift
        self._return = np.maximum(np.nan_to_num(wanted, posinf=0.0), 0.0)

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Which fields the planner may see, (n, fields)."""
        seen: NDArray[np.bool_] = TASK_FIELDS[self._campaigns.task]
        return seen

    def requirements(self, observation: Observation) -> NDArray[np.float32]:
        """Standardised fields to ask for at a step, (n, fields); 0 where not defined."""
        fields = self._fields
        if self._adapt.any():
            fields = fields - self._corrections(observation)
        return self._encoder.standardise(fields)[0]

    def to_go(self, observation: Observation) -> NDArray[np.float32]:
        """Return still to be reached, (n,), never below 0, in units of the data's mean return."""
        with np.errstate(divide="ignore", invalid="ignore"):
            achieved = np.nan_to_num(observation.expected_value / self._campaigns.budget)
        left = np.maximum(self._return - achieved, 0.0)
        return np.asarray(left / self._encoder.mean_return, np.float32)

    def _corrections(self, observation: Observation) -> FloatArray:
        """What to take from the fields, (n, fields)."""
        campaigns, cost = self._campaigns, observation.cost
        elapsed = float(self._pace[observation.step])
        as_begun = Totals(
            task=campaigns.task,
            cpa_target=campaigns.cpa_target,
            roas_target=campaigns.roas_target,
            budget=campaigns.budget,
            cost=cost / max(elapsed, _BEGUN),
            conversions=observation.expected_conversions / max(elapsed, _BEGUN),
            value=observation.expected_value / max(elapsed, _BEGUN),
        )
        with np.errstate(over="ignore"):  # a cost of next to nothing, which has no weight either
            missed = hindsight_fields(as_begun, self._encoder.offset) - self._fields
        missed = np.clip(np.nan_to_num(missed), -_FURTHEST, _FURTHEST)
        with np.errstate(divide="ignore", invalid="ignore"):
            spent = np.clip(np.nan_to_num(cost / campaigns.budget), 0.0, 1.0)
        weights = np.tile(spent[:, None], len(FIELDS))
        weights[:, LOG_RETURN] = elapsed
        weights[:, LOG_BUDGET] = 0.0
        return np.clip(self._adapt[:, None] * weights * missed, -_FURTHEST, _FURTHEST)
