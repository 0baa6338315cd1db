"""`auctionsim export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auctionsim.cli import Program
from tests.auctionsim.dataset.samples import make_dataset

COMMANDS = {"export": "auctionsim.cli.export:Export"}


def run(*arguments: str) -> int:
    return Program("auctionsim", "", COMMANDS).main(["export", *arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_dataset(tmp_path / "data")
    return tmp_path / "data"


def test_auctionnet_s_csv_is_written(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, report = data.parent / "out.csv", data.parent / "report.json"
    line = [str(data), "--format", "auctionnet", "--out", str(out), "--json", str(report)]
    assert run(*line, "--quiet") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "trajectories" in shown.out
    assert json.loads(report.read_text())["trajectories"] == 8
    assert len(out.read_text().splitlines()) == 1 + 8 * 4

    assert run(*line) == 2
    assert "must not be there yet" in capsys.readouterr().err
    chosen = ["--task", "bcb", "cpa_mcb", "--bidder", "pid", "--quality", "0.2", "1"]
    assert run(*line, *chosen, "--limit", "2", "--overwrite") == 0
    assert json.loads(report.read_text())["trajectories"] == 2
    assert "%" in capsys.readouterr().err


def test_a_minari_dataset_is_written(data: Path) -> None:
    minari = pytest.importorskip("minari")
    root = data.parent / "minari"
    line = [str(data), "--format", "minari", "--out", str(root), "--id", "aa/bb-v0"]
    assert run(*line, "--split", "test", "--quiet") == 0
    assert minari.MinariDataset(root / "aa/bb-v0/data").total_episodes == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "auctionnet"], "`--out` must be given for auctionnet"),
        (["--format", "auctionnet", "--out", "x.csv", "--id", "x-v0"], "`--id` must be left out"),
        (["--format", "csv"], "must be one of"),
        (["--format", "minari", "--task", "bcv"], "Did you mean 'bcb'"),
        (["--format", "minari", "--quality", "0.9", "0.1"], "lowest < highest"),
        (["--format", "minari", "--quality", "0.9"], "--quality"),
        (["--format", "minari", "--split", "val"], "`split` must be one of test, train"),
    ],
)
def test_slips_are_one_line(
    data: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(data), *arguments) == 2
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1
