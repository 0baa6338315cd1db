"""Intervals of what a study asks about its results, over seeds crossed with episodes.

Another study would draw other seeds and other days: both are resampled, crossed, for all entrants
play the same episodes. Entrants with the same seed share data and first weights, and so are paired
by seed as well as by episode.

As in `auctionsim.statistics.interval`, an interval's length follows from moments, with Student's
quantile of few seeds, and the bootstrap of seeds and episodes says how far it leans to either side:
the bootstrap's own percentiles are too short where seeds are few. p-values are those of
`auctionsim.statistics.generalised`, which few seeds do not make too sure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from auctionsim.errors import unknown_name
from auctionsim.statistics import Interval, holm
from auctionsim.statistics.factors import Cells, collect
from auctionsim.statistics.generalised import generalised_p_value
from auctionsim.statistics.resampling import combined, variances_of
from vao.reproduce.contrasts import Contrast, Figure
from vao.reproduce.crossed import Crossed, common_seeds

__all__ = ["DRAWS", "Drawing", "Estimate", "corrected", "estimate"]

Float64Array = NDArray[np.float64]

DRAWS = 4000
"""Bootstrap samples."""

_LEAST_SHARE, _LARGEST_SHARE = 0.25, 0.75
"""How one-sided the bootstrap may make an interval; of few levels its percentiles are rough."""


@dataclass(frozen=True)
class Drawing:
    """How intervals are drawn.

    Attributes:
        level: Share of intervals that shall hold the truth.
        draws: Bootstrap samples.
        seed: Of the bootstrap.
    """

    level: float = 0.95
    draws: int = DRAWS
    seed: int = 0


@dataclass(frozen=True)
class Estimate(Interval):
    """An interval, and the p-value of no effect.

    Attributes:
        p: nan where there is no interval.
    """

    p: float = math.nan


def estimate(
    sides: Sequence[Crossed], contrasts: Mapping[str, Contrast], drawing: Drawing | None = None
) -> dict[str, Estimate]:
    """Estimate contrasts of mean results, with intervals.

    All that learn are taken with the seeds they have in common, so that they pair.

    Args:
        sides: Entrants that the contrasts name.
        contrasts: What is asked, by name.
        drawing: How intervals are drawn.

    Returns:
        By name; ends and error are nan where something that should be resampled has one level, a
        seed of what learns or an episode, and where a contrast is undefined (a baseline of 0).

    Raises:
        InvalidArgumentError: If a contrast names an entrant, task or metric that there is not.
        InvalidDataError: If sides did not play the same seats and episodes, or share no seed.
    """
    drawing = drawing or Drawing()
    figures = list(dict.fromkeys(f for c in contrasts.values() for f in c.figures))
    if not figures:
        return {}
    sums = _Sums.of(sides, figures)
    drawn = sums.resampled(drawing) if sums.random else None
    return {name: sums.interval(of, drawn, drawing) for name, of in contrasts.items()}


def corrected(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values corrected for their number by Holm's rule; those that are nan stay so."""
    known = holm({name: p for name, p in p_values.items() if not math.isnan(p)})
    return {name: known.get(name, math.nan) for name in p_values}


