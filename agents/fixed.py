"""One multiplier all day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.parameters import spread
from auctionsim.bidding import BatchBidder, Observation
from auctionsim.campaigns import Campaigns


class FixedMultiplier(BatchBidder):
    """Bids a constant multiple of the campaign's reference multiplier.

    In a stationary second-price market the best multiplier is (nearly) constant, so the right
    factor is hard to beat; a factor drawn blindly overspends or leaves budget unspent.

    Args:
        factor: Multiplier over the campaign's reference; a number, or the bounds of a log-uniform
            distribution drawn anew for every campaign.
    """

    def __init__(self, factor: float | tuple[float, float] = (0.5, 1.5)) -> None:
        self._factor = spread("factor", factor)

    def reset(self, campaigns: Campaigns) -> None:
        """Draw the campaigns' factors."""
        super().reset(campaigns)
        self._multiplier = campaigns.reference * self._factor.draw(campaigns, 0)

    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Return the same multipliers in every step."""
        return self._multiplier.copy()
