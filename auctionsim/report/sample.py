"""The trajectories a dataset's page is drawn from: whole episodes, evenly spaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.card import Card
from auctionsim.dataset.reader import Dataset
from auctionsim.dataset.schema import COLUMNS, Trajectories
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS

__all__ = ["LARGEST_SAMPLE", "Sample", "draw_sample", "evenly"]

LARGEST_SAMPLE = 20_000
GIVEN = "the market's reference price"
MEDIAN = "the median multiplier in the data"

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """Trajectories with what the page needs to know of their dataset.

    Attributes:
        trajectories: n of them, all columns.
        episode: (n,) int64. Index of the episode, apart by split.
        features: Names of the state features, in order.
        reference_price: Multiplier that scales a bcb campaign's actions, None to take the median.
        of: Trajectories in the whole dataset.
    """

    trajectories: Trajectories
    episode: NDArray[np.int64]
    features: tuple[str, ...]
    reference_price: float | None
    of: int

    def __len__(self) -> int:
        return len(self.trajectories)

    @property
    def steps(self) -> int:
        """Steps of every trajectory, T."""
        return int(self.trajectories.action.shape[1])

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks it holds, in the order of `TASKS`."""
        return tuple(TASKS[code] for code in np.unique(self.trajectories.task))

    def of_task(self, task: str) -> NDArray[np.int64]:
        """Return the places of a task's trajectories."""
        return np.flatnonzero(self.trajectories.task == TASKS.index(task))

    def feature(self, name: str) -> FloatArray | None:
        """Return a state feature at the start of each step, (n, T); None if there is none so named.

        Values that are not finite are nan.
        """
        if name not in self.features:
            return None
        return _finite(self.trajectories.state[:, :, self.features.index(name)])

    def last_feature(self, name: str) -> FloatArray | None:
        """Return a state feature after the last step, (n,), otherwise as `feature`."""
        if name not in self.features:
            return None
        return _finite(self.trajectories.final_state[:, self.features.index(name)])

    @cached_property
    def reference(self) -> FloatArray:
        """Multiplier around which a trajectory's actions are scaled, (n,); nan where unknown.

        It is the CPA target, 1 / ROAS target, or for bcb the market's reference price.
        """
        data = self.trajectories
        result = np.full(len(data), np.nan)
        result[data.task == CPA_MCB] = data.cpa_target[data.task == CPA_MCB]
        roas = data.roas_target[data.task == TARGET_ROAS].astype(np.float64)
        with np.errstate(divide="ignore"):
            result[data.task == TARGET_ROAS] = 1.0 / roas
        bcb = data.task == BCB
        result[bcb] = self._bcb_reference(data.action[bcb & data.active.any(axis=1)])
        return np.where(np.isfinite(result) & (result > 0), result, np.nan)

    @property
    def reference_source(self) -> str:
        """What a bcb campaign's actions are divided by, in words."""
        return MEDIAN if self.reference_price is None else GIVEN

    def _bcb_reference(self, actions: NDArray[np.float32]) -> float:
        if self.reference_price is not None:
            return self.reference_price
        usable = actions[np.isfinite(actions) & (actions > 0)]
        return float(np.median(usable)) if usable.size else float("nan")

    @cached_property
    def relative_action(self) -> FloatArray:
        """Multiplier over reference, (n, T); nan where the seat was inactive or it is unknown."""
        data = self.trajectories
        with np.errstate(invalid="ignore", over="ignore"):
            ratio = data.action.astype(np.float64) / self.reference[:, None]
        return np.where(data.active & np.isfinite(ratio), ratio, np.nan)


def draw_sample(
    dataset: Dataset,
    then: Callable[[str, Trajectories], object] = lambda split, part: None,
    largest: int = LARGEST_SAMPLE,
) -> Sample:
    """Read a dataset and keep whole episodes, evenly spaced, of each split in proportion.

    Memory grows with the sample and the largest shard, not with the dataset.

    Args:
        dataset: The dataset.
        then: Called with a split's name and the trajectories of each of its shards, in order,
            before they are let go.
        largest: Most trajectories to keep.
    """
    total = sum(shard.rows for shard in dataset.card.shards)
    places, episodes, offset = {}, [], 0
    for split in dataset.splits:
        names, index = np.unique(dataset.load(split, columns=()).episode, return_inverse=True)
        room = max(1, largest * len(index) // max(total, 1))
        places[split] = _whole_episodes(index, len(names), room)
        episodes.append(index[places[split]].astype(np.int64) + offset)
        offset += len(names)
    return Sample(
        trajectories=_gather(dataset, places, then),
        episode=np.concatenate(episodes),
        features=dataset.card.features,
        reference_price=_reference_price(dataset.card),
        of=total,
    )


def _gather(
    dataset: Dataset,
    places: Mapping[str, NDArray[np.int64]],
    then: Callable[[str, Trajectories], object],
) -> Trajectories:
    """Read all shards one by one; returns the trajectories at these places of each split."""
    count = sum(map(len, places.values()))
    kept = {name: np.empty(dataset.shape(name, count), kind) for name, kind in COLUMNS.items()}
    filled = 0
    for split, wanted in places.items():
        stop = 0
        for shard in dataset.shards(split):
            part = Trajectories.partial(dataset.read_shard(shard, tuple(COLUMNS)))
            then(split, part)
            start, stop = stop, stop + shard.rows
            first, last = np.searchsorted(wanted, (start, stop))
            here = wanted[first:last] - start
            for name, array in part.arrays().items():
                kept[name][filled : filled + len(here)] = array[here]
            filled += len(here)
    return Trajectories.partial(kept)


def evenly(count: int, wanted: int) -> NDArray[np.int64]:
    """Return at most `wanted` of the places 0 .. count - 1, evenly spaced."""
    if wanted >= count:
        return np.arange(count)
    return np.arange(wanted) * count // max(wanted, 1)


def _whole_episodes(index: NDArray[np.int64], count: int, room: int) -> NDArray[np.int64]:
    """Return the places of the trajectories to keep; one episode that is too large is thinned."""
    if len(index) <= room:
        return np.arange(len(index))
    kept = np.flatnonzero(np.isin(index, evenly(count, max(1, room * count // len(index)))))
    return kept[evenly(len(kept), room)]


def _reference_price(card: Card) -> float | None:
    """Return the market's reference price where the card tells it."""
    found: Any = card.config
    for name in ("market", "campaigns", "reference_price"):
        found = found.get(name) if isinstance(found, Mapping) else None
    usable = isinstance(found, (int, float)) and not isinstance(found, bool)
    return float(found) if usable and np.isfinite(found) and found > 0 else None


def _finite(values: NDArray[np.float32]) -> FloatArray:
    wide = values.astype(np.float64)
    return np.where(np.isfinite(wide), wide, np.nan)
