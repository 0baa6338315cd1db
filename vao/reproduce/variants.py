"""The same data with less of something, or with something spoilt: what a study varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset import Dataset, Trajectories
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.tasks import TASKS, task_code

__all__ = ["DataVariant"]


@dataclass(frozen=True)
class DataVariant:
    """What is changed in a dataset before a training; test data are never touched.

    Attributes:
        episodes: Training episodes kept of a task's own trajectories, by task; all of the others'.
            Each training seed draws its own; what is kept of fewer is kept of more.
        held_out: Held-out trajectories (for validation-aligned weights) kept of each task, drawn
            likewise; 0 keeps all.
        spoilt: Task whose training labels are reversed: what its best trajectory returned becomes
            the label of its worst one, and so on. None spoils nothing.

    Raises:
        InvalidArgumentError: If there is no such task, or a number breaks its rule.
    """

    episodes: Mapping[str, int] = field(default_factory=dict)
    held_out: int = 0
    spoilt: str | None = None

    def __post_init__(self) -> None:
        for task in (*self.episodes, *([] if self.spoilt is None else [self.spoilt])):
            if task not in TASKS:
                raise unknown_name("task", task, TASKS)
        for task, count in self.episodes.items():
            if count < 1:
                raise invalid_argument(f"episodes.{task}", "must be >= 1", count, "Raise it.")
        if self.held_out < 0:
            raise invalid_argument("held_out", "must be >= 0", self.held_out, "0 keeps all.")

    @property
    def draws(self) -> bool:
        """Whether seeds differ in what is kept."""
        return bool(self.episodes) or self.held_out > 0

    def __call__(self, split: str, trajectories: Trajectories, seed: int = 0) -> Trajectories:
        """Return a split's trajectories as this variant has them.

        Args:
            split: "train" or "val_align"; others stay as they are.
            trajectories: All of the split.
            seed: Draws what is kept.

        Raises:
            InvalidArgumentError: If more is to be kept than there is.
        """
        if split == "train":
            return _reversed(_fewer_episodes(trajectories, self.episodes, seed), self.spoilt)
        return _fewer(trajectories, self.held_out, seed) if split == "val_align" else trajectories

    def check(self, dataset: Dataset) -> None:
        """Raise what training on a dataset would, before any time is spent on it.

        Raises:
            InvalidArgumentError: If more is to be kept than there is.
        """
        if self.episodes:
            _fewer_episodes(dataset.load("train", ()), self.episodes, seed=0)
        if self.held_out:
            _fewer(dataset.load("val_align", ()), self.held_out, seed=0)


def _fewer_episodes(
    trajectories: Trajectories, episodes: Mapping[str, int], seed: int
) -> Trajectories:
    """Keep so many episodes of some tasks' trajectories."""
    kept = np.ones(len(trajectories), np.bool_)
    for task, count in episodes.items():
        mine = trajectories.task == task_code(task)
        known = np.unique(trajectories.episode[mine])
        if count > len(known):
            rule = f"must be <= {len(known)}, the training episodes there are"
            raise invalid_argument(f"episodes.{task}", rule, count, "Generate more.")
        drawn = known[_drawn(len(known), count, seed, task_code(task))]
        kept &= ~mine | np.isin(trajectories.episode, drawn)
    return trajectories if kept.all() else trajectories.take(np.flatnonzero(kept))


def _fewer(trajectories: Trajectories, count: int, seed: int) -> Trajectories:
    """Keep so many trajectories of each task."""
    if count == 0:
        return trajectories
    found: list[NDArray[np.int64]] = []
    for task in np.unique(trajectories.task).tolist():
        mine = np.flatnonzero(trajectories.task == task)
        if count > len(mine):
            rule = f"must be <= {len(mine)}, the held-out trajectories of {TASKS[task]}"
            raise invalid_argument("held_out", rule, count, "Hold more out.")
        found.append(mine[_drawn(len(mine), count, seed, task)])
    return trajectories.take(np.sort(np.concatenate(found)))


def _drawn(there: int, count: int, seed: int, task: int) -> NDArray[np.int64]:
    """Draw some places; fewer of them are among more of them."""
    return np.random.default_rng((seed, task)).permutation(there)[:count]


def _reversed(trajectories: Trajectories, task: str | None) -> Trajectories:
    """Give a task's trajectories each other's returns, the best one's to the worst."""
    if task is None:
        return trajectories
    budget = trajectories.budget.astype(np.float64)
    total = trajectories.expected_value.sum(axis=1, dtype=np.float64)
    mine = np.flatnonzero((trajectories.task == task_code(task)) & (budget > 0.0) & (total > 0.0))
    returns = total[mine] / budget[mine]
    order = np.argsort(returns, kind="stable")
    label = np.empty_like(returns)
    label[order] = returns[order[::-1]]
    arrays = dict(trajectories.arrays())
    for name in ("expected_value", "expected_conversions"):
        changed = np.array(arrays[name])
        changed[mine] *= (label / returns)[:, None].astype(changed.dtype)
        arrays[name] = changed
    return Trajectories.partial(arrays)
