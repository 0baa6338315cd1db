"""Trajectories by task and bidder, the groups that a dataset's page compares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.sample import Sample

__all__ = ["MOST_BIDDERS", "OTHERS", "Group", "bidder_names", "groups_of"]

MOST_BIDDERS = 7
OTHERS = "all others"


@dataclass(frozen=True, eq=False)
class Group:
    """Trajectories that are shown together.

    Attributes:
        task: Name of the task.
        bidder: Name of the bidder; None for all trajectories of the task.
        places: Places of the trajectories in the sample.
    """

    task: str
    bidder: str | None
    places: NDArray[np.int64]


def bidder_names(sample: Sample) -> list[str]:
    """Return the bidders shown by name, the most frequent ones, in alphabetical order."""
    names, counts = np.unique(sample.trajectories.bidder.astype(str), return_counts=True)
    most = np.argsort(-counts, kind="stable")
    if len(names) > MOST_BIDDERS:
        most = most[: MOST_BIDDERS - 1]
    return sorted(names[most].tolist())


def groups_of(sample: Sample) -> list[Group]:
    """Return all of each task, followed by its bidders; rare bidders are put together."""
    shown = bidder_names(sample)
    names = sample.trajectories.bidder.astype(str)
    result = []
    for task in sample.tasks:
        places = sample.of_task(task)
        result.append(Group(task, None, places))
        for bidder in [*shown, OTHERS]:
            chosen = ~np.isin(names, shown) if bidder == OTHERS else names == bidder
            if (own := places[chosen[places]]).size:
                result.append(Group(task, bidder, own))
    return result
