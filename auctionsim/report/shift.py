"""How far apart the tasks' distributions are, each pair of tasks beside its controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.distances import Distance, distance
from auctionsim.report.measures import measures, step_units, trajectory_units
from auctionsim.report.sample import Sample, evenly
from auctionsim.report.two_sample import Evidence, Units, one_thread, two_sample
from auctionsim.report.unseen import Unseen, unseen_advertisers

__all__ = ["Control", "PairShift", "Shift", "pairs_of", "task_shift"]

LARGEST = 4_000
LARGEST_UNSEEN = 1_500
DRAWS = 5
LABEL_DRAWS = 8

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Control:
    """The same tests between groups of advertisers of one task, drawn at random several times.

    Attributes:
        task: Whose advertisers they are.
        advertisers: Sizes of the groups, those of the pair of tasks where it has enough.
        trajectories: Area under the ROC curve on whole trajectories, by draw.
        steps: The same on single steps.
        distances: By measure, mean over the draws.
    """

    task: str
    advertisers: tuple[int, int]
    trajectories: tuple[float, ...]
    steps: tuple[float, ...]
    distances: dict[str, Distance]


@dataclass(frozen=True)
class PairShift:
    """How far apart two tasks are.

    Attributes:
        tasks: Their names.
        advertisers: Advertisers that play them.
        shared_advertisers: Advertisers that play both, in turn.
        trajectories: The test on whole trajectories; None with too few episodes.
        steps: The test on single steps, state and action; likewise.
        control: The same between advertisers of one task; None if no task has two advertisers.
        unseen: The test on advertisers never trained on; None where it cannot be made.
        distances: By measure.
    """

    tasks: tuple[str, str]
    advertisers: tuple[int, int]
    shared_advertisers: int
    trajectories: Evidence | None
    steps: Evidence | None
    control: Control | None
    unseen: Unseen | None
    distances: dict[str, Distance]


@dataclass(frozen=True)
class Shift:
    """How far apart all tasks are.

    Attributes:
        trajectory_features: What the classifier knows of a trajectory.
        step_features: What it knows of a step.
        pairs: A result for each two tasks.
        random_labels: Areas under the ROC curve on one task's trajectories with labels drawn at
            random several times, by task: a check of the test itself.
    """

    trajectory_features: tuple[str, ...]
    step_features: tuple[str, ...]
    pairs: tuple[PairShift, ...]
    random_labels: dict[str, tuple[float, ...]]


def pairs_of(sample: Sample) -> list[tuple[str, str]]:
    """Return each two of the tasks."""
    return list(combinations(sample.tasks, 2))


def task_shift(sample: Sample, done: Callable[[], object] = lambda: None) -> Shift:
    """Compare all tasks.

    Args:
        sample: The trajectories.
        done: Called after each pair.
    """
    comparison = _Comparison(sample)
    pairs = []
    with one_thread():
        for index, (one, other) in enumerate(pairs_of(sample)):
            pairs.append(comparison.pair(one, other, seed=index))
            done()
        random_labels = dict(comparison.random_labels()) if pairs else {}
    return Shift(
        trajectory_features=tuple(comparison.trajectory_names),
        step_features=tuple(comparison.step_names),
        pairs=tuple(pairs),
        random_labels=random_labels,
    )


class _Comparison:
    """The units of all trajectories, made once, and the tests on parts of them."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._measures = measures(sample)
        self._trajectories, self.trajectory_names = trajectory_units(sample, self._measures)
        self._steps, self.step_names = step_units(sample)

    def pair(self, one: str, other: str, seed: int) -> PairShift:
        first, second = self._sample.of_task(one), self._sample.of_task(other)
        counts = [self._advertisers(places) for places in (first, second)]
        control = self._control((len(counts[0]), len(counts[1])), seed)
        return PairShift(
            tasks=(one, other),
            advertisers=(len(counts[0]), len(counts[1])),
            shared_advertisers=len(np.intersect1d(counts[0], counts[1])),
            trajectories=self._test(self._trajectories, first, second, seed),
            steps=self._test(self._steps, first, second, seed),
            control=control,
            unseen=self._unseen(first, second, seed),
            distances=self._distances(first, second),
        )

    def random_labels(self) -> Iterator[tuple[str, tuple[float, ...]]]:
        for task in self._sample.tasks:
            places = self._sample.of_task(task)
            units = self._trajectories.take(places[evenly(len(places), LARGEST_UNSEEN)])
            areas = []
            for draw in range(LABEL_DRAWS):
                labels = np.random.default_rng((draw, 6)).random(len(units.episode)) < 0.5
                found = two_sample(units, labels, seed=draw, permutations=1)
                areas += [] if found is None else [found.auc]
            if areas:
                yield task, tuple(areas)

    def _advertisers(self, places: Places) -> Places:
        return np.unique(self._trajectories.advertiser[places])

    def _test(
        self, units: Units, first: Places, second: Places, seed: int, permutations: int = 999
    ) -> Evidence | None:
        chosen = _balanced(units.episode, first, second, LARGEST, seed)
        labels = np.isin(chosen, first)
        return two_sample(units.take(chosen), labels, seed=seed, permutations=permutations)

    def _control(self, sizes: tuple[int, int], seed: int) -> Control | None:
        pools = {t: self._advertisers(self._sample.of_task(t)) for t in self._sample.tasks}
        task = max(pools, key=lambda name: len(pools[name]))
        pool = pools[task]
        small = min(sizes[0], len(pool) // 2)
        large = min(sizes[1], len(pool) - small)
        if small < 1:
            return None
        rng = np.random.default_rng((seed, 2))
        trajectories: list[float] = []
        steps: list[float] = []
        distances = []
        for draw in range(DRAWS):
            mixed = rng.permutation(pool)
            groups = mixed[:small], mixed[small : small + large]
            first, second = (self._played(task, group) for group in groups)
            distances.append(self._distances(first, second))
            for units, areas in ((self._trajectories, trajectories), (self._steps, steps)):
                found = self._test(units, first, second, draw, permutations=1)
                areas += [] if found is None else [found.auc]
        return Control(
            task=task,
            advertisers=(small, large),
            trajectories=tuple(trajectories),
            steps=tuple(steps),
            distances=_mean(distances),
        )

    def _played(self, task: str, advertisers: Places) -> Places:
        places = self._sample.of_task(task)
        return places[np.isin(self._trajectories.advertiser[places], advertisers)]

    def _unseen(self, first: Places, second: Places, seed: int) -> Unseen | None:
        both = np.concatenate([first, second])
        episodes = np.unique(self._trajectories.episode[both])
        kept = episodes[evenly(len(episodes), max(2, len(episodes) * LARGEST_UNSEEN // len(both)))]
        chosen = both[np.isin(self._trajectories.episode[both], kept)]
        labels = np.isin(chosen, first)
        return unseen_advertisers(self._trajectories.take(chosen), labels, seed=seed)

    def _distances(self, first: Places, second: Places) -> dict[str, Distance]:
        found = {
            name: distance(values[first], values[second]) for name, values in self._measures.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def _balanced(episode: Places, first: Places, second: Places, largest: int, seed: int) -> Places:
    """Return as many trajectories of both groups from each episode, at random, up to a number."""
    rng = np.random.default_rng((seed, 3))
    common = np.intersect1d(episode[first], episode[second])
    common = common[evenly(len(common), max(1, largest // 2))]
    most = max(1, largest // (2 * max(len(common), 1)))
    chosen = [np.empty(0, np.int64)]
    for name in common:
        groups = [group[episode[group] == name] for group in (first, second)]
        count = min(most, *map(len, groups))
        chosen += [rng.permutation(group)[:count] for group in groups]
    return np.concatenate(chosen)


def _mean(found: list[dict[str, Distance]]) -> dict[str, Distance]:
    result = {}
    for name in dict.fromkeys(name for one in found for name in one):
        known = [one[name] for one in found if name in one]
        moved = [one.wasserstein for one in known if np.isfinite(one.wasserstein)]
        result[name] = Distance(
            float(np.mean(moved)) if moved else float("nan"),
            float(np.mean([one.ks for one in known])),
        )
    return result
