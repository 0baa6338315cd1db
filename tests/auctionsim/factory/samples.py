"""A small dataset, its folder's bytes, and commands that make it in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from auctionsim.factory.config import DatasetConfig
from auctionsim.market import MarketConfig
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import world, write_world

COUNTS = {"train": 5, "val_align": 1, "val_select": 1, "test": 2}
SMALL = world(opportunities=200, steps=3)
_ROOT = Path(__file__).parents[3]
_MAIN = "import sys; from auctionsim.cli import main; sys.exit(main())"


def config_in(folder: Path, market: MarketConfig = SMALL, **changes: Any) -> DatasetConfig:
    """Write a market into a folder and return a dataset config for it: 6 shards."""
    settings: dict[str, Any] = {"episodes": dict(COUNTS), "seed": 11, "shard_episodes": 2} | changes
    return DatasetConfig("toy", write_world(folder, market), **settings)


def write_lineup(folder: Path, bidder: str) -> str:
    """Write a line-up of one bidder and return its path."""
    shares = "".join(f"  {task}: {{'{bidder}': 1}}\n" for task in TASKS)
    path = folder / "own.yaml"
    path.write_text(f"name: own\nbidders:\n{shares}")
    return str(path)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of everything that makes a dataset what it is."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def write_config(folder: Path, **changes: Any) -> str:
    """Write a dataset config as YAML, with its market beside it, and return its path."""
    write_world(folder, SMALL)
    settings: dict[str, Any] = {
        "name": "toy",
        "market": str(folder / "world.yaml"),
        "episodes": str(COUNTS).replace("'", ""),
        "seed": 11,
        "shard_episodes": 1,
    }
    path = folder / "toy.yaml"
    path.write_text("".join(f"{n}: {v}\n" for n, v in (settings | changes).items()))
    return str(path)


def environment() -> dict[str, str]:
    """Return what a command of its own process is started with."""
    return os.environ | {"PYTHONPATH": str(_ROOT), "NUMBA_NUM_THREADS": "2"}


def start(*arguments: str, group: bool = False) -> subprocess.Popen[str]:
    """Start `auctionsim generate`, if wanted as the head of a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", _MAIN, "generate", *arguments],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=group,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a command; returns its exit code and what it said on standard error."""
    try:
        _, said = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return process.returncode, said


def run(*arguments: str) -> tuple[int, str]:
    """Run `auctionsim generate`; returns its exit code and what it said on standard error."""
    return finish(start(*arguments))


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.005)


def children(process: int) -> set[int]:
    """Return the processes that a process started and that still live."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == process and fields[0] != "Z":
                found.add(int(entry.name))
    return found


def living(processes: set[int]) -> set[int]:
    """Return those of some processes that live."""
    alive = set()
    for process in processes:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            alive.add(process)
    return alive


def kill(process: int) -> None:
    """End a process the hard way; it may have ended already."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
