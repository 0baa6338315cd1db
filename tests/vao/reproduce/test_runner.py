"""Runs in processes side by side: one thread each, faults apart, nothing left running."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auctionsim.errors import AuctionSimError, InvalidArgumentError
from tests.vao.reproduce.small import Small
from tests.vao.reproduce.workers import BUGGY, DYING, FAILING, note
from vao.reproduce.run import Run
from vao.reproduce.runner import Task, experiment_of, run_all
from vao.reproduce.variants import DataVariant


def _tasks(folder: Path, *rows: str) -> list[Task]:
    return [Task(Run(row, 0, "toy", DataVariant(), None), folder, folder) for row in rows]


def test_no_tasks_need_no_processes(tmp_path: Path) -> None:
    assert run_all([], note, 1, title="none") == {}


@pytest.mark.parametrize("jobs", [0, -1])
def test_some_process_must_play(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(InvalidArgumentError, match="`jobs` must be >= 1"):
        run_all(_tasks(tmp_path, "a"), note, jobs, title="none")


def test_a_run_that_fails_leaves_the_others_to_go_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = dict(os.environ)
    rows = ("a", FAILING, "b", "c")
    failed = run_all(_tasks(tmp_path, *rows), note, 2, title="some", progress=False)
    assert failed == {"fails-0": "the gradient is not finite"}
    told = [json.loads((tmp_path / f"{row}-0.json").read_text()) for row in "abc"]
    assert {tuple(one["threads"]) for one in told} == {(1, 1, 1)}
    assert {one["blas"] for one in told} == {"1"}
    assert os.getpid() not in {one["process"] for one in told}
    assert dict(os.environ) == environment
    assert not multiprocessing.active_children()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("row", "error", "named"),
    [(BUGGY, TypeError, "a fault of the program"), (DYING, AuctionSimError, "memory ran out")],
)
def test_what_is_no_fault_of_a_run_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, error: type[Exception], named: str
) -> None:
    monkeypatch.setattr(os, "waitpid", _waitpid_that_other_threads_win)
    with pytest.raises(error, match=named):
        run_all(_tasks(tmp_path, row, "a"), note, 1, title="some", progress=False)
    assert not multiprocessing.active_children()


def _waitpid_that_other_threads_win(
    process: int, options: int, *, waitpid: Callable[[int, int], tuple[int, int]] = os.waitpid
) -> tuple[int, int]:
    """On a busy machine a pool's thread may learn of an end and be slow to note it."""
    first = threading.current_thread() is threading.main_thread()
    time.sleep(0.2 if first else 0.0)
    ended = waitpid(process, options)
    time.sleep(1.0 if ended[0] and not first else 0.0)
    return ended


def test_a_process_opens_a_dataset_once(small: Small) -> None:
    one = experiment_of(small.folder / "data")
    assert experiment_of(small.folder / "data") is one
