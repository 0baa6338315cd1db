"""What a step brought each seat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class StepOutcome:
    """One finished step of R runs with A advertisers; arrays of shape (R, A) unless noted.

    Attributes:
        volume: Opportunities of the step, (R,).
        multiplier: Multiplier played; for bids given one by one, sum of bids over sum of values.
        active: Whether the seat took part.
        mean_bid: Mean bid placed, after capping, in currency.
        mean_value: Mean value of the opportunities (probability times known value).
        market_price: Mean market price, the (slots + 1)-th bid or the reserve, (R,), in currency.
        wins: Slots won, seen or not.
        exposed_wins: Slots won and seen.
        cost: Spend, in currency.
        conversions: Conversions of exposed wins.
        value: Realised value of these conversions.
        expected_conversions: Sum over exposed wins of the true probability.
        expected_value: Sum over exposed wins of true probability times known value.
        predicted_conversions: Sum over exposed wins of the probability bidders are told; the same
            as expected_conversions unless the market's predictions are biased.
        predicted_value: Sum over exposed wins of that probability times known value.
    """

    volume: NDArray[np.int64]
    multiplier: Float64Array
    active: NDArray[np.bool_]
    mean_bid: Float64Array
    mean_value: Float64Array
    market_price: Float64Array
    wins: Float64Array
    exposed_wins: Float64Array
    cost: Float64Array
    conversions: Float64Array
    value: Float64Array
    expected_conversions: Float64Array
    expected_value: Float64Array
    predicted_conversions: Float64Array
    predicted_value: Float64Array
