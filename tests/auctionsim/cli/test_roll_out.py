"""What `evaluate` and `simulate` do when a bidder misbehaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from auctionsim.cli import main
from auctionsim.cli.roll_out import show_incidents
from tests.auctionsim.worlds import WORLD, write_world

MODULE = """
import os, time
from agents import Bidder

class Faulty(Bidder):
    def act(self, observation):
        if observation.step == 3:
            raise KeyError("price")
        return self.campaign.reference

class Slow(Bidder):
    def act(self, observation):
        if observation.step == 2:
            time.sleep(0.3)
        return self.campaign.reference

class Stuck(Bidder):
    def act(self, observation):
        print(os.getpid(), flush=True)
        while observation.step == 2:
            pass
        return self.campaign.reference
"""
# Who plays: the seats of one task, or all; and in how many runs.
COMMANDS = {"evaluate": ["--task", "cpa_mcb"], "simulate": []}
SEATS = {"evaluate": 2, "simulate": WORLD.advertisers}


@pytest.fixture
def world_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    # A module of another test may have had the name.
    monkeypatch.delitem(sys.modules, "misbehaving", raising=False)
    (tmp_path / "misbehaving.py").write_text(MODULE)
    return write_world(tmp_path)


def line(command: str, market: str, bidder: str, *flags: str) -> list[str]:
    who = ["--bidder", f"misbehaving:{bidder}", "--market", market, "--quiet"]
    return [command, *COMMANDS[command], *who, *flags]


@pytest.mark.parametrize("isolate", [[], ["--isolate"]])
@pytest.mark.parametrize("command", COMMANDS)
def test_incidents_stand_in_the_result(
    world_file: str, capsys: pytest.CaptureFixture[str], command: str, isolate: list[str]
) -> None:
    flags = ["--on-error", "sit-out", "--episodes", "1", "--first-episode", "4", *isolate]
    assert main([*line(command, world_file, "Faulty", *flags), "--json", "-"]) == 0
    shown = capsys.readouterr()
    incidents: list[dict[str, Any]] = json.loads(shown.out)["incidents"]
    assert len(incidents) == SEATS[command]
    for incident in incidents:
        assert list(incident) == ["bidder", "episode", "advertiser", "step", "cause"]
        assert incident["bidder"] == "misbehaving:Faulty"
        assert (incident["episode"], incident["step"]) == (4, 3)
        cause = "must not raise; found KeyError: 'price', misbehaving.py line 8 in act"
        assert incident["cause"] == cause
    assert f"{SEATS[command]} incident(s) in which a bidder broke its contract" in shown.err
    assert f"  {SEATS[command]} x must not raise\n" in shown.err


@pytest.mark.parametrize("isolate", [[], ["--isolate"]])
@pytest.mark.parametrize("command", COMMANDS)
def test_unless_asked_to_it_does_not_go_on(
    world_file: str, capsys: pytest.CaptureFixture[str], command: str, isolate: list[str]
) -> None:
    assert main(line(command, world_file, "Faulty", *isolate)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert shown.err.startswith(f"auctionsim {command}: `bidder 'misbehaving:Faulty' in step 3` ")
    assert "KeyError: 'price', misbehaving.py line 8 in act for seat" in shown.err


def test_the_time_limit_reaches_the_bidders(
    world_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in COMMANDS:
        flags = ["--time-limit", "0.25", "--episodes", "1"]
        assert main(line(command, world_file, "Slow", *flags)) == 2
        assert "must take at most 0.25 s a seat; found '0.3" in capsys.readouterr().err


def test_a_bidder_that_never_answers_is_stopped(
    world_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--time-limit", "0.5", "--isolate", "--on-error", "sit-out", "--episodes", "1"]
    began = time.perf_counter()
    assert main(line("evaluate", world_file, "Stuck", *flags)) == 0
    assert time.perf_counter() - began < 30.0
    shown = capsys.readouterr().out
    assert "2 x must take at most 0.5 s a seat" in shown
    assert "step 2: must take at most 0.5 s a seat; found a stop after" in shown


SLIPS = [
    ("evaluate", ["--on-error", "ignore"], "`--on-error` must be one of 'raise', 'sit-out'"),
    (
        "evaluate",
        ["--time-limit", "soon"],
        "`--time-limit` must be a number, or None; found 'soon'",
    ),
    ("evaluate", ["--time-limit", "0"], "`time_limit` must be a number of seconds in (0, 86400]"),
    ("simulate", ["--time-limit", "nan"], "`time_limit` must be a number of seconds"),
    ("simulate", ["--time-limit", "soon"], "--time-limit"),
]


@pytest.mark.parametrize(("command", "flags", "message"), SLIPS)
def test_slips_are_one_line(
    world_file: str, capsys: pytest.CaptureFixture[str], command: str, flags: list[str],
    message: str,
) -> None:  # fmt: skip
    assert main(line(command, world_file, "Faulty", *flags)) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert message in shown


def test_only_a_named_bidder_can_be_isolated(
    world_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--market", world_file, "--quiet", "--isolate"]) == 2
    assert "`--isolate` must go with --bidder" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_interrupt_ends_the_bidders_process_too(world_file: str) -> None:
    command = [sys.executable, "-c", "import sys, auctionsim.cli as c; sys.exit(c.main())"]
    process = subprocess.Popen(
        [*command, *line("evaluate", world_file, "Stuck", "--isolate")], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    child = process.stdout.readline().strip()
    os.killpg(process.pid, signal.SIGINT)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert complaint == "auctionsim evaluate: interrupted\n"
    assert not Path(f"/proc/{child}").exists()


def shown(incidents: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> list[str]:
    show_incidents(incidents, Console(width=80))
    return capsys.readouterr().out.splitlines()


def incident(cause: str, step: int | None = 3) -> dict[str, Any]:
    return {"bidder": "mine", "episode": 2, "advertiser": 5, "step": step, "cause": cause}


def test_incidents_are_counted_by_rule_and_three_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "must b; found [red]" + "long " * 30
    incidents = [incident("must a; found 1", None), incident(long)]
    incidents += [incident(f"must b; found {i}", i) for i in range(1200)]
    found = shown(incidents, capsys)
    assert found == [
        "1,202 incident(s) in which a bidder broke its contract:",
        "  1,201 x must b",
        "  1 x must a",
        "  mine, episode 2, advertiser 5, reset: must a; found 1",
        f"  mine, episode 2, advertiser 5, step 3: {long}",
        "  mine, episode 2, advertiser 5, step 0: must b; found 0",
        "  ...",
    ]
    assert shown(incidents[:1], capsys)[-1].endswith("reset: must a; found 1")


def test_without_incidents_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown([], capsys) == []


def test_what_a_bidder_prints_stays_out_of_the_json(tmp_path: Path, world_file: str) -> None:
    (tmp_path / "chatty.py").write_text(
        "import agents\n"
        "class Chatty(agents.Bidder):\n"
        "    def act(self, observation):\n"
        "        print('so far so good')\n"
        "        return 1.0\n"
    )
    flags = ["--bidder", "chatty:Chatty", "--market", world_file, "--episodes", "1", "--json", "-"]
    program = [sys.executable, "-c", "from auctionsim.cli import main; main()", "evaluate"]
    for more in ([], ["--isolate"]):
        line = [*program, *flags, *more]
        done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, timeout=120)
        assert json.loads(done.stdout)["bidder"] == "chatty:Chatty"
        assert "so far so good" in done.stderr
