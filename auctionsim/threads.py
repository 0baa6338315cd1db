"""How kernels are spread over threads: cells of work, taken from a common counter.

The calling thread works too, and waits for nobody who has not begun. So a call costs little more
than its own work where the other cores are busy elsewhere, unequal cells balance themselves, and
calls from several threads, or from a process that was forked, are safe. What a cell computes must
not depend on who takes it, and when.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import numpy as np
from numba import config, njit

from auctionsim.errors import invalid_argument
from auctionsim.intrinsics import fetch_add

# Below this much work, in bids to draw or rank, a second thread costs more than it saves.
WORTH_A_THREAD = 50_000

_chosen: int | None = None


def get_threads() -> int:
    """Return how many threads kernels use: by default, as many as Numba would."""
    default: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    return default if _chosen is None else _chosen


def set_threads(threads: int | None) -> None:
    """Set how many threads kernels use at most, in the whole process; None for the default.

    Raises:
        InvalidArgumentError: If `threads` is not a whole number from 1 to 1024.
    """
    global _chosen
    whole = isinstance(threads, int | np.integer) and not isinstance(threads, bool)
    if threads is not None and not (whole and 1 <= threads <= 1024):
        rule = "must be a whole number from 1 to 1024, or None"
        raise invalid_argument("threads", rule, threads, "Give the number of cores to use.")
    _chosen = None if threads is None else int(threads)


@contextmanager
def use_threads(threads: int | None) -> Iterator[None]:
    """Set how many threads kernels use in this process inside a `with` block."""
    before = _chosen
    set_threads(threads)
    try:
        yield
    finally:
        set_threads(before)


@njit(nogil=True)
def next_cell(counter):  # type: ignore[no-untyped-def]
    """Take the next cell of work: 0, 1, 2, ... over all threads that share the counter."""
    return fetch_add(counter, 1)


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="auctionsim")


if hasattr(os, "register_at_fork"):  # a forked process has the pool, but not its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def threads_worth(work: int) -> int:
    """Return how many threads some work is worth, given in bids to draw or rank."""
    return min(get_threads(), max(1, work // WORTH_A_THREAD))


def share(kernel: Callable[..., Any], cells: int, work: int, *arguments: Any) -> None:
    """Run a kernel on several threads, or on this one alone where that is faster.

    Args:
        kernel: A compiled function of (counter, *arguments) that releases the GIL and works on the
            cells it takes with `next_cell(counter)` until there are no more.
        cells: How many cells there are.
        work: Bids to draw or rank in all, a measure of the time it takes.
        arguments: Passed on.
    """
    counter = np.zeros(1, np.int64)
    helpers: list[Future[Any]] = []
    try:
        for _ in range(min(threads_worth(work), cells) - 1):
            with suppress(RuntimeError):  # no thread to be had, as when the program ends
                helpers.append(_pool(get_threads()).submit(kernel, counter, *arguments))
        kernel(counter, *arguments)
    finally:
        _wait_for(helpers)


def _wait_for(helpers: list[Future[Any]]) -> None:
    """Wait for those who have begun, however this thread was disturbed; raise what they raised."""
    # Who has not begun is not needed any more; who has finishes its cell.
    begun = [helper for helper in helpers if not helper.cancel()]
    try:
        wait(begun)
    finally:
        wait(begun)  # again after Ctrl-C: nobody may write into arrays of a step broken off
    for helper in begun:
        helper.result()
