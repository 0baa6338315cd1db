from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auctionsim.cli import main
from auctionsim.factory import parts
from auctionsim.factory.config import LogsConfig
from auctionsim.factory.generation import generate_dataset
from auctionsim.factory.play import play_episodes
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
    run = json.loads((out / "run.json").read_text())
    assert run["episodes"] == 2
    assert made is not None
    # Two episodes in the time of the run, not nine.
    assert float(made[1]) < 2 / run["seconds"] * 4


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


def costs_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return found


def test_a_run_that_makes_nothing_leaves_what_is_known_of_those_before(tmp_path: Path) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, out, progress=False)
    before = (out / "run.json").read_bytes()
    generate_dataset(config, out, progress=False)
    assert (out / "run.json").read_bytes() == before
    (out / "run.json").unlink()
    generate_dataset(config, out, progress=False)
    assert costs_of(out)["in_all"]["runs"] == 0


def test_costs_are_added_up_over_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out, made = config_in(tmp_path), tmp_path / "d", []

    def stop(*arguments: Any) -> Any:
        made.append(1)
        if len(made) == 4:
            raise KeyboardInterrupt
        return play_episodes(*arguments)

    monkeypatch.setattr(parts, "play_episodes", stop)
    with pytest.raises(KeyboardInterrupt):
        generate_dataset(config, out, progress=False)
    cut = json.loads((out / ".unfinished" / "costs.json").read_text())["in_all"]
    assert (cut["runs"], cut["episodes"]) == (1, 5)
    generate_dataset(config, out, progress=False)
    costs = costs_of(out)
    assert (costs["episodes"], costs["in_all"]["episodes"], costs["in_all"]["runs"]) == (4, 9, 2)
    assert costs["in_all"]["seconds"] == pytest.approx(costs["seconds"] + cut["seconds"], abs=0.1)


@pytest.mark.parametrize("text", ["", "[]", '{"in_all": 3}', '{"in_all": {"runs": "x"}}'])
def test_damaged_costs_count_as_none(tmp_path: Path, text: str) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, out, progress=False)
    (out / "run.json").write_text(text)
    (out / "train-00000.parquet").unlink()
    generate_dataset(config, out, progress=False)
    assert costs_of(out)["in_all"]["runs"] == 1


def test_the_memory_of_all_processes_is_summed(tmp_path: Path) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, out, workers=2, progress=False)
    costs = costs_of(out)
    here, largest = costs["peak_memory_mib"], costs["largest_worker_memory_mib"]
    assert here + largest < costs["summed_peak_memory_mib"] <= here + 2 * largest + 0.11
    assert costs["in_all"]["summed_peak_memory_mib"] == costs["summed_peak_memory_mib"]
