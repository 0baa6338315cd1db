"""All numbers behind a dataset's page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.card import Card
from auctionsim.report.coverage import Coverage, coverage
from auctionsim.report.curves import Course, courses, prices
from auctionsim.report.groups import bidder_names
from auctionsim.report.quality import Spread, spreads
from auctionsim.report.sample import Sample
from auctionsim.report.shift import PairShift, Shift, pairs_of, task_shift

__all__ = ["Study", "parts_of", "study"]


@dataclass(frozen=True, eq=False)
class Study:
    """What a dataset's page shows.

    Attributes:
        card: Of the dataset.
        size: Bytes of its shards.
        sampled: Trajectories the rest was computed from.
        trajectories: Trajectories in the dataset.
        episodes: Episodes the sample is from.
        reference_source: What the actions of bcb campaigns are divided by.
        bidders: Bidders shown by name.
        spreads: How well they played.
        courses: How the day went.
        prices: (3, steps) market price by step; None where the states do not hold it.
        coverage: States and actions covered, by task.
        shift: How far apart the tasks are.
    """

    card: Card
    size: int
    sampled: int
    trajectories: int
    episodes: int
    reference_source: str
    bidders: tuple[str, ...]
    spreads: tuple[Spread, ...]
    courses: tuple[Course, ...]
    prices: NDArray[np.float64] | None
    coverage: tuple[Coverage, ...]
    shift: Shift

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks it holds."""
        return tuple(one.task for one in self.coverage)

    def summary(self) -> dict[str, Any]:
        """Return the numbers as JSON values, apart from curves and cells; nan stands for none."""
        return {
            "sample": {"trajectories": self.sampled, "episodes": self.episodes},
            "spread": [asdict(one) for one in self.spreads],
            "coverage": {one.task: one.summary() for one in self.coverage},
            "shift": asdict(self.shift),
        }


def parts_of(sample: Sample) -> int:
    """Return how often `study` calls `done`."""
    return 3 + len(pairs_of(sample))


def study(
    card: Card, size: int, sample: Sample, done: Callable[[], object] = lambda: None
) -> Study:
    """Compute all numbers; the same sample gives the same ones.

    Args:
        card: Of the dataset.
        size: Bytes of its shards.
        sample: Its trajectories, or some of them.
        done: Called after each part of the work.
    """
    played = spreads(sample)
    done()
    days, price = courses(sample), prices(sample)
    done()
    covered = coverage(sample)
    done()
    return Study(
        card=card,
        size=size,
        sampled=len(sample),
        trajectories=sample.of,
        episodes=len(np.unique(sample.episode)),
        reference_source=sample.reference_source,
        bidders=tuple(bidder_names(sample)),
        spreads=tuple(played),
        courses=tuple(days),
        prices=price,
        coverage=tuple(covered),
        shift=task_shift(sample, done),
    )


def largest_gap(pair: PairShift) -> str | None:
    """Return the measure whose distance exceeds its control's the most."""
    control = {} if pair.control is None else pair.control.distances
    gaps = {
        name: value.wasserstein - (control[name].wasserstein if name in control else 0.0)
        for name, value in pair.distances.items()
    }
    known = {name: gap for name, gap in gaps.items() if np.isfinite(gap)}
    return max(known, key=lambda name: known[name]) if known else None
