"""Plays a study's runs in processes side by side, each run once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import active_children, get_context
from pathlib import Path

from tqdm import tqdm

from auctionsim.errors import AuctionSimError, invalid_argument
from vao.experiment import Experiment
from vao.reproduce.plan import Run

__all__ = ["Task", "run_all"]

Worker = Callable[["Task"], object]


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
    """
    if jobs < 1:
        raise invalid_argument("jobs", "must be >= 1", jobs, "Leave it out for one a core.")
    failed: dict[str, str] = {}
    if not tasks:
        return failed
    context = get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks)), context, one_thread) as pool:
        waiting: dict[Future[object], Task] = {pool.submit(worker, task): task for task in tasks}
        try:
            done = as_completed(waiting)
            bar = tqdm(done, title, total=len(waiting), unit="run", disable=not progress)
            for future in bar:
                task = waiting[future]
                bar.set_postfix_str(task.run.label, refresh=False)
                error = future.exception()
                if isinstance(error, AuctionSimError | ArithmeticError):
                    failed[task.run.label] = str(error)
                elif error is not None:
                    raise error
        except BaseException:
            # What runs is given up: a run writes its files at its end, whole or not at all.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.terminate()
            raise
    return failed


def one_thread() -> None:
    """Keep a process to one thread: processes that share cores would wait for each other's."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    import torch

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
