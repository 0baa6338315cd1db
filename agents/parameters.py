"""Behaviour parameters: fixed by the user, or drawn anew for every campaign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.random_numbers import PURPOSE_BEHAVIOUR, uniforms

# Index 0 under this purpose makes the campaigns' keys; parameters begin above it.
_FIRST = 1


@dataclass(frozen=True)
class Spread:
    """A parameter's distribution over campaigns: log-uniform between two positive bounds, or fixed.

    Attributes:
        low: Lowest value, > 0, or 0 if `high` is 0 too.
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
        if self.high == 0.0:
            return np.zeros(len(campaigns))
        draws = uniforms(campaigns.key, _FIRST + index, 0, PURPOSE_BEHAVIOUR)[:, 0]
        return self.low * (self.high / self.low) ** draws


def spread(
    name: str, value: float | tuple[float, float] | list[float], *, zero: bool = False
) -> Spread:
    """Return the distribution a parameter asks for: a number is the same for all campaigns.

    Args:
        name: The parameter's name, for errors.
        value: A number > 0, or the lowest and highest of a log-uniform distribution.
        zero: Whether the number 0 is allowed too, for gains that can be switched off.

    Raises:
        InvalidArgumentError: If a bound is not a positive number, or they are out of order.
    """
    bounds: Sequence[object] = value if isinstance(value, list | tuple) else (value, value)
    numbers = [float(x) for x in bounds if not isinstance(x, bool) and isinstance(x, Real)]
    if len(bounds) == len(numbers) == 2:
        low, high = numbers
        if 0.0 < low <= high < math.inf or (zero and low == high == 0.0):
            return Spread(low, high)
    rule = "must be a number > 0, or (lowest, highest) of such numbers"
    rule = f"{rule}, or 0" if zero else rule
    raise invalid_argument(name, rule, value, "Correct the parameter.")
