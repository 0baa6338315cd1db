from __future__ import annotations

import json
from pathlib import Path

import pytest

from auctionsim.cli import main as auctionsim_main
from auctionsim.evaluation import load_league
from benchmarks.league import RECORD, league_table, main

README = RECORD.with_name("README.md")


def test_the_readme_has_the_table_of_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert capsys.readouterr().out in README.read_text(encoding="utf-8")


def test_the_record_is_of_the_league_that_comes_along() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert record["league"]["bidders"] == load_league("rules").bidders
    assert (record["league"]["market"], record["league"]["episodes"]) == ("paper", 20)
    assert record["semantics"] == 1


def test_a_league_of_ones_own_has_its_table(tmp_path: Path) -> None:
    out = tmp_path / "league.json"
    flags = ["--market", "tiny", "--episodes", "2", "--quiet", "--json", str(out)]
    assert auctionsim_main(["league", *flags]) == 0
    lines = league_table(json.loads(out.read_text())).splitlines()
    assert len(lines) == 2 + len(load_league("rules").bidders) + 3
    assert lines[-1].count("100 %") == 3
