from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auctionsim.cli import main
from auctionsim.cli.simulate import Simulate
from auctionsim.evaluation import METRICS, summarise
from auctionsim.generate import play_episodes
from auctionsim.lineup import load_lineup
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import WORLD, write_world


@pytest.fixture
def world_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return write_world(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run the command, expect success, and return its JSON."""
    capsys.readouterr()
    assert main(["simulate", "--quiet", "--json", "-", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_line_up_plays_unless_a_bidder_is_named(
    world_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(
        capsys, "--market", world_file, "--episodes", "3", "--first-episode", "2", "--seed", "9"
    )
    played = play_episodes(WORLD, load_lineup("mixed"), 9, range(2, 5))
    for code, task in enumerate(TASKS):
        own = summarise(task, played.take(np.flatnonzero(played.task == code)))
        shown = found["tasks"][task]
        assert shown["trajectories"] == len(own.trajectories)
        assert list(shown["metrics"]) == list(METRICS)
        for name, value in own.metrics.items():
            assert shown["metrics"][name] == (None if np.isnan(value) else pytest.approx(value))
    assert (found["market"], found["lineup"], found["bidder"]) == ("world", "mixed", None)
    assert (found["seed"], found["first_episode"], found["episodes"]) == (9, 2, 3)
    assert found["semantics"] >= 1


def test_a_named_bidder_plays_all_seats(
    world_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_own.py").write_text(
        "from agents import Bidder\n"
        "class Idle(Bidder):\n"
        "    def act(self, observation): return 0.0\n"
    )
    found = run(capsys, "--market", world_file, "--bidder", "my_own:Idle")
    assert found["bidder"] == "my_own:Idle"
    assert found["lineup"] is None
    for task in TASKS:
        assert found["tasks"][task]["metrics"]["value"] == 0.0
        assert found["tasks"][task]["metrics"]["utilisation"] == 0.0


def test_many_episodes_are_played_in_groups(
    world_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = run(capsys, "--market", world_file, "--episodes", "3")
    monkeypatch.setattr("auctionsim.cli.simulate._AT_ONCE", 2)
    assert run(capsys, "--market", world_file, "--episodes", "3")["tasks"] == together["tasks"]


def test_the_speed_is_shown(world_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    speed = run(capsys, "--market", world_file, "--episodes", "2")["speed"]
    assert speed["seconds"] > 0
    assert speed["seconds_per_episode"] == pytest.approx(speed["seconds"] / 2)
    assert speed["bids_per_second"] == pytest.approx(8 * speed["opportunities_per_second"])


def test_a_table_names_tasks_and_numbers(
    world_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--market", world_file, "--bidder", "pid"]) == 0
    shown = capsys.readouterr()
    for word in (*TASKS, "strict", "paper", "utilised", "violated", "bids a second", "pid"):
        assert word in shown.out
    assert "simulating" in shown.err
    assert main(["simulate", "--market", world_file, "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0].rstrip().endswith("line-up mixed, 1 episode")
    assert shown.err == ""


def test_flags_may_come_from_a_file(
    world_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_text(f"market: {world_file}\nepisodes: 2\nbidder: fixed\n")
    found = run(capsys, "--config", "run.yaml", "--episodes", "1")
    assert (found["episodes"], found["bidder"], found["market"]) == (1, "fixed", "world")


SLIPS: list[tuple[list[str], str]] = [
    (["--market", "tinny"], "`market` must be one of .* found 'tinny'. Did you mean 'tiny'"),
    (["--bidder", "pidd"], "`bidder` must be one of .* found 'pidd'. Did you mean 'pid'"),
    (["--bidder", "nowhere_at_all:X"], "No module named 'nowhere_at_all'"),
    (["--lineup", "mixt"], "Did you mean 'mixed'"),
    (["--episodes", "0"], "`--episodes` must be an integer from 1"),
    (["--first-episode", "-1"], "`--first-episode` must be an integer from 0"),
    (["--seed", "-1"], "`--seed` must be an integer from 0"),
    (["--bider", "pid"], "Did you mean `--bidder`"),
]


@pytest.mark.parametrize(("arguments", "message"), SLIPS)
def test_slips_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--market", "tiny", "--quiet", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("auctionsim simulate: ")
    assert all(part in shown.err for part in message.split(" .* "))


def test_a_faulty_bidder_is_one_line_that_names_bidder_step_and_place(
    world_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "faulty_one.py").write_text(
        "from agents import Bidder\n"
        "class Faulty(Bidder):\n"
        "    def act(self, observation):\n"
        "        return 1.0 if observation.step < 3 else {}['price']\n"
    )
    assert main(["simulate", "--quiet", "--market", world_file, "--bidder", "faulty_one:Faulty"])
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "`bidder 'faulty_one:Faulty' in step 3` must not raise" in shown
    assert "KeyError: 'price', faulty_one.py line 4" in shown


def test_the_defaults_stand_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--help"]) == 0
    shown = capsys.readouterr().out
    for flag in ("--market", "--episodes", "--first-episode", "--bidder", "--lineup", "--seed"):
        assert flag in shown
    assert Simulate().market == "small"
