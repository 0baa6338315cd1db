"""What knowing more gains in a market, with intervals over days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.statistics import Sample, paired_difference
from auctionsim.tasks import TASKS
from benchmarks.markets_play import PLAYED, Results

Float64Array = NDArray[np.float64]

#: What is held against what, by the names of `figures`.
PAIRS: tuple[tuple[str, str], ...] = (
    ("seat_factor", "market_factor"),
    ("constant", "market_factor"),
    ("path", "constant"),
    ("optimum", "constant"),
    ("online_lp", "fixed"),
    ("pid", "fixed"),
    ("fixed", "market_factor"),
)


@dataclass(frozen=True)
class Level:
    """What the factor chosen on other days brings.

    Attributes:
        market: Market name.
        task: Task name.
        factor: The factor on the reference multiplier, the same for all seats.
        score: Mean of its strict Score of expected values.
    """

    market: str
    task: str
    factor: float
    score: float


@dataclass(frozen=True)
class Gain:
    """By how much one Score exceeds another on the same seats and days, in percent.

    Attributes:
        market: Market name.
        task: Task name.
        pair: The two, out of `PAIRS`.
        percent: The difference of means over the second's mean.
        low: Lower end of the interval over days.
        high: Upper end.
    """

    market: str
    task: str
    pair: tuple[str, str]
    percent: float
    low: float
    high: float


def figures(results: Results, task: str) -> dict[str, Float64Array]:
    """Return Scores by name, each (E, A)."""
    place = TASKS.index(task)
    names = ("market_factor", "seat_factor", "constant", "path", "optimum")
    found = {name: getattr(results, name)[place] for name in names}
    return found | {name: results.played[k, place] for k, name in enumerate(PLAYED)}


def levels(market: str, results: Results) -> Iterator[Level]:
    """Yield what the chosen factors bring, task by task."""
    for place, task in enumerate(TASKS):
        score = float(results.market_factor[place].mean())
        yield Level(market, task, float(results.chosen[place]), score)


def gains(market: str, results: Results) -> Iterator[Gain]:
    """Yield all gains, task by task."""
    for task in TASKS:
        found = figures(results, task)
        for better, base in PAIRS:
            gain = paired_difference(_sample(found[better]), _sample(found[base]), relative=True)
            yield Gain(market, task, (better, base), gain.estimate, gain.low, gain.high)


def _sample(scores: Float64Array) -> Sample:
    days, seats = np.indices(scores.shape)
    return Sample(scores.ravel(), {"episode": days.ravel(), "seat": seats.ravel()})
