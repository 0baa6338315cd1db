"""`auctionsim export`."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
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
        (["--format", "minari", "--split", "val"], "`--split` must be one of test, train"),
        (["--format", "minari", "--limit", "0"], "`--limit` must be"),
        (["--format", "minari", "--bidder", "pidd"], "`--bidder` must be one of"),
        (["--format", "minari", "--quality", "2", "3"], "`--quality` must be two numbers"),
        (["--format", "minari", "--quality", "0", "0.001"], "`--quality` must leave some"),
        (["--format", "minari", "--id", "x"], "`--id` must be a name in Minari's form"),
        (["--format", "minari", "--out", ""], "`--out` must name a file or folder"),
        (["--format", "auctionnet", "--out", ""], "`--out` must name a file or folder"),
        (["--format", "auctionnet", "--out", "."], "`--out` must be a file"),
    ],
)
def test_slips_are_one_line(
    data: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if "minari" in arguments:
        pytest.importorskip("minari")
    assert run(str(data), *arguments) == 2
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "typed", [["--task", "bcb", "cpa_mcb"], ["--task", "bcb", "--task", "cpa_mcb"]]
)
def test_all_tasks_named_are_written_in_whatever_way_they_are_named(
    data: Path, typed: list[str]
) -> None:
    out = data.parent / "out.csv"
    assert run(str(data), "--format", "auctionnet", "--out", str(out), *typed) == 0
    assert len(out.read_text().splitlines()) == 1 + 5 * 4


def test_flags_win_over_the_file_and_are_not_added_to_it(data: Path) -> None:
    config, out = data.parent / "flags.yaml", data.parent / "out.csv"
    config.write_text("format: auctionnet\ntask: [bcb, cpa_mcb]\n")
    line = [str(data), "--config", str(config), "--out", str(out), "--overwrite"]
    assert run(*line) == 0
    assert len(out.read_text().splitlines()) == 1 + 5 * 4
    assert run(*line, "--task", "bcb") == 0
    assert len(out.read_text().splitlines()) == 1 + 2 * 4


@pytest.mark.parametrize("flag", ["--out", "--json"])
@pytest.mark.parametrize("name", ["card.json", "train-00000.parquet", "new.csv"])
def test_nothing_is_written_into_the_dataset(
    data: Path, flag: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    others = ["--out", str(data.parent / "out.csv")] if flag == "--json" else []
    line = ["--format", "auctionnet", "--overwrite", *others, flag, str(data / name)]
    assert run(str(data), *line) == 2
    assert f"`{flag}` must lie apart from the dataset" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before


def test_a_minari_dataset_does_not_replace_what_it_is_made_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("minari")
    data = tmp_path / "aa" / "bb-v0" / "data"
    make_dataset(data)
    (data / "metadata.json").write_text("{}")
    line = ["--format", "minari", "--overwrite", "--out", str(tmp_path), "--id", "aa/bb-v0"]
    assert run(str(data), *line) == 2
    assert "`--out` must lie apart from the dataset" in capsys.readouterr().err
    assert (data / "card.json").is_file()


def test_a_pipe_is_written_into_and_stays_one(data: Path) -> None:
    pipe, whole, report = (data.parent / name for name in ("pipe", "whole.csv", "report.json"))
    os.mkfifo(pipe)
    line = [str(data), "--format", "auctionnet", "--out"]
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_bytes)
        assert run(*line, str(pipe), "--overwrite", "--json", str(report)) == 0
        assert run(*line, str(whole)) == 0
        assert read.result() == whole.read_bytes()
    assert pipe.is_fifo()
    assert json.loads(report.read_text())["bytes"] is None
