from __future__ import annotations

import re
from pathlib import Path

import pytest

from auctionsim.cli import main
from auctionsim.factory.config import LogsConfig
from auctionsim.factory.generation import generate_dataset
from tests.auctionsim.factory.samples import config_in


def shown(capsys: pytest.CaptureFixture[str], what: str) -> list[str]:
    """Return what a progress bar said, time by time."""
    states = re.split(r"[\r\n]+", capsys.readouterr().err)
    return [state for state in states if state.startswith(what)]


def test_progress_shows_rate_and_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TQDM_MININTERVAL", "0")
    generate_dataset(config_in(tmp_path, logs=LogsConfig({"test": 2})), tmp_path / "d")
    said = capsys.readouterr().err
    assert re.search(r"simulating:.*\b9/9 \[00:\d\d<00:00, +[\d.]+ episode/s\]", said)
    assert re.search(r"logging:.*\b2/2 \[00:\d\d<00:00, +[\d.]+ episode/s\]", said)


def test_what_was_there_before_counts_as_done_and_not_as_made_by_this_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TQDM_MININTERVAL", "0")
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, out, progress=False)
    (out / "train-00000.parquet").unlink()
    generate_dataset(config, out)
    states = shown(capsys, "simulating")
    assert re.search(r"\b7/9 \[00:00<\?, \? episode/s\]", states[0])
    made = re.search(r"9/9 \[.*?, +([\d.]+) episode/s\]", states[-1])
    run = (out / "run.json").read_text()
    assert '"episodes": 2,' in run
    assert made is not None
    # Two episodes in the time of the run, not nine.
    seconds = float(re.findall(r'"seconds": ([\d.]+)', run)[0])
    assert float(made[1]) < 2 / seconds * 4


def test_nothing_is_shown_to_who_wants_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate_dataset(config_in(tmp_path), tmp_path / "d", progress=False)
    assert capsys.readouterr() == ("", "")


def test_inspect_names_every_damaged_file_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "d"
    generate_dataset(config_in(tmp_path), out, progress=False)
    (out / "train-00001.parquet").write_bytes(b"PAR1")
    (out / "test-00000.parquet").unlink()
    assert main(["inspect", str(out), "--verify"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for words in ("train-00001.parquet", "test-00000.parquet (missing)", "`auctionsim generate`"):
        assert words in said
    assert "train-00000.parquet" not in said
