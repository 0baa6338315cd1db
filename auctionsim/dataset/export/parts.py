"""What all exports share: which trajectories, read shard by shard, and a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auctionsim.dataset.reader import Dataset
from auctionsim.dataset.schema import Trajectories
from auctionsim.dataset.selection import Selection
from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import check_integer

_MOST = 2**31


@dataclass(frozen=True)
class ExportReport:
    """What an export did.

    Attributes:
        format: "minari" or "auctionnet".
        out: File or folder written.
        trajectories: Trajectories written.
        steps: Their steps in all.
        seconds: Wall time.
        bytes: Size of what was written; None for what went into a pipe.
        clipped_actions: Share of active steps whose multiplier lies beyond the action space and
            was brought to its edge; None where actions are multipliers.
        environment: Id of the environment that the data names as its own; None for none.
    """

    format: str
    out: str
    trajectories: int
    steps: int
    seconds: float
    bytes: int | None
    clipped_actions: float | None = None
    environment: str | None = None


@dataclass(frozen=True)
class Parts:
    """Chosen trajectories of a split, to be read shard by shard.

    Attributes:
        dataset: The dataset.
        split: One of its splits.
        rows: Places of the trajectories within the split, ascending; at least one.
        tasks: Codes of the tasks among them.
    """

    dataset: Dataset
    split: str
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    tasks: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, columns: Sequence[str]) -> Iterator[Trajectories]:
        """Read them, those of a shard at a time; shards without any are not read."""
        stop = 0
        for shard in self.dataset.shards(self.split):
            start, stop = stop, stop + shard.rows
            first, last = np.searchsorted(self.rows, (start, stop))
            if first < last:
                arrays = self.dataset.read_shard(shard, columns)
                here = self.rows[first:last] - start
                yield Trajectories.partial({name: a[here] for name, a in arrays.items()})


def choose(dataset: Dataset, split: str, selection: Selection | None, limit: int | None) -> Parts:
    """Choose trajectories of a split.

    Args:
        dataset: The dataset.
        split: One of its splits.
        selection: Which are wanted; all if None.
        limit: The most that are wanted: the first in order.

    Raises:
        InvalidArgumentError: For an unknown split or bidder, a limit below 1, or no trajectories.
        InvalidDataError: If a shard is missing, damaged, or not as the card says.
    """
    selection = selection or Selection()
    if limit is not None:
        limit = check_integer("limit", limit, 1, _MOST, "Leave it out for all.")
    known = dataset.load(split, columns=selection.columns)
    rows = selection.indices(known)[:limit]
    if not rows.size:
        rule = f"must leave some of the {len(known)} trajectories of {split}"
        raise invalid_argument("selection", rule, "none", "Widen it.")
    return Parts(dataset, split, rows, tuple(np.unique(known.task[rows]).tolist()))
