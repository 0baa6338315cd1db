"""An explorer whose multiplier wanders through the day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.parameters import spread
from auctionsim.bidding import BatchBidder, Observation
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.random_numbers import PURPOSE_BEHAVIOUR, normals

# Parameters are drawn as advertiser 0's; the walk has a row of counters of its own.
_WALK = 1


class RandomWalk(BatchBidder):
    """Lets its multiplier wander, whatever happens: for data that cover states and actions.

    The logarithm of the multiplier over the campaign's reference takes normal steps between two
    bounds, at which it is reflected. Parameters are numbers, or bounds of log-uniform distributions
    drawn anew for every campaign. The walk is a function of campaign and step alone: it answers to
    nothing that it sees.

    Args:
        start: Multiplier of the first step over the campaign's reference; reflected where it lies
            beyond a bound.
        step: Standard deviation of the logarithm's change from one step to the next.
        lowest: Lower bound of the multiplier over the reference.
        highest: Upper bound; nowhere below `lowest`.
    """

    def __init__(
        self,
        start: float | tuple[float, float] = (0.3, 2.0),
        step: float | tuple[float, float] = (0.05, 0.5),
        lowest: float | tuple[float, float] = (0.05, 0.3),
        highest: float | tuple[float, float] = (2.0, 8.0),
    ) -> None:
        self._start, self._step = spread("start", start), spread("step", step)
        self._lowest, self._highest = spread("lowest", lowest), spread("highest", highest)
        if self._lowest.high > self._highest.low:
            rule = f"must be at least `lowest`, up to {self._lowest.high:g}"
            raise invalid_argument("highest", rule, self._highest.low, "Part the two.")

    def reset(self, campaigns: Campaigns) -> None:
        """Draw the campaigns' walks."""
        super().reset(campaigns)
        low = np.log(self._lowest.draw(campaigns, 2))
        high = np.log(self._highest.draw(campaigns, 3))
        places = np.arange(campaigns.steps)
        draws = normals(campaigns.key[:, None], places[None, :], _WALK, PURPOSE_BEHAVIOUR)
        moves = draws[:, :, 0].astype(np.float64) * self._step.draw(campaigns, 1)[:, None]
        moves[:, 0] = np.log(self._start.draw(campaigns, 0))
        path = _reflected(np.cumsum(moves, axis=1), low[:, None], high[:, None])
        self._multipliers = campaigns.reference[:, None] * np.exp(path)

    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Return where the walks have come to."""
        return self._multipliers[:, observation.step].copy()


def _reflected(
    path: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fold a free path between two bounds, as if it had bounced off them."""
    width = high - low
    period = np.where(width > 0.0, 2.0 * width, 1.0)
    folded = np.abs((path - low) - period * np.rint((path - low) / period))
    result: NDArray[np.float64] = low + np.minimum(folded, width)
    return result
