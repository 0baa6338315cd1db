"""The parts of the data that are tasks of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auctionsim.dataset import Trajectories
from auctionsim.tasks import TASKS

__all__ = ["Part", "divide_up", "of_tasks"]


@dataclass(frozen=True)
class Part:
    """One task's part of the data.

    Attributes:
        name: What it is called in records.
        task: Code of its kind, whose condition its samples are relabelled with.
    """

    name: str
    task: int

    def of(self, trajectories: Trajectories) -> Trajectories:
        """Return the trajectories that belong to it."""
        return of_tasks(trajectories, (self.task,))


def divide_up(training: Trajectories, groups: int) -> list[Part]:
    """Return the parts of training data: the kinds of tasks, or finer `groups` of them."""
    return [Part(TASKS[task], task) for task in np.unique(training.task).tolist()]


def of_tasks(trajectories: Trajectories, tasks: Sequence[int]) -> Trajectories:
    """Return the trajectories of some tasks; all as they are if there are no others."""
    mine = np.isin(trajectories.task, list(tasks))
    return trajectories if mine.all() else trajectories.take(np.flatnonzero(mine))
