"""An entrant's results as a box: seeds crossed with episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_data, unknown_name
from vao.reproduce.contrasts import Figure
from vao.reproduce.results import METRICS, Results

__all__ = ["Crossed", "common_seeds"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crossed:
    """What an entrant did in one protocol; every seed played every episode.

    Attributes:
        name: The entrant.
        learns: Whether its seeds are a sample of those it could have been trained from. What does
            not learn has one, which stands for all.
        seeds: Training seeds, ascending.
        episodes: Numbers of the episodes of any task, ascending, (E,).
        seats: Trajectories by task, (E,); 0 where the task was not played.
        means: Seat means by task and metric, (seeds, E); 0 where the task was not played.
    """

    name: str
    learns: bool
    seeds: tuple[int, ...]
    episodes: NDArray[np.int32]
    seats: dict[str, Float64Array]
    means: dict[tuple[str, str], Float64Array]

    @classmethod
    def of(cls, results: Results, name: str, protocol: str, *, learns: bool = True) -> Crossed:
        """Take an entrant's results out of all.

        Raises:
            InvalidArgumentError: If there are none.
            InvalidDataError: If its seeds differ from task to task, an episode's seats from seed to
                seed, or it has several seeds although it does not learn.
        """
        own = results.where(row=name, protocol=protocol)
        if not len(own):
            rows = results.where(protocol=protocol).names("row")
            raise unknown_name(f"row of protocol {protocol}", name, rows)
        seeds, episodes = own.names("seed"), np.unique(own.episode)
        if not learns and len(seeds) > 1:
            rule = f"must be one for {name}, which does not learn"
            raise invalid_data("seed", rule, seeds, "Say that it learns, or keep one.")
        seats, means = {}, {}
        for task in own.names("task"):
            part = own.where(task=task)
            if part.names("seed") != seeds:
                rule = f"must be those of its other tasks for {name} in {task}"
                mend = "Play all tasks with every seed."
                raise invalid_data("seed", rule, part.names("seed"), mend)
            places = np.searchsorted(episodes, part.episode).reshape(len(seeds), -1)[0]
            counts = part.seats.reshape(len(seeds), -1)
            if (counts != counts[0]).any():
                rule = f"must not depend on the seed for {name} in {task}"
                mend = "Play the same seats."
                raise invalid_data("seats", rule, "different numbers", mend)
            seats[task] = np.zeros(len(episodes))
            seats[task][places] = counts[0]
            for metric in METRICS:
                box = np.zeros((len(seeds), len(episodes)))
                box[:, places] = getattr(part, metric).reshape(len(seeds), -1)
                means[task, metric] = box
        return cls(name, learns, tuple(seeds), episodes, seats, means)

    def of_seeds(self, seeds: Sequence[int]) -> Crossed:
        """Return what these seeds did; what does not learn did the same with each."""
        if not self.learns:
            places = [0] * len(seeds)
        else:
            places = [self.seeds.index(seed) for seed in seeds]
        means = {key: box[places] for key, box in self.means.items()}
        return Crossed(self.name, self.learns, tuple(seeds), self.episodes, self.seats, means)

    def seed_means(self, task: str, metric: str) -> Float64Array:
        """Return each seed's mean over all trajectories, (seeds,).

        Raises:
            InvalidArgumentError: If there is no such task or metric.
        """
        if task not in self.seats:
            raise unknown_name(f"task of {self.name}", task, self.seats)
        if metric not in METRICS:
            raise unknown_name("metric", metric, METRICS)
        box = self.means[task, metric]
        return np.average(box, axis=1, weights=self.seats[task]).astype(np.float64)

    def seed_error(self, task: str, metric: str) -> float | None:
        """Return the standard error of the mean over seeds, as the paper gives it.

        It says how far other seeds would lead on these very episodes, and nothing of other days.

        Returns:
            None for one seed.
        """
        found = self.seed_means(task, metric)
        return None if len(found) < 2 else float(found.std(ddof=1) / np.sqrt(len(found)))

    def check_paired(self, other: Crossed, figure: Figure) -> None:
        """Raise unless both played the same seats of the same episodes of a figure's task.

        Raises:
            InvalidDataError: If they did not.
        """
        mine, theirs = self._played(figure[1]), other._played(figure[1])
        odd = sorted(mine.items() ^ theirs.items())
        if odd:
            rule = f"must be the same (episode, seats) for {self.name} and {other.name}"
            mend = "Compare what played the same."
            raise invalid_data(f"results in {figure[1]}", rule, f"odd {odd[0]}", mend)

    def _played(self, task: str) -> dict[int, float]:
        seats = self.seats.get(task, np.zeros(len(self.episodes)))
        pairs = zip(self.episodes.tolist(), seats.tolist(), strict=True)
        return {episode: count for episode, count in pairs if count}


def common_seeds(sides: Sequence[Crossed]) -> tuple[int, ...]:
    """Return the seeds that all that learn have; of what does not learn, its own.

    Raises:
        InvalidDataError: If there are none.
    """
    learners = [side for side in sides if side.learns]
    if not learners:
        return sides[0].seeds
    common = set(learners[0].seeds).intersection(*(side.seeds for side in learners))
    if not common:
        found = {side.name: side.seeds for side in learners}
        rule = "must have a seed in common, for they are compared seed by seed"
        raise invalid_data("results", rule, found, "Train them from the same seeds.")
    return tuple(sorted(common))
