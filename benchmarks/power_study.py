"""What paired differences between bidders consist of, and how often their intervals are right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auctionsim.evaluation import PROTOCOLS, task_seats
from auctionsim.market import MarketConfig
from auctionsim.statistics import (
    Sample,
    VarianceComponents,
    episodes_needed,
    paired_difference,
    variance_components,
)
from auctionsim.tasks import TASKS
from benchmarks.power_play import Float64Array, Results

#: Pairs of the kinds that comparisons have: near copies, another tuning, another bidder.
PAIRS: tuple[tuple[str, str], ...] = (
    ("fixed 0.9", "fixed 1.0"),
    ("limit_aware, set", "limit_aware, drawn"),
    ("pid", "limit_aware, drawn"),
    ("online_lp", "fixed 1.0"),
)
#: Score and Value, each without the luck of coins and with it.
FIGURES: tuple[str, ...] = ("expected_score", "score_strict", "expected_value", "value")
DIFFERENCES: tuple[float, ...] = (2.0, 5.0, 10.0)
SIZES: tuple[int, ...] = (2, 3, 5, 10, 20, 50)

# The bootstrap only leans the interval to a side; a quarter of the usual samples will do.
_BOOTSTRAP = 500
_MOST_EPISODES = 200


@dataclass(frozen=True)
class Spread:
    """What a paired difference consists of, in percent of the second bidder's mean.

    Attributes:
        market: Market name.
        task: Task name.
        protocol: Whose seats.
        pair: The two bidders.
        figure: What is compared.
        difference: By how much the first exceeds the second, in percent.
        trajectory: Standard deviation of one trajectory's figure, both bidders' quadratic mean.
        unpaired: Variance of an episode's mean over seats, both bidders' summed, percent squared.
        episode: Variance of the difference that all seats of an episode share, percent squared,
            once the first bidder is scaled to the second's mean.
        seat: Variance that all episodes of a seat share.
        residual: Of the rest.
        seats: How many seats the protocol has.
    """

    market: str
    task: str
    protocol: str
    pair: tuple[str, str]
    figure: str
    difference: float
    trajectory: float
    unpaired: float
    episode: float
    seat: float
    residual: float
    seats: int

    @property
    def components(self) -> VarianceComponents:
        """The variance components, percent squared."""
        return VarianceComponents(self.episode, self.seat, self.residual)

    @property
    def deviation(self) -> float:
        """Standard deviation of one trajectory's paired difference, percent."""
        return float(np.sqrt(self.episode + self.seat + self.residual))

    def episodes(self, difference: float) -> int:
        """Return how many episodes tell a difference in percent, of these very seats."""
        needed = episodes_needed(self.components, difference, self.seats)
        assert needed is not None
        return needed

    def episodes_of_others(self, difference: float) -> int | None:
        """Return how many tell it of seats like these; None if no number does."""
        return episodes_needed(self.components, difference, self.seats, fixed_seats=False)

    def episodes_unpaired(self, difference: float) -> int:
        """Return how many each bidder needs where they play different days."""
        needed = episodes_needed(VarianceComponents(self.unpaired, 0.0, 0.0), difference, 1)
        assert needed is not None
        return needed


@dataclass(frozen=True)
class Check:
    """How often paired intervals of drawn episodes excluded 0, for some numbers of episodes.

    Attributes:
        market: Market name.
        task: Task name.
        protocol: Whose seats.
        pair: The two bidders.
        figure: What was compared.
        difference: The true difference, in percent.
        repeats: How often episodes were drawn.
        episodes: How many were drawn.
        above: How often the whole interval lay above 0, for each number of episodes.
        below: How often below.
    """

    market: str
    task: str
    protocol: str
    pair: tuple[str, str]
    figure: str
    difference: float
    repeats: int
    episodes: tuple[int, ...]
    above: tuple[int, ...]
    below: tuple[int, ...]


