"""What was possible in hindsight, seat by seat and day by day, beside every result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from auctionsim.evaluation.takeover import Takeover
from auctionsim.frozen import Recording
from auctionsim.frozen.days import seat_days
from auctionsim.hindsight import bounds_of_runs
from auctionsim.market import MarketConfig
from auctionsim.threads import get_threads

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """What seats could have had against the bids of the others as they were; all (trajectories,).

    Attributes:
        optimum: Highest strict Score of expected sums that a purchase fixed before the looks can
            have, slots and all: a limit may be broken at the price that the Score puts on it.
            Where few opportunities decide, who waits for looks may do better.
        optimum_within_limits: Most expected value within the budget and the task's limit, which no
            bidder that keeps them exceeds in expectation over looks: the linear programme of
            `auctionsim.hindsight.linear_optimum`.
        constant: The constant multiplier that would have been best on that very day, as far as
            `auctionsim.hindsight.best_constant` searches.
        constant_score: Its strict Score of expected values.
    """

    optimum: Float64Array
    optimum_within_limits: Float64Array
    constant: Float64Array
    constant_score: Float64Array

    @classmethod
    def concatenate(cls, parts: Iterable[Bounds]) -> Bounds:
        """Join bounds end to end."""
        parts = list(parts)
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def has_bounds(market: MarketConfig) -> bool:
    """Whether bounds can be worked out: for default rules, and prices by the next bid."""
    return market.rules == "default" and market.mechanism in ("gsp", "second_price")


def bounds_against(recording: Recording, takeover: Takeover) -> Bounds:
    """Work out the bounds of each seat in each recorded episode, in the order of trajectories."""
    campaigns = takeover.by_themselves(recording.episodes)
    seats, found = len(takeover.seats), []
    for place in range(len(recording.episodes)):
        mine = campaigns.take(np.arange(place * seats, (place + 1) * seats))
        for days in seat_days(recording, place, mine, at_once=2 * get_threads()):
            found += bounds_of_runs(days.__getitem__, len(days))
    return Bounds(
        optimum=np.array([of.optimum.best_score for of in found]),
        optimum_within_limits=np.array([of.optimum.value for of in found]),
        constant=np.array([of.constant.multiplier for of in found]),
        constant_score=np.array([of.constant.score for of in found]),
    )
