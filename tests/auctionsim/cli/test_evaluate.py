from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from auctionsim.cli import main
from auctionsim.cli.evaluate import Evaluate
from auctionsim.cli.imports import working_directory
from auctionsim.evaluation import METRICS, PROTOCOLS, evaluate
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import WORLD, write_world


@pytest.fixture
def world_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return write_world(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", "--quiet", "--json", "-", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_it_says_what_the_library_says(
    world_file: str, capsys: pytest.CaptureFixture[str], protocol: str
) -> None:
    flags = ["--task", "cpa_mcb", "--protocol", protocol, "--seed", "3", "--episodes", "2"]
    found = run(capsys, "--bidder", "pid", "--market", world_file, *flags, "--first-episode", "4")
    expected = evaluate("pid", "cpa_mcb", WORLD, [4, 5], 3, protocol=protocol)
    assert list(found["metrics"]) == list(METRICS)
    for kind in ("metrics", "standard_errors"):
        for name, value in getattr(expected, kind).items():
            assert found[kind][name] == (None if np.isnan(value) else value)
    assert found["trajectories"] == len(expected.trajectories)
    settings = ("bidder", "task", "market", "lineup", "protocol", "seed", "first_episode")
    assert [found[name] for name in settings] == [
        *("pid", "cpa_mcb", "world", "mixed", protocol, 3, 4)
    ]
    assert found["semantics"] >= 1


def test_a_class_of_the_working_directory_is_found(
    world_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "his_own.py").write_text(
        "from agents import Bidder\n"
        "class Own(Bidder):\n"
        "    def act(self, observation): return 0.5 * self.campaign.reference\n"
    )
    before = list(sys.path)
    found = run(capsys, "--bidder", "his_own:Own", "--market", world_file, "--episodes", "1")
    assert found["bidder"] == "his_own:Own"
    assert found["metrics"]["value"] > 0
    assert sys.path == before


def test_the_working_directory_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with working_directory():
        assert sys.path[-1] == str(tmp_path)
        with working_directory():
            assert sys.path.count(str(tmp_path)) == 1
        assert sys.path[-1] == str(tmp_path)
    assert str(tmp_path) not in sys.path


def test_a_table_of_metrics_is_shown(world_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--task", "target_roas", "--market", world_file, "--episodes", "2"]
    assert main(["evaluate", "--bidder", "limit_aware", *flags]) == 0
    shown = capsys.readouterr()
    for name in METRICS:
        assert name.replace("_", " ") in shown.out
    assert "95 % from" in shown.out
    assert "32/32" in shown.err


SLIPS: list[tuple[list[str], str]] = [
    ([], "Missing: --bidder"),
    (["--bidder", "pidd"], "Did you mean 'pid'"),
    (
        ["--bidder", "pid", "--task", "bbc"],
        "`--task` must be one of 'cpa_mcb', 'target_roas', 'bcb'",
    ),
    (["--bidder", "pid", "--protocol", "wild"], "`--protocol` must be one of 'paper', 'wide'"),
    (["--bidder", "pid", "--episodes", "0"], "`--episodes` must be an integer from 1"),
    (["--bidder", "pid", "--episodes", "2147483648"], "`--episodes` must be an integer"),
    (["--bidder", "pid", "--first-episode", "-1"], "`--first-episode` must be an integer"),
    (["--bidder", "pid", "--first-episode", "2147483647"], "`--first-episode` must be an integer"),
    (["--bidder", "pid", "--seed", "-1"], "`seed` must be an integer from 0"),
    (["--bidder", "pid", "--lineup", "mixt"], "Did you mean 'mixed'"),
    (["--bidder", "pid", "--json", "/nowhere/x.json"], "`--json` must lie in an existing folder"),
]


@pytest.mark.parametrize(("arguments", "message"), SLIPS)
def test_slips_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--quiet", "--market", "tiny", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("auctionsim evaluate: ")
    assert message in shown.err


def test_tasks_and_protocols_are_all_on_offer() -> None:
    hints = get_type_hints(Evaluate)
    assert set(get_args(hints["task"])) == set(TASKS)
    assert set(get_args(hints["protocol"])) == set(PROTOCOLS)


def test_budgets_are_played_in_turn(world_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--bidder", "pid", "--market", world_file, "--episodes", "2", "--frozen"]
    found = run(capsys, *flags, "--budget-factors", "1", "0.5", "1.5")
    assert [of["budget_factor"] for of in found["budgets"]] == [1.0, 0.5, 1.5]
    assert found["budgets"][0]["metrics"] == found["metrics"]
    half, more = (of["metrics"]["value"] for of in found["budgets"][1:])
    assert half < found["metrics"]["value"] <= more
    expected = evaluate("pid", "bcb", WORLD, 2, frozen=True, budget_factor=0.5)
    assert found["budgets"][1]["metrics"]["value"] == expected.metrics["value"]
    ends = expected.interval("value")
    assert found["budgets"][1]["intervals"]["value"] == [ends.low, ends.high]
    assert main(["evaluate", *flags, "--budget-factors", "1", "0.5"]) == 0
    assert main(["evaluate", *flags, "--budget-factors", "0.5", "0.75", "1", "1.25", "1.5"]) == 0
    shown = capsys.readouterr().out
    assert all(f" x {factor}" in shown for factor in ("0.5", "0.75", "1", "1.25", "1.5"))


def test_bounds_can_be_left_out(world_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--bidder", "pid", "--market", world_file, "--episodes", "1"]
    assert run(capsys, *flags)["metrics"]["share_of_optimum"] > 0
    assert run(capsys, *flags, "--no-bounds")["metrics"]["share_of_optimum"] is None


@pytest.mark.parametrize("factor", ["0", "-1", "nan", "x"])
def test_budgets_that_are_none_are_one_line(
    world_file: str, factor: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--bidder", "pid", "--market", world_file, "--budget-factors", factor]
    assert main(["evaluate", *flags]) == 2
    error = capsys.readouterr().err
    assert "budget" in error
    assert error.count("\n") == 1
