"""One run of the factory: what is left to make is made, shown and counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from auctionsim.dataset.run_costs import peak_memory_mib
from auctionsim.dataset.writer import DatasetWriter
from auctionsim.factory.costs import Costs, as_entry, keep_costs
from auctionsim.factory.makers import Finished, Makers
from auctionsim.factory.parts import Part


class Run:
    """Has the parts made that a dataset lacks.

    Args:
        writer: Of the dataset.
        makers: Who make parts.
        progress: Whether to show progress with rate and time left.
        earlier: What runs before this one cost.
    """

    def __init__(
        self, writer: DatasetWriter, makers: Makers, progress: bool, earlier: Costs
    ) -> None:
        self._writer, self._makers, self._progress = writer, makers, progress
        self._earlier = earlier
        self._began = time.perf_counter()
        self._episodes, self._largest_worker = 0, 0.0
        self._peaks: dict[int, float] = {}

    def make(self, parts: Sequence[Part], what: str) -> None:
        """Make the parts that are not there, whole and unchanged.

        Args:
            parts: All parts of a kind.
            what: What is done, for the progress bar.
        """
        if not parts:
            return
        lacking = [part for part in parts if not self._writer.has(part.file)]
        total = sum(part.episodes for part in parts)
        done = total - sum(part.episodes for part in lacking)
        # Not smoothed, and only of what this run makes: parts come in bursts, and those that were
        # there before took no time.
        bar = tqdm(
            total=total, initial=done, desc=what, unit=" episode", smoothing=0.0,
            disable=not self._progress, dynamic_ncols=True,
        )  # fmt: skip
        with bar:
            for finished in self._makers.make(lacking):
                self._count(finished)
                bar.update(finished.part.episodes)

    @property
    def made(self) -> bool:
        """Whether anything was lacking."""
        return self._episodes > 0

    def costs(self) -> dict[str, Any]:
        """Return what the run cost, for `run.json`."""
        seconds = time.perf_counter() - self._began
        return (
            self._makers.plan
            | {
                "seconds": round(seconds, 3),
                "episodes": self._episodes,
                "episodes_per_second": round(self._episodes / seconds, 3),
                "peak_memory_mib": peak_memory_mib(),
                "largest_worker_memory_mib": self._largest_worker or None,
                "summed_peak_memory_mib": self._summed_peak(),
            }
            | as_entry(self._earlier + self._own_costs())
        )

    def _count(self, finished: Finished) -> None:
        self._writer.take(finished.entry)
        self._episodes += finished.part.episodes
        peak = finished.worker_memory_mib or 0.0
        self._largest_worker = max(self._largest_worker, peak)
        if finished.worker is not None:
            self._peaks[finished.worker] = peak
        keep_costs(self._writer.folder, self._earlier + self._own_costs())

    def _own_costs(self) -> Costs:
        seconds = round(time.perf_counter() - self._began, 3)
        return Costs(int(self.made), seconds, self._episodes, self._summed_peak())

    def _summed_peak(self) -> float | None:
        """Return the sum of the peaks of this process and of as many workers as live at once."""
        here = peak_memory_mib()
        # Of one that was ended another took the place, and the memory.
        beside = sorted(self._peaks.values(), reverse=True)[: self._makers.plan["workers"]]
        return None if here is None else round(here + sum(beside), 1)
