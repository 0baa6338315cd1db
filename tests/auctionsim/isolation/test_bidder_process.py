from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest

from auctionsim.errors import InvalidArgumentError
from auctionsim.isolation.bidder_process import BidderProcess, Stopped, packed
from auctionsim.isolation.calls import breach_in, calling, telling
from tests.auctionsim.worlds import Half, campaigns_of

SCRIPT = """
import sys, os, time
import numpy as np
from auctionsim.bidding import Bidder
from auctionsim.campaigns import Campaigns
from auctionsim.isolation import isolated_seating

class Mine(Bidder):
    def reset(self, campaign):
        super().reset(campaign)
        print("begun", os.getpid(), flush=True)
        {deed}

    def act(self, observation):
        return 1.0

def main():
    columns = {{name: np.ones(1) for name in ("budget", "cpa_target", "roas_target", "reference")}}
    numbers = {{name: np.zeros(1, np.int64) for name in ("advertiser", "category", "task")}}
    campaigns = Campaigns(**columns, **numbers, key=np.ones(1, np.uint64), steps=3)
    (player,) = isolated_seating(None)(Mine(), np.arange(1), campaigns, None)
    player.begin()
    player.close()
    print("done", flush=True)
"""
GUARDED = SCRIPT + "if __name__ == '__main__':\n    main()\n"
UNGUARDED = SCRIPT + "main()\n"


def alive(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds."""
    for _ in range(200):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def run(folder: Path, script: str, deed: str = "pass") -> subprocess.CompletedProcess[str]:
    path = folder / "script.py"
    path.write_text(script.format(deed=deed))
    return subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60)


def start(folder: Path, deed: str) -> tuple[subprocess.Popen[str], int]:
    """Start a script, like a terminal would; returns it, and its bidder's process's number."""
    path = folder / "script.py"
    path.write_text(GUARDED.format(deed=deed))
    process = subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    word, number = process.stdout.readline().split()
    assert word == "begun"
    return process, int(number)


def test_a_class_of_the_script_itself_may_play(tmp_path: Path) -> None:
    found = run(tmp_path, GUARDED)
    assert found.returncode == 0, found.stderr
    begun, done = found.stdout.splitlines()
    assert begun.startswith("begun ")
    assert done == "done"
    assert found.stderr == ""
    assert not alive(int(begun.split()[1]))


def test_a_script_without_a_guard_is_told_so_and_starts_nothing_twice(tmp_path: Path) -> None:
    found = run(tmp_path, UNGUARDED)
    assert found.returncode == 1
    assert found.stdout == ""
    last = found.stderr.splitlines()[-1]
    assert "`bidder` must be able to start in a process of its own; found 'an end with exit" in last
    assert 'do its work under `if __name__ == "__main__":`' in last
    assert "found 'a start of the script within its own start'" in found.stderr


def test_a_class_that_only_this_process_knows_is_named() -> None:
    script = GUARDED.format(deed="pass")
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 1
    last = found.stderr.splitlines()[-1]
    assert "must be able to start in a process of its own; found" in last
    assert "AttributeError: Can't get attribute 'Mine'" in last
    assert "Define its class at the top of a module that can be imported." in last
    assert found.stderr.count("Traceback") == 1  # ours; none of the new process


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("deed", ["time.sleep(60)", "while True: pass"])
def test_a_killed_parent_leaves_no_process(tmp_path: Path, deed: str) -> None:
    process, child = start(tmp_path, deed)
    assert alive(child)
    process.kill()
    process.communicate()
    assert gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_interrupt_ends_both_and_only_one_complains(tmp_path: Path) -> None:
    process, child = start(tmp_path, "while True: pass")
    os.killpg(process.pid, signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    assert gone(child)
    assert complaint.count("Traceback") == 1
    assert complaint.splitlines()[-1] == "KeyboardInterrupt"


def write_module(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(
        f"import multiprocessing, os, time\nfrom auctionsim.bidding import Bidder\n{text}\n"
        "class Mine(Bidder):\n"
        "    def act(self, observation): return 1.0\n"
    )


FAILURES = [
    ("raise OSError('no licence')", "OSError: no licence, failing_0.py line 3", "top of a module"),
    ("os._exit(9)", "an end with exit code 9", "__main__"),
    ("os.abort()", "an end by signal SIGABRT", "__main__"),
    ("time.sleep(60)", "nothing after 1 s", "in `reset`"),
]


@pytest.mark.parametrize("place", range(len(FAILURES)))
def test_a_bidder_that_does_not_start_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    text, found, mend = FAILURES[place]
    name = f"failing_{place}"
    write_module(tmp_path, name, f"if multiprocessing.parent_process() is not None: {text}")
    monkeypatch.syspath_prepend(tmp_path)
    if "sleep" in text:
        monkeypatch.setattr("auctionsim.isolation.bidder_process.START_SECONDS", 1.0)
    bidder = packed(__import__(name).Mine())
    with pytest.raises(InvalidArgumentError, match="must be able to start") as caught:
        BidderProcess(bidder)
    assert found in str(caught.value)
    assert mend in str(caught.value)
    assert multiprocessing.active_children() == []


def test_where_no_process_may_be_started_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon: Any = multiprocessing.current_process()
    monkeypatch.setitem(daemon._config, "daemon", True)
    with pytest.raises(InvalidArgumentError, match=r"daemonic processes are not.*main process"):
        BidderProcess(packed(Half()))


class Shared(Half):
    """Would travel in another way than by value, if it were asked how."""


def test_a_bidder_is_sent_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def reduce(thing: Shared) -> Any:
        raise AssertionError("shared")

    monkeypatch.setattr(ForkingPickler, "_extra_reducers", {Shared: reduce})
    assert len(packed(Shared())) > 0


def begin_call() -> bytes:
    return telling(campaigns_of(1)).encode() + calling("begin", 0).encode()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_answers_until_it_is_ended() -> None:
    process = BidderProcess(packed(Half()))
    assert breach_in(process.call(begin_call(), 60.0, 1000, "")) is None
    assert 0.0 < process.seconds < 60.0
    (child,) = [child.pid for child in multiprocessing.active_children()]
    assert child is not None
    assert alive(child)
    process.end()
    process.end()
    assert process.ended
    assert not alive(child)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_one_that_is_forgotten_is_ended() -> None:
    process = BidderProcess(packed(Half()))
    (child,) = [child.pid for child in multiprocessing.active_children()]
    assert child is not None
    del process
    gc.collect()
    assert not alive(child)


def test_one_that_is_killed_from_outside_is_a_breach() -> None:
    process = BidderProcess(packed(Half()))
    (child,) = multiprocessing.active_children()
    child.kill()
    with pytest.raises(Stopped, match="must not end its process; found an end by signal SIGKILL"):
        process.call(begin_call(), 60.0, 1000, "")
    assert process.ended


def test_a_start_brings_no_heavy_library() -> None:
    script = "import sys, auctionsim.isolation.child; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not {"numba", "scipy", "torch", "yaml", "pyarrow"} & set(found.stdout.split())