@dataclass(frozen=True)
class _Sums:
    """Sums over an episode's seats, by cell of seed and episode.

    Attributes:
        cells: Sums of the figures, then seats of the tasks, by cell.
        box: The same as (seeds, episodes, sums).
        figures: Place of each figure's sum, and of its task's seats.
        random: Whether all that should be resampled can be.
    """

    cells: Cells
    box: Float64Array
    figures: dict[Figure, tuple[int, int]]
    random: bool

    @classmethod
    def of(cls, sides: Sequence[Crossed], figures: Sequence[Figure]) -> _Sums:
        by_name = {side.name: side for side in sides}
        for figure in figures:
            if figure[0] not in by_name:
                raise unknown_name("entrant of a contrast", figure[0], by_name)
        used = [by_name[name] for name in dict.fromkeys(figure[0] for figure in figures)]
        for figure in figures:
            by_name[figure[0]].check_paired(used[0], figure)
            by_name[figure[0]].seed_means(*figure[1:])  # refuses unknown tasks and metrics
        seeds = common_seeds(used)
        boxes = {side.name: side.of_seeds(seeds) for side in used}
        tasks = list(dict.fromkeys(figure[1] for figure in figures))
        episodes = np.unique(np.concatenate([_episodes(used[0], task) for task in tasks]))
        shape = (len(seeds), len(episodes))
        columns = [_totals(boxes[name], task, metric, episodes) for name, task, metric in figures]
        columns += [np.broadcast_to(_seats(used[0], task, episodes), shape) for task in tasks]
        seed, episode = np.indices(shape).reshape(2, -1)
        factors = {"seed": seed, "episode": episode}
        if not any(side.learns for side in used):
            del factors["seed"]
        box = np.stack(columns, axis=2)
        cells = collect(box.reshape(-1, len(columns)), factors, list(factors))
        places = {f: (i, len(figures) + tasks.index(f[1])) for i, f in enumerate(figures)}
        return cls(cells, box, places, not cells.unresampled)

    def resampled(self, drawing: Drawing) -> Float64Array:
        """Return the sums of bootstrap samples, (draws, sums).

        They are those of `auctionsim.statistics.resampling.replicate`. As every seed has every
        episode, a product of matrices gives them, several times faster.
        """
        seeds, episodes, sums = self.box.shape
        days = _multiplicities(episodes, drawing, self.cells.names.index("episode"))
        by_seed = days @ self.box.transpose(1, 0, 2).reshape(episodes, -1)
        if "seed" not in self.cells.names:
            return by_seed
        runs = _multiplicities(seeds, drawing, self.cells.names.index("seed"))
        by_seed = by_seed.reshape(-1, seeds, sums)
        return np.asarray((runs[:, None, :] @ by_seed)[:, 0], np.float64)

    def mean_of(self, sums: Float64Array) -> Callable[[Figure], Float64Array]:
        """Return what gives figures' means, (...), by sums (..., K)."""

        def find(figure: Figure) -> Float64Array:
            place, seats = self.figures[figure]
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(sums[..., place] / sums[..., seats], np.float64)

        return find

    def interval(
        self, contrast: Contrast, drawn: Float64Array | None, drawing: Drawing
    ) -> Estimate:
        totals = self.cells.sums.sum(axis=0)
        means = self.mean_of(totals)
        value, level = float(contrast.value(means)), drawing.level
        if drawn is None or not math.isfinite(value):
            nan = math.nan
            return Estimate(value, nan, nan, nan, level, 0.0, self.cells.unresampled)
        variances = variances_of(self.cells, self._gradient(contrast, totals))
        spread = combined(variances)
        error = math.sqrt(spread.variance)
        length = 2.0 * float(special.stdtrit(spread.degrees, 0.5 + level / 2)) * error
        below = _share_below(contrast.value(self.mean_of(drawn)), value, level) * length
        p = generalised_p_value(value, variances)
        ends = value - below, value - below + length
        return Estimate(value, *ends, error, level, spread.degrees, p=p)

    def _gradient(self, contrast: Contrast, totals: Float64Array) -> Float64Array:
        """Return the contrast's derivatives by the sums, (K,)."""
        found, means = np.zeros(len(totals)), self.mean_of(totals)
        for figure, slope in contrast.slopes(means).items():
            place, seats = self.figures[figure]
            found[place] += slope / totals[seats]
            found[seats] -= slope * float(means(figure)) / totals[seats]
        return found


@lru_cache(maxsize=4)  # the entrants of a table are all drawn alike
def _multiplicities(levels: int, drawing: Drawing, place: int) -> Float64Array:
    """Return how often each level is drawn, (draws, levels); not to be written to."""
    generator = np.random.default_rng([drawing.seed, place])
    drawn = generator.multinomial(levels, np.full(levels, 1.0 / levels), drawing.draws)
    times = drawn.astype(np.float64)
    times.flags.writeable = False
    return times


def _episodes(side: Crossed, task: str) -> NDArray[np.int32]:
    return side.episodes[side.seats[task] > 0]


def _seats(side: Crossed, task: str, episodes: NDArray[np.int32]) -> Float64Array:
    """Return a task's seats by episode, (episodes,); 0 where it was not played."""
    found = np.zeros(len(episodes))
    known = np.isin(side.episodes, episodes)
    found[np.searchsorted(episodes, side.episodes[known])] = side.seats[task][known]
    return found


def _totals(side: Crossed, task: str, metric: str, episodes: NDArray[np.int32]) -> Float64Array:
    """Return sums over seats, (seeds, episodes)."""
    found = np.zeros((len(side.seeds), len(episodes)))
    known = np.isin(side.episodes, episodes)
    places = np.searchsorted(episodes, side.episodes[known])
    found[:, places] = (side.means[task, metric] * side.seats[task])[:, known]
    return found


def _share_below(drawn: Float64Array, value: float, level: float) -> float:
    """Return the share of the bootstrap's percentile interval that lies below the estimate."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return 0.5
    low, high = np.quantile(known, [0.5 - level / 2, 0.5 + level / 2])
    down, up = max(0.0, value - low), max(0.0, high - value)
    if down == up:
        return 0.5
    return float(np.clip(down / (down + up), _LEAST_SHARE, _LARGEST_SHARE))
