"""`auctionsim convert` and `auctionsim inspect` on a small log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auctionsim.cli import main
from tests.auctionsim.dataset.samples import make_dataset, make_log, write_csv


def test_a_log_is_converted_and_inspected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_csv(tmp_path / "log.csv", make_log())
    data, report = tmp_path / "data", tmp_path / "report.json"
    line = ["convert", str(log), str(data), "--quiet", "--json", str(report)]
    assert main(line) == 0
    assert capsys.readouterr().err == ""
    converted = json.loads(report.read_text())
    assert converted["trajectories"] > 0

    assert main(["inspect", str(data), "--verify", "--json", str(report)]) == 0
    inspected = json.loads(report.read_text())
    assert inspected["trajectories"] == converted["trajectories"]
    assert inspected["verified"] is True
    assert "agree with the card" in capsys.readouterr().out

    assert main(line) == 2
    assert "must be new or empty" in capsys.readouterr().err
    assert main([*line, "--overwrite"]) == 0


def test_progress_is_shown_unless_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_csv(tmp_path / "log.csv", make_log())
    assert main(["convert", str(log), str(tmp_path / "data")]) == 0
    assert "%" in capsys.readouterr().err


def test_inspect_shows_a_line_a_split_and_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    make_dataset(tmp_path / "data")
    assert main(["inspect", str(tmp_path / "data")]) == 0
    shown = capsys.readouterr().out
    assert "not read (--verify)" in shown
    assert "cpa_mcb" in shown
    assert "broken %" in shown


def test_what_is_no_dataset_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert main(["inspect", str(folder)]) == 2
        line = capsys.readouterr().err
        assert line.startswith(f"auctionsim inspect: `{folder}` must")
        assert line.count("\n") == 1
