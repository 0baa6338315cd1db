"""Plays a study's runs in processes side by side, each run once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import active_children, get_context
from pathlib import Path

from tqdm import tqdm

from auctionsim.errors import AuctionSimError, describe, invalid_argument
from auctionsim.stopping import signals_held_back
from vao.experiment import Experiment
from vao.reproduce.run import Run

__all__ = ["Task", "run_all"]

Worker = Callable[["Task"], object]

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Read by libraries when they load."""


@dataclass(frozen=True)
class Task:
    """A run to play in some process.

    Attributes:
        run: What to play.
        data: Folder of its dataset.
        folder: Where its files go.
    """

    run: Run
    data: Path
    folder: Path


def run_all(
    tasks: Sequence[Task], worker: Worker, jobs: int, *, title: str, progress: bool = True
) -> dict[str, str]:
    """Play all tasks, so many at a time, each with one thread.

    A task that fails leaves the others to go on. Interrupted, it stops at once; what was finished
    stays, and what was not begins anew the next time.

    Args:
        tasks: What to play, in order.
        worker: Plays one; a function of a module, since other processes import it.
        jobs: Processes.
        title: Of the progress bar, which tells the time left.
        progress: Whether to show it.

    Returns:
        What went wrong, by the run's label.

    Raises:
        InvalidArgumentError: If there is no process to play in.
        AuctionSimError: If a process was ended from outside, for want of memory perhaps.
    """
    if jobs < 1:
        raise invalid_argument("jobs", "must be >= 1", jobs, "Leave it out for one a core.")
    if not tasks:
        return {}
    others = active_children()
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), get_context("spawn"), begin_process)
    try:
        # Processes start as tasks are handed in. Ctrl-C is for this one alone, which ends them.
        with signals_held_back(), _one_thread():
            waiting: dict[Future[object], Task] = {pool.submit(worker, t): t for t in tasks}
        failed = _collect(waiting, title, progress)
    except BaseException as error:
        # What runs is given up: a run writes its files at its end, whole or not at all.
        for process in active_children():
            if process not in others:
                process.terminate()
        # Only the pool's own thread waits for them: two that wait for one process, and who
        # comes second takes it to be alive.
        pool.shutdown(cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise _ended() from None
        raise
    pool.shutdown()
    return failed


def _collect(waiting: Mapping[Future[object], Task], title: str, progress: bool) -> dict[str, str]:
    """Wait for all; returns what went wrong, and raises what is no fault of a run alone."""
    failed: dict[str, str] = {}
    bar = tqdm(
        as_completed(waiting), title, total=len(waiting), unit="run", disable=not progress
    )  # fmt: skip
    for future in bar:
        label = waiting[future].run.label
        bar.set_postfix_str(label, refresh=False)
        error = future.exception()
        if isinstance(error, AuctionSimError | ArithmeticError):
            failed[label] = str(error)
        elif error is not None:
            raise error
    return failed


def _ended() -> AuctionSimError:
    mend = (
        "What was finished is kept: give the same command again; with fewer --jobs, if memory ran "
        'out. A script must do its work under `if __name__ == "__main__":`.'
    )
    return AuctionSimError(describe("jobs", "must not be ended while they play", "one was", mend))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have processes begin with one thread each: they would wait for each other's."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def begin_process() -> None:
    """Keep a process to one thread, and end it when the one that started it is gone."""
    import threading

    import torch

    from auctionsim.factory.worker import end_with_parent
    from auctionsim.threads import set_threads

    end_with_parent()
    # Its own lock is shared by processes, and is left behind where they are ended.
    tqdm.set_lock(threading.RLock())
    set_threads(1)
    torch.set_num_threads(1)


@lru_cache(maxsize=1)
def experiment_of(data: Path) -> Experiment:
    """Open a dataset once in this process, with what is recorded of its opponents."""
    from vao.reproduce.play import open_experiment

    return open_experiment(data)


def play_task(task: Task) -> None:
    """Play a run; the worker of a study."""
    from vao.reproduce.play import play

    play(task.run, experiment_of(task.data), task.folder)
