"""`vao train`, `vao evaluate` and `vao report` on a small dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vao.cli import main
from vao.quickstart import QuickstartResult

Demonstration = tuple[Path, QuickstartResult]


@pytest.fixture
def world(demonstration: Demonstration) -> Path:
    """Return the folder with the demonstration's configs and output."""
    return demonstration[0]


def test_train_then_evaluate(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, scores = tmp_path / "planners", tmp_path / "scores.json"
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    line = ["train", data, str(out), "--method", "naive", "vao", "--training", training, "--quiet"]
    assert main(line) == 0
    market = str(world / "market.yaml")
    policies = [str(out / "naive"), str(out / "vao")]
    shown = ["--market", market, "--episodes", "2", "--quiet", "--json", str(scores)]
    assert main(["evaluate", *policies, *shown]) == 0
    results = json.loads(scores.read_text())["results"]
    assert set(results) == {"naive", "vao"}
    assert results["vao"]["bcb"]["metrics"]["expected_value"] > 0
    assert "delta m" in capsys.readouterr().out


def test_train_does_not_overwrite_unless_told(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    line = ["train", data, str(tmp_path), "--method", "naive", "--training", training, "--quiet"]
    assert main(line) == 0
    before = (tmp_path / "naive" / "policy.json").read_bytes()
    assert main(line) == 2
    assert "must be new or empty" in capsys.readouterr().err
    assert main([*line, "--overwrite"]) == 0
    assert (tmp_path / "naive" / "policy.json").read_bytes() == before


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["evaluate", "nowhere"], "must hold policy.json"),
        (["evaluate"], "POLICY"),
        (["train", "nowhere", "out"], "nowhere"),
        (["train", "nowhere", "out", "--method", "va0"], "va0"),
        (["quickstart", "--dataset", "quickstrat"], "Did you mean 'quickstart'"),
        (["quickstart", "--threads", "-1"], "--threads"),
    ],
)
def test_mistakes_cost_one_line(
    line: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main([*line, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error


def test_policies_of_one_name_are_refused(
    demonstration: Demonstration, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = str(demonstration[0] / "out" / "policies" / "vao")
    assert main(["evaluate", policy, policy, "--quiet"]) == 2
    assert "different names" in capsys.readouterr().err


def test_report_renders_results_again(demonstration: Demonstration, tmp_path: Path) -> None:
    folder, result = demonstration
    page = tmp_path / "again.html"
    assert main(["report", str(folder / "out" / "results.json"), "--out", str(page)]) == 0
    assert page.read_bytes() == result.report.read_bytes()
