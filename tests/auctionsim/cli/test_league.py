from __future__ import annotations

import json
from pathlib import Path

import pytest

from auctionsim.cli import main

LEAGUE = """
name: two
market: tiny
tasks: [bcb]
episodes: 2
bidders:
  low: {bidder: fixed, factor: 0.4}
  high: {bidder: fixed, factor: 1.0}
"""


@pytest.fixture
def league(tmp_path: Path) -> str:
    path = tmp_path / "two.yaml"
    path.write_text(LEAGUE)
    return str(path)


def test_a_league_is_played_and_shown(
    league: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.json"
    flags = ["--league", league, "--bidders", "pid", "--quiet", "--json", str(out)]
    assert main(["league", *flags]) == 0
    shown = capsys.readouterr().out
    # In 80 columns the longest label takes two lines, so that all numbers are whole.
    bounds = ("best constant in", "optimum within limits", "optimum in hindsight")
    for words in ("bcb: expected Score", "high", "low", "pid", *bounds):
        assert words in shown
    rows = shown.partition("Score and broken limits")[0].splitlines()
    assert max(map(len, rows)) <= 80
    found = json.loads(out.read_text())
    assert found["league"]["episodes"] == 2
    assert found["trajectories"] == {"bcb": 96}
    assert {row["bidder"] for row in found["tasks"]["bcb"]} >= {"high", "low", "pid"}


def test_flags_change_the_league(league: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--episodes", "1", "--protocol", "paper", "--frozen", "no", "--seed", "4"]
    flags += ["--budget-factor", "0.5"]
    assert main(["league", "--league", league, "--quiet", *flags]) == 0
    assert "others responding" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--league", "nowhere.yaml"], "`league` must be an existing file"),
        (["--league", "rule"], "Did you mean 'rules'?"),
        (["--episodes", "0"], "`episodes` must be"),
        (["--budget-factor", "0"], "`budget_factor` must be"),
        (["--bidders", "nobody"], "must be one of"),
        (["--market", "huge"], "`market` must be one of"),
    ],
)
def test_slips_are_one_line(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["league", "--quiet", *flags]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
