"""Asking while the day goes on: requirements at each step, given what was achieved so far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import Observation
from auctionsim.campaigns import Campaigns
from auctionsim.tasks import Totals
from vao.conditions import LOG_BUDGET, LOG_RETURN, TASK_FIELDS, RequirementEncoder, hindsight_fields
from vao.request import Request

__all__ = ["Asking"]

FloatArray = NDArray[np.float64]

_FURTHEST = 1.0
"""A request moves by this at most, on a log scale, however far the day so far has missed it."""


class Asking:
    """What is asked of a planner for some campaigns, from the first step to the last.

    With `Request.adapt` a > 0, a field y* (log return, CPA or ROAS) becomes

        y* - a w (y - y*),    w = cost so far / budget,

    where y is what was achieved so far, its return taken over the money spent: who has bought
    dearly so far is asked to buy cheaply for the rest, all the more the later in the day. It is
    integral control, in the planner's own terms.

    Args:
        encoder: Scales of the planner's requirements.
        campaigns: n campaigns.
        requests: One request a task code.

    Raises:
        InvalidArgumentError: If a campaign's task has no request or lacks its target.
    """

    def __init__(
        self, encoder: RequirementEncoder, campaigns: Campaigns, requests: Mapping[int, Request]
    ) -> None:
        self._encoder = encoder
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
        so_far = Totals(
            task=campaigns.task,
            cpa_target=campaigns.cpa_target,
            roas_target=campaigns.roas_target,
            budget=cost,
            cost=cost,
            conversions=observation.expected_conversions,
            value=observation.expected_value,
        )
        with np.errstate(over="ignore"):  # a cost of next to nothing, which has no weight either
            missed = hindsight_fields(so_far, self._encoder.offset) - self._fields
        missed[:, LOG_BUDGET] = 0.0
        missed = np.clip(np.nan_to_num(missed), -_FURTHEST, _FURTHEST)
        with np.errstate(divide="ignore", invalid="ignore"):
            spent = np.clip(np.nan_to_num(cost / campaigns.budget), 0.0, 1.0)
        weights = self._adapt * spent
        return np.clip(weights[:, None] * missed, -_FURTHEST, _FURTHEST)
