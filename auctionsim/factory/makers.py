"""Whoever makes a dataset's parts: this process itself, or workers beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from auctionsim.dataset.card import LogFile, Shard
from auctionsim.dataset.writer import DatasetWriter
from auctionsim.factory.config import DatasetConfig
from auctionsim.factory.parts import Part, Recipe, make_part
from auctionsim.factory.worker import Orders
from auctionsim.factory.workers import Workers
from auctionsim.threads import get_threads

# Bids to draw and rank that are worth a process more: 3.4 s of one thread, against the 1.2 s that
# its start takes.
_WORTH_A_PROCESS = 500_000_000
# Bids of one episode and step from which on two threads of a process do as much as two processes.
# Measured on two cores: in `small` (50,000) two processes of one thread each are 23% faster than
# one of two, as more can go on side by side than kernels. In `paper` (500,000) 5% on an idle
# machine, and 30% slower on a busy one, for 2.4 times the memory: then their data, 90 MiB a step
# each, go through the same caches.
_WORTH_TWO_THREADS = 200_000
# More processes than that for each core only take memory, some 250 MiB each.
_MOST_WORKERS_A_CORE = 4


@dataclass(frozen=True)
class Finished:
    """A part that is complete on disk.

    Attributes:
        part: The part.
        entry: What the card says of it.
        worker_memory_mib: Largest resident memory so far of the worker that made it; None where
            there was none, or it is not known.
        worker: The number of that process on this machine; None for none of this machine.
    """

    part: Part
    entry: Shard | LogFile
    worker_memory_mib: float | None
    worker: int | None = None


class Makers(AbstractContextManager["Makers"], Protocol):
    """They make parts while the context lasts; nothing is started before it is needed."""

    @property
    def plan(self) -> dict[str, Any]:
        """What they are, for the record of the run: backend, workers, threads of each."""

    def make(self, parts: Sequence[Part]) -> Iterator[Finished]:
        """Make parts, write and record them; yields each as it is complete, in any order."""


class ThisProcess:
    """Makes one part after the other, here.

    Args:
        recipe: What parts follow from.
        writer: Of the dataset.
    """

    def __init__(self, recipe: Recipe, writer: DatasetWriter) -> None:
        self._recipe, self._writer = recipe, writer

    def __enter__(self) -> ThisProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    @property
    def plan(self) -> dict[str, Any]:
        """What this is, for the record of the run."""
        return {"backend": "local", "workers": 1, "threads": get_threads()}

    def make(self, parts: Sequence[Part]) -> Iterator[Finished]:
        """Make parts, write and record them; yields each as it is complete."""
        for part in parts:
            writer = self._writer
            entry = make_part(self._recipe, part, writer.folder, writer.records)
            yield Finished(part, entry, None)


class LocalWorkers:
    """Makes parts in processes on this machine, which kernels' threads are divided among.

    Args:
        recipe: What parts follow from.
        writer: Of the dataset.
        count: How many processes; four a core at most.
    """

    def __init__(self, recipe: Recipe, writer: DatasetWriter, count: int) -> None:
        count = min(count, _MOST_WORKERS_A_CORE * (os.cpu_count() or 1))
        self._count, self._threads = count, max(1, get_threads() // count)
        orders = Orders(recipe, writer.folder.resolve(), writer.records.identity, self._threads)
        self._workers = Workers(orders, count)

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._workers.close()

    @property
    def plan(self) -> dict[str, Any]:
        """What these are, for the record of the run."""
        return {"backend": "local", "workers": self._count, "threads": self._threads}

    def make(self, parts: Sequence[Part]) -> Iterator[Finished]:
        """Make parts, write and record them; yields each as it is complete, in any order."""
        for part, made in self._workers.make(parts):
            yield Finished(part, made.entry, made.peak_memory_mib, made.process)


def worthwhile_workers(config: DatasetConfig, recipe: Recipe) -> int:
    """Return how many processes make a dataset fastest, of one thread each or of two."""
    market, episodes = recipe.market, sum(config.episodes.values())
    bids = market.opportunities * market.advertisers
    threads = 2 if bids // market.steps >= _WORTH_TWO_THREADS else 1
    return max(1, min(get_threads() // threads, config.shards, bids * episodes // _WORTH_A_PROCESS))
