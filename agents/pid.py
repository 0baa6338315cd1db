"""Budget pacing by a PID controller."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.parameters import spread
from auctionsim.bidding import BatchBidder, Observation
from auctionsim.campaigns import Campaigns

_LARGEST_EXPONENT = 3.0


class PidPacing(BatchBidder):
    """Moves the multiplier so that spend follows a planned path; looks at no target but the budget.

    With e the planned less the actual share of the budget spent so far, the multiplier is

        reference * start * exp(kp e + ki sum(e) + kd (e - e_last)).

    The plan is (t / T)^shape of the budget before step t. All parameters are numbers, or bounds of
    log-uniform distributions drawn anew for every campaign, so that data hold good and bad pacing.

    Args:
        start: Multiplier of the first step over the campaign's reference.
        kp: Proportional gain; 0 switches it off.
        ki: Integral gain, a step; 0 switches it off.
        kd: Derivative gain, in steps; 0 switches it off.
        shape: Exponent of the plan; below 1 spends early, above 1 late.
    """

    def __init__(
        self,
        start: float | tuple[float, float] = (0.5, 1.5),
        kp: float | tuple[float, float] = (1.0, 8.0),
        ki: float | tuple[float, float] = (0.02, 0.4),
        kd: float | tuple[float, float] = (0.05, 1.0),
        shape: float | tuple[float, float] = (0.8, 1.6),
    ) -> None:
        given = {"start": start, "kp": kp, "ki": ki, "kd": kd, "shape": shape}
        gains = ("kp", "ki", "kd")
        self._spreads = {n: spread(n, value, zero=n in gains) for n, value in given.items()}

    def reset(self, campaigns: Campaigns) -> None:
        """Draw the campaigns' gains and forget the last episode's errors."""
        super().reset(campaigns)
        drawn = {n: s.draw(campaigns, i) for i, (n, s) in enumerate(self._spreads.items())}
        self._start, self._shape = campaigns.reference * drawn["start"], drawn["shape"]
        self._kp, self._ki, self._kd = drawn["kp"], drawn["ki"], drawn["kd"]
        self._sum = np.zeros(len(campaigns))
        self._last = np.zeros(len(campaigns))

    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Return the multipliers that bring spend back to the plan."""
        budget = np.maximum(self.campaigns.budget, 1e-9)
        planned = (observation.step / observation.steps) ** self._shape
        error = planned - observation.cost / budget
        self._sum = self._sum + error
        exponent = self._kp * error + self._ki * self._sum + self._kd * (error - self._last)
        self._last = error
        return self._start * np.exp(np.clip(exponent, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
