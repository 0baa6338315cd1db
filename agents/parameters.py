"""Behaviour parameters: fixed by the user, or drawn anew for every campaign."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.random_numbers import PURPOSE_BEHAVIOUR, uniforms

# Index 0 under this purpose makes the campaigns' keys; parameters begin above it.
_FIRST = 1


@dataclass(frozen=True)
class Spread:
    """A parameter's distribution over campaigns: log-uniform between two positive bounds.

    Attributes:
        low: Lowest value, > 0.
        high: Highest value, >= low.
    """

    low: float
    high: float

    def draw(self, campaigns: Campaigns, index: int) -> NDArray[np.float64]:
        """Draw one value a campaign, (campaigns,); the same campaign draws the same value.

        Args:
            campaigns: The campaigns.
            index: Which of the bidder's parameters this is, from 0.
        """
        draws = uniforms(campaigns.key, _FIRST + index, 0, PURPOSE_BEHAVIOUR)[:, 0]
        return self.low * (self.high / self.low) ** draws


def spread(name: str, value: float | tuple[float, float]) -> Spread:
    """Return the distribution a parameter asks for: a number is the same for all campaigns.

    Args:
        name: The parameter's name, for errors.
        value: A number > 0, or the lowest and highest of a log-uniform distribution.

    Raises:
        InvalidArgumentError: If a bound is not a positive number, or they are out of order.
    """
    try:
        low, high = (value, value) if isinstance(value, int | float) else value
        ok = 0.0 < low <= high and math.isfinite(high)
    except (TypeError, ValueError):
        ok = False
    if not ok:
        rule = "must be a number > 0, or (lowest, highest) of such numbers"
        raise invalid_argument(name, rule, value, "Correct the parameter.")
    return Spread(float(low), float(high))
