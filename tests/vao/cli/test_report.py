"""`vao report`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.vao.report.demo import short_demo
from vao.cli import main
from vao.report import render_report, write_results


def test_a_report_is_made_from_results(tmp_path: Path) -> None:
    results, summary = tmp_path / "run.json", tmp_path / "summary.json"
    write_results(results, short_demo())
    assert main(["report", str(results), "--json", str(summary)]) == 0
    page = tmp_path / "run.html"
    assert page.read_text(encoding="utf-8") == render_report(short_demo())
    assert json.loads(summary.read_text()) == {"report": str(page), "bytes": page.stat().st_size}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "must be JSON"),
        ("[1]", "must hold a report's data"),
        ('{"titel": "x"}', "Did you mean `title`?"),
        ("[" * 100_000, "must be JSON"),
    ],
)
def test_broken_results_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    results = tmp_path / "run.json"
    results.write_text(content)
    assert main(["report", str(results)]) == 2
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1
    assert list(tmp_path.iterdir()) == [results]


def test_missing_results_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "/nowhere/run.json"]) == 2
    line = capsys.readouterr().err
    assert "`/nowhere/run.json` cannot be used: No such file" in line
    assert line.count("\n") == 1
