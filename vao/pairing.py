"""Comparisons of results that played the same seats in the same episodes.

Methods meet the same traffic and opponents (common random numbers), so much of what varies from
episode to episode is common to both sides and cancels in their differences. Seats of an episode
share its traffic: episodes, not rows, are the independent units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidDataError, invalid_data
from auctionsim.evaluation import Evaluation, summarise
from vao.experiment import TaskResults, delta_of
from vao.report.data import Estimate

__all__ = ["EpisodeMeans", "delta_error", "paired_differences"]


@dataclass(frozen=True)
class EpisodeMeans:
    """An evaluation's metrics, episode by episode.

    Attributes:
        episodes: Episode numbers, ascending, shape (episodes,).
        seats: How many seats each mean is over, shape (episodes,).
        metrics: Means over an episode's seats by metric, each of shape (episodes,).
    """

    episodes: NDArray[np.int32]
    seats: NDArray[np.int64]
    metrics: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, evaluation: Evaluation) -> EpisodeMeans:
        """Sum an evaluation up, episode by episode."""
        trajectories = evaluation.trajectories
        episodes, seats = np.unique(trajectories.episode, return_counts=True)
        parts = [
            summarise(
                evaluation.task, trajectories.take(np.flatnonzero(trajectories.episode == episode))
            ).metrics
            for episode in episodes
        ]
        metrics = {m: np.array([part[m] for part in parts]) for m in evaluation.metrics}
        return cls(episodes, seats, metrics)

    def without(self, episode: int) -> dict[str, float]:
        """Return the metrics over all other episodes' seats; there must be one."""
        kept = self.episodes != episode
        return {
            name: float(np.average(means[kept], weights=self.seats[kept]))
            for name, means in self.metrics.items()
        }


def paired_differences(
    ours: Evaluation, other: Evaluation, metrics: Iterable[str]
) -> dict[str, Estimate]:
    """Return mean differences, ours - other, by metric.

    Differences are averaged over an episode's seats, then over episodes; the standard error is
    that of the second mean, None with fewer than two episodes.

    Args:
        ours: Results of one bidder.
        other: Results of another in the same seats and episodes, in any order.
        metrics: Metrics that are means over seats, such as value.

    Raises:
        InvalidDataError: If the two did not play the same seats and episodes, each once.
    """
    _check_same_seats(ours.trajectories, other.trajectories)
    here, there = EpisodeMeans.of(ours).metrics, EpisodeMeans.of(other).metrics
    return {name: _mean(here[name] - there[name]) for name in metrics}


def _mean(differences: NDArray[np.float64]) -> Estimate:
    n = len(differences)
    error = float(differences.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return Estimate(float(differences.mean()), error)


def _check_same_seats(ours: Trajectories, other: Trajectories) -> None:
    mine, theirs = _seats(ours), _seats(other)
    for seats in (mine, theirs):
        if len(set(seats)) < len(seats):
            twice = next(seat for seat in seats if seats.count(seat) > 1)
            raise _mismatch("must hold each (episode, advertiser) once", twice)
    odd = sorted(set(mine) ^ set(theirs))
    if odd:
        raise _mismatch("must be of the same (episode, advertiser) on both sides", odd[0])


def _seats(trajectories: Trajectories) -> list[tuple[int, int]]:
    pairs = zip(trajectories.episode.tolist(), trajectories.advertiser.tolist(), strict=True)
    return list(pairs)


def _mismatch(rule: str, seat: tuple[int, int]) -> InvalidDataError:
    mend = "Compare results of the same seats and episodes."
    return invalid_data("trajectories", rule, seat, mend)


def delta_error(results: TaskResults, baseline: TaskResults) -> float | None:
    """Return the standard error of `delta_of`, by a jackknife over episodes.

    An episode is left out of all tasks and of both sides at once, for they share its traffic.

    Returns:
        In percent; None if some task has fewer than two episodes, or if without some episode
        delta-m is undefined (the baseline's Value or Score is 0).

    Raises:
        InvalidDataError: If the two did not play the same seats and episodes, each once.
    """
    for task, result in results.items():
        _check_same_seats(result.trajectories, baseline[task].trajectories)
    ours = {task: EpisodeMeans.of(result) for task, result in results.items()}
    other = {task: EpisodeMeans.of(result) for task, result in baseline.items()}
    if any(len(means.episodes) < 2 for means in ours.values()):
        return None
    left_out = []
    for episode in sorted({int(e) for means in ours.values() for e in means.episodes}):
        base = _without(baseline, other, episode)
        if any(r.metrics["score_strict"] <= 0 for r in base.values()):
            return None
        left_out.append(delta_of(_without(results, ours, episode), base))
    # Efron and Tibshirani, An Introduction to the Bootstrap (1993), eq. 11.5:
    # se^2 = (n - 1) / n * sum over i of (theta without i - their mean)^2.
    n, deltas = len(left_out), np.array(left_out)
    return float(np.sqrt((n - 1) / n * np.sum((deltas - deltas.mean()) ** 2)))


def _without(
    results: TaskResults, means: Mapping[str, EpisodeMeans], episode: int
) -> dict[str, Evaluation]:
    return {
        task: replace(result, metrics=result.metrics | means[task].without(episode))
        for task, result in results.items()
    }
