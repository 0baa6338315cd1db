"""Pacing that also keeps CPA or ROAS near its target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.parameters import spread
from agents.pid import PidPacing
from auctionsim.bidding import BatchBidder, Observation
from auctionsim.campaigns import Campaigns
from auctionsim.tasks import CPA_MCB, TARGET_ROAS

_LARGEST_EXPONENT = 1.5


class LimitAware(BatchBidder):
    """Paces the budget under a ceiling that follows the task's limit.

    The multiplier is the lower of a pacing multiplier (`PidPacing`) and a ceiling

        limit * margin * (allowed / achieved)^gain,

    where allowed / achieved is the CPA target over the expected cost per conversion so far, or the
    expected ROAS so far over its target: while conversions come cheaper than allowed the ceiling
    rises above the limit, and the average drifts towards it. Campaigns without a limit only pace.
    Expected conversions are sums of predicted probabilities over exposed wins, hence free of luck.

    Args:
        margin: Ceiling over the limit when all is on target.
        gain: How strongly the ceiling answers to slack; 0 keeps it at limit times margin.
        start: See `PidPacing`.
        kp: See `PidPacing`.
        ki: See `PidPacing`.
        kd: See `PidPacing`.
        shape: See `PidPacing`.
    """

    def __init__(
        self,
        margin: float | tuple[float, float] = (0.8, 1.3),
        gain: float | tuple[float, float] = (0.5, 3.0),
        start: float | tuple[float, float] = (0.8, 1.4),
        kp: float | tuple[float, float] = (3.0, 8.0),
        ki: float | tuple[float, float] = (0.05, 0.3),
        kd: float | tuple[float, float] = (0.05, 1.0),
        shape: float | tuple[float, float] = (0.9, 1.3),
    ) -> None:
        self._margin, self._gain = spread("margin", margin), spread("gain", gain, zero=True)
        self._pacing = PidPacing(start, kp, ki, kd, shape)

    def reset(self, campaigns: Campaigns) -> None:
        """Draw the campaigns' margins and gains."""
        super().reset(campaigns)
        self._pacing.reset(campaigns)
        # The pacing part draws parameters 0 to 4 of the campaign.
        self._margins = self._margin.draw(campaigns, 5)
        self._gains = self._gain.draw(campaigns, 6)

    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Return the lower of pacing and ceiling."""
        campaigns = self.campaigns
        slack = np.zeros(len(campaigns))
        spent = observation.cost > 0.0
        cpa = (campaigns.task == CPA_MCB) & spent & (observation.expected_conversions > 0.0)
        roas = (campaigns.task == TARGET_ROAS) & spent & (observation.expected_value > 0.0)
        cost_per = observation.cost[cpa] / observation.expected_conversions[cpa]
        slack[cpa] = np.log(campaigns.cpa_target[cpa] / cost_per)
        return_on = observation.expected_value[roas] / observation.cost[roas]
        slack[roas] = np.log(return_on / campaigns.roas_target[roas])
        exponent = np.clip(self._gains * slack, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
        ceiling = campaigns.reference * self._margins * np.exp(exponent)
        limited = (campaigns.task == CPA_MCB) | (campaigns.task == TARGET_ROAS)
        pace = self._pacing.act(observation)
        return np.where(limited, np.minimum(pace, ceiling), pace)
