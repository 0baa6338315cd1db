"""Several processes that train together, against one with the same total batch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from auctionsim.tasks import TASKS
from tests.vao.training.runs import run, toy_config, weights_of
from vao.config import METHODS
from vao.team import SOLO, Team, join_team, leave_team, own_device
from vao.training.checkpoint import CARD

ROOT = Path(__file__).resolve().parents[2]


class Pair(NamedTuple):
    """Samples of two tensors."""

    left: Tensor
    right: Tensor


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_shares_lose_no_sample_and_repeat_none(size: int) -> None:
    pair = Pair(torch.arange(7), torch.arange(14).reshape(7, 2))
    parts = [Team(rank, size).share(pair) for rank in range(size)]
    assert sorted(torch.cat([part.left for part in parts]).tolist()) == list(range(7))
    for part in parts:
        assert isinstance(part, Pair)
        assert part.right.tolist() == [[2 * i, 2 * i + 1] for i in part.left.tolist()]


def test_alone_nothing_is_exchanged() -> None:
    tensor = torch.tensor([1.0, 2.0])
    assert SOLO.add_up(tensor) is tensor
    assert SOLO.tell([0.1], "cpu") == [0.1]
    assert SOLO.leads
    assert not Team(1, 2).leads


def test_without_torchrun_a_process_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (None, "1"):
        monkeypatch.delenv("WORLD_SIZE", raising=False)
        if size:
            monkeypatch.setenv("WORLD_SIZE", size)
        assert join_team("cpu") == SOLO
    leave_team()  # there is none to leave


def test_each_process_of_a_team_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert (own_device("cuda"), own_device("cuda:3")) == ("cuda:0", "cuda:3")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert (own_device("cuda"), own_device("cuda:3"), own_device("cpu")) == (
        "cuda:1",
        "cuda:3",
        "cpu",
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _processes(size: int, arguments: list[str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Start a team by hand, as torchrun would."""
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "WORLD_SIZE": str(size),
        "OMP_NUM_THREADS": "1",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.vao.team_script", *arguments],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _read(folder: Path) -> tuple[list[dict[str, Any]], list[list[Tensor]]]:
    """What each process left: its report, and its weights."""
    reports = [json.loads(path.read_text()) for path in sorted(folder.glob("report-*.json"))]
    weights = []
    for path in sorted(folder.glob("weights-*.safetensors")):
        tensors = load_file(path)
        weights.append([tensors[str(i)] for i in range(len(tensors))])
    return reports, weights


def _check_like_one(folder: Path, method: Any) -> None:
    """Compare what two processes left with a run of one."""
    told: list[dict[str, Any]] = []
    seen = []

    def score(policy: Any) -> dict[str, float]:
        seen.append(policy)
        return {task: float(len(seen)) + 0.1 for task in TASKS}

    options: dict[str, Any] = {"select": score, "record": told.append}
    result = run(toy_config(method=method, batch=12, steps=6, ema=0.5), **options)
    reports, weights = _read(folder)
    assert [report["rank"] for report in reports] == [0, 1]
    # Only the leader scores, records and saves; both know what was found.
    assert [report["scored"] for report in reports] == [len(seen), 0]
    assert reports[0]["told"] == reports[0]["history"] == reports[1]["history"]
    assert reports[1]["told"] == []
    assert all(report["taken up"] for report in reports)
    assert (folder / "run" / CARD).is_file()
    for one, other in zip(result.history, reports[0]["history"], strict=True):
        for key, value in other.items():
            if key == "losses":
                assert value == pytest.approx(one[key], rel=1e-5)
            elif key in ("alignment", "weights", "noise", "conflicts"):
                torch.testing.assert_close(
                    torch.tensor(value), torch.tensor(one[key]), rtol=1e-4, atol=1e-5
                )
            else:
                assert value == one[key]
    for mine in weights:
        assert all(map(torch.equal, mine, weights[0]))
        torch.testing.assert_close(mine, weights_of(result.policy), rtol=1e-5, atol=1e-5)


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    methods = ["naive", "vao"]
    with _processes(2, [str(tmp_path), *methods]) as started:
        for process in started:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
    for method in methods:
        _check_like_one(tmp_path / method, method)


@pytest.mark.slow
def test_two_processes_of_torchrun_train_as_one(tmp_path: Path) -> None:
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [sys.executable, *launch, "-m", "tests.vao.team_script", str(tmp_path), *METHODS]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    for method in METHODS:
        _check_like_one(tmp_path / method, method)
