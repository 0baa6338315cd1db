"""The study of planners on a toy dataset, and that its records say what the README says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auctionsim.dataset import Dataset
from auctionsim.generate import generate_dataset, load_dataset_config
from auctionsim.tasks import TASKS
from benchmarks.quality import ENTRANTS, PLANNERS, RECORD
from benchmarks.quality_play import CONSTANT, DATA, LP, Entrant, play
from benchmarks.quality_record import read, record
from benchmarks.quality_tables import tables
from tests.vao.conftest import write_configs
from tests.vao.factories import tiny_config
from vao.planners import PLANNERS as REGISTERED

README = RECORD.with_name("README.md")
RECORDS = (RECORD, RECORD.with_name("quality_paper.json"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of seconds: baselines, and one planner from two seeds."""
    folder, data = tmp_path_factory.mktemp("quality"), tmp_path_factory.mktemp("data")
    generate_dataset(load_dataset_config(write_configs(data).dataset), data / "set", progress=False)
    dataset = Dataset.open(data / "set")
    config = tiny_config(method="none", steps=2, select_every=2)
    for entrant in (Entrant(DATA), Entrant(CONSTANT), Entrant("direct", 0), Entrant("direct", 1)):
        play(entrant, dataset, config, folder)
    return folder


def test_results_are_kept_trajectory_by_trajectory(runs: Path) -> None:
    played = read(runs)
    assert set(played) == {DATA, CONSTANT, "direct"}
    assert set(played["direct"].columns) == {0, 1}
    for task in TASKS:
        own = played["direct"].sample(task, "expected_score")
        data = played[DATA].sample(task, "expected_score", [0, 1])
        assert set(own.factors) == set(data.factors) == {"seed", "episode", "seat"}
        for name in own.factors:
            np.testing.assert_array_equal(own.factors[name], data.factors[name])
    assert played["direct"].notes[1]["config"]["seed"] == 1


def test_what_was_played_is_not_played_again(runs: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in runs.iterdir()}
    play(Entrant(DATA), None, None, runs)  # type: ignore[arg-type]  # neither is looked at
    assert {path: path.stat().st_mtime_ns for path in runs.iterdir()} == before


def test_the_record_sums_up(runs: Path) -> None:
    found = record(runs)
    rows = {(row["entrant"], row["task"]): row for row in found["rows"]}
    columns = read(runs)
    for task in TASKS:
        row = rows["direct", task]
        scores = [columns["direct"].columns[s][f"{task}/expected_score"] for s in (0, 1)]
        assert row["expected_score"][0] == pytest.approx(np.mean(scores), abs=1e-3)
        data = columns[DATA].columns[0][f"{task}/expected_score"].mean()
        assert row["over_data"][0] == pytest.approx(100 * (np.mean(scores) / data - 1), abs=1e-2)
        assert row["seeds"] == 2
        assert 0.0 < row["share_of_optimum"] < 1.05
        assert found["bounds"][task]["optimum"] >= found["bounds"][task]["constant_score"] * 0.99
        assert "over_data" not in rows[DATA, task]
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
    text = tables(found)
    assert "direct" in text
    assert "the day's best constant" in text


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_readme_has_the_records_tables(path: Path) -> None:
    shown = README.read_text(encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    for table in tables(kept).split("\n\n")[1::2]:
        assert table in shown


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_record_is_whole(path: Path) -> None:
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    least = set(ENTRANTS) if path == RECORD else {DATA, CONSTANT, LP, "aigb", "direct"}
    assert least <= set(kept["entrants"]) <= set(ENTRANTS)
    assert len(kept["rows"]) == len(kept["entrants"]) * len(TASKS)
    trials = {
        of["trials"] for entrant in kept["entrants"].values() for of in entrant["seeds"].values()
        if "trials" in of
    }  # fmt: skip
    assert len(trials) == 1  # the same number for every planner


def test_every_registered_planner_takes_part() -> None:
    assert set(PLANNERS) == set(REGISTERED)
    assert LP in ENTRANTS
