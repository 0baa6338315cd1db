"""How near opponents that do not respond come to opponents that do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from auctionsim.statistics import Sample, paired_difference
from auctionsim.tasks import TASKS
from benchmarks.power_play import Float64Array, Results

COMPARED: tuple[str, ...] = ("expected_score", "expected_value", "cost")


@dataclass(frozen=True)
class Agreement:
    """A bidder against frozen opponents beside the same against responsive ones.

    Attributes:
        market: Market name.
        task: Task name.
        bidder: Label.
        budget_factor: Budgets of the seats taken over, over the market's.
        episodes: How many.
        figure: What is compared.
        difference: Mean against frozen over mean against responsive opponents, less 1, in percent.
        low: Lower end of its 95 % interval, over episodes.
        high: Upper end.
        correlation: Over trajectories; nan where a side does not vary.
        deviation: Mean absolute difference of a trajectory, in percent of the responsive mean.
    """

    market: str
    task: str
    bidder: str
    budget_factor: float
    episodes: int
    figure: str
    difference: float
    low: float
    high: float
    correlation: float
    deviation: float


@dataclass(frozen=True)
class Ranking:
    """Two bidders' difference against frozen opponents beside that against responsive ones.

    Attributes:
        market: Market name.
        task: Task name.
        pair: The two bidders.
        frozen: By how much the first exceeds the second in expected Score, in percent of the
            second's mean against responsive opponents.
        responsive: The same against responsive opponents.
        low: Lower end of the 95 % interval of the difference of the two, over episodes.
        high: Upper end.
    """

    market: str
    task: str
    pair: tuple[str, str]
    frozen: float
    responsive: float
    low: float
    high: float

    @property
    def same_order(self) -> bool:
        """Whether both say that the same bidder is better."""
        return bool(self.frozen * self.responsive > 0.0)


@dataclass(frozen=True)
class Cost:
    """CPU time of roll-outs.

    Attributes:
        market: Market name.
        frozen: Milliseconds a trajectory against frozen opponents.
        responsive: Milliseconds a trajectory against responsive ones.
        recording: Milliseconds an episode to record the line-up, once for all bidders and tasks.
    """

    market: str
    frozen: float
    responsive: float
    recording: float


def agreements(
    market: str, budget_factor: float, frozen: Results, responsive: Results
) -> Iterator[Agreement]:
    """Yield the agreement of every bidder, task and figure."""
    for bidder in frozen.bidders:
        for task in TASKS:
            for figure in COMPARED:
                a, b = (side.of(figure, bidder, task) for side in (frozen, responsive))
                found = paired_difference(_daily(a), _daily(b), relative=True)
                yield Agreement(
                    market=market,
                    task=task,
                    bidder=bidder,
                    budget_factor=budget_factor,
                    episodes=len(a),
                    figure=figure,
                    difference=found.estimate,
                    low=found.low,
                    high=found.high,
                    correlation=correlation(a.ravel(), b.ravel()),
                    deviation=100.0 * float(np.abs(a - b).mean() / b.mean()),
                )


def rankings(market: str, frozen: Results, responsive: Results) -> Iterator[Ranking]:
    """Yield every pair of bidders by expected Score, task by task."""
    for task in TASKS:
        for pair in combinations(frozen.bidders, 2):
            sides = []
            for side in (frozen, responsive):
                first, second = (side.of("expected_score", bidder, task) for bidder in pair)
                sides.append(first - second)
            whole = responsive.of("expected_score", pair[1], task).mean() / 100.0
            found = paired_difference(_daily(sides[0] / whole), _daily(sides[1] / whole))
            yield Ranking(
                market=market,
                task=task,
                pair=pair,
                frozen=float(sides[0].mean() / whole),
                responsive=float(sides[1].mean() / whole),
                low=found.low,
                high=found.high,
            )


def cost(market: str, frozen: Results, responsive: Results) -> Cost:
    """Return the CPU time of both."""
    return Cost(
        market=market,
        frozen=1e3 * float(frozen.seconds.sum()) / frozen.figures[0].size,
        responsive=1e3 * float(responsive.seconds.sum()) / responsive.figures[0].size,
        recording=1e3 * frozen.recording / len(frozen.episodes),
    )


def correlation(a: Float64Array, b: Float64Array) -> float:
    """Return Pearson's correlation; nan where a side does not vary."""
    if a.std() == 0.0 or b.std() == 0.0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _daily(figures: Float64Array) -> Sample:
    return Sample(figures.mean(axis=1), {"episode": np.arange(len(figures))})