def level_pair(a: Float64Array, b: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return two bidders' results in percent of the second's mean, the first scaled to it.

    Scaled and not shifted: what is asked is a relative difference, and a bidder that reaches more
    reaches more where there is more to reach.
    """
    return 100.0 * a / a.mean(), 100.0 * b / b.mean()


def spread(
    results: Results, market: MarketConfig, task: str, protocol: str, pair: Sequence[str], of: str
) -> Spread:
    """Take a pair's difference on the protocol's seats apart; see `Spread`."""
    seats = task_seats(market, task, protocol)
    first, second = (results.of(of, bidder, task)[:, seats] for bidder in pair)
    a, b = level_pair(first, second)
    days, places = np.indices(a.shape)
    parts = variance_components((a - b).ravel(), days.ravel(), places.ravel())
    return Spread(
        market=market.name,
        task=task,
        protocol=protocol,
        pair=(pair[0], pair[1]),
        figure=of,
        difference=100.0 * float(first.mean() / second.mean() - 1.0),
        trajectory=float(np.sqrt((a.var() + b.var()) / 2.0)),
        unpaired=float(a.mean(axis=1).var(ddof=1) + b.mean(axis=1).var(ddof=1)),
        episode=parts.episode,
        seat=parts.seat,
        residual=parts.residual,
        seats=len(seats),
    )


def scores_of(task: str) -> tuple[str, ...]:
    """Return the figures that are a task's Score, expected and realised; without a limit Value."""
    return FIGURES[2:] if task == "bcb" else FIGURES[:2]


def spreads(results: Results, market: MarketConfig) -> Iterator[Spread]:
    """Yield every task's, protocol's, pair's and figure's."""
    for task in TASKS:
        figures = [figure for figure in FIGURES if figure in (*scores_of(task), *FIGURES[2:])]
        for protocol in PROTOCOLS:
            for pair in PAIRS:
                for figure in figures:
                    yield spread(results, market, task, protocol, pair, figure)


def count_shown(
    a: Float64Array, b: Float64Array, episodes: int, repeats: int, seed: int
) -> tuple[int, int]:
    """Draw episodes with replacement again and again, and count intervals above and below 0.

    The run stands for all days there are: what is true of it is known.

    Args:
        a: A bidder's mean over seats by episode, (E,).
        b: The other's, (E,).
        episodes: How many to draw.
        repeats: How often.
        seed: Of the draws.
    """
    random, above, below = np.random.default_rng(seed), 0, 0
    labels = {"episode": np.arange(episodes)}
    for _ in range(repeats):
        drawn = random.integers(len(a), size=episodes)
        # What `auctionsim.evaluation.compare` does with two evaluations.
        found = paired_difference(
            Sample(a[drawn], labels), Sample(b[drawn], labels), relative=True, repeats=_BOOTSTRAP
        )
        above += found.low > 0.0
        below += found.high < 0.0
    return above, below


def checks(
    results: Results, market: MarketConfig, found: Sequence[Spread], repeats: int
) -> Iterator[Check]:
    """Yield checks of size at fixed numbers of episodes, and of power at the numbers promised."""
    for place, row in enumerate(found):
        if row.figure not in scores_of(row.task):
            continue
        seats = task_seats(market, row.task, row.protocol)
        one, other = (results.of(row.figure, bidder, row.task)[:, seats] for bidder in row.pair)
        a, b = (x.mean(axis=1) for x in level_pair(one, other))
        asked = [(0.0, SIZES), *((percent, (row.episodes(percent),)) for percent in DIFFERENCES)]
        for step, (percent, sizes) in enumerate(asked):
            if max(sizes) > _MOST_EPISODES:
                continue
            better, seed = a * (1.0 + percent / 100.0), 1000 * place + 100 * step
            counts = [
                count_shown(better, b, size, repeats, seed + at) for at, size in enumerate(sizes)
            ]
            above, below = zip(*counts, strict=True)
            yield Check(
                row.market, row.task, row.protocol, row.pair, row.figure,
                percent, repeats, sizes, above, below,
            )  # fmt: skip
