"""The parts of the data that are tasks of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auctionsim.dataset import Trajectories
from auctionsim.tasks import TASKS
from vao.dividing import Division

__all__ = ["Part", "divide_up", "of_tasks"]


@dataclass(frozen=True)
class Part:
    """One task's part of the data.

    Attributes:
        name: What it is called in records.
        task: Code of its kind, whose condition its samples are relabelled with.
        division: What it is a group of; None for a kind of task as a whole.
        group: Its place there.
    """

    name: str
    task: int
    division: Division | None = None
    group: int = 0

    def of(self, trajectories: Trajectories) -> Trajectories:
        """Return the trajectories that belong to it."""
        if self.division is None:
            return of_tasks(trajectories, (self.task,))
        own = of_tasks(trajectories, (self.task,))
        return own.take(np.flatnonzero(self.division.assign(own) == self.group))


def divide_up(training: Trajectories, groups: int) -> list[Part]:
    """Return the parts of training data: the kinds of tasks, or finer groups of them.

    Args:
        training: The data.
        groups: How many (see `vao.dividing.Division.fit`); 0 for the kinds.

    Raises:
        InvalidArgumentError: If the data cannot be divided into so many.
    """
    if groups == 0:
        return [Part(TASKS[task], task) for task in np.unique(training.task).tolist()]
    division = Division.fit(training, groups)
    return [Part(g.name, g.task, division, place) for place, g in enumerate(division.groups)]


def of_tasks(trajectories: Trajectories, tasks: Sequence[int]) -> Trajectories:
    """Return the trajectories of some tasks; all as they are if there are no others."""
    mine = np.isin(trajectories.task, list(tasks))
    return trajectories if mine.all() else trajectories.take(np.flatnonzero(mine))
