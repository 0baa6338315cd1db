"""The published tables: their pages show their results, and their results are of these configs."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from auctionsim.plain_values import plain
from vao.config import TrainingConfig
from vao.reproduce.plan import REFERENCES, Study, load_study
from vao.reproduce.publish import RAW, RECORD, Published, page, published, tables_of
from vao.reproduce.results import Results
from vao.reproduce.run import Run, data_fingerprint
from vao.reproduce.table_config import TableConfig, load_table

TABLES = Path(__file__).resolve().parents[2] / "benchmarks" / "tables"
FOLDERS = sorted(path for path in TABLES.glob("*") if path.is_dir())
#: Where a run takes place, and which of several it is, make no other settings.
ASIDE = {"device", "seed"}


def check_page(folder: Path) -> None:
    """Raise unless a folder's page and figures are what its results give."""
    told, results = published(folder)
    assert not told.partial
    files = {path.name for path in folder.iterdir()}
    again = page(told, tables_of(told, results))
    assert files == {RAW, RECORD, *again}
    for name, text in again.items():
        assert (folder / name).read_text(encoding="utf-8") == text, name


def check_configs(folder: Path, table: TableConfig, study: Study) -> None:
    """Raise unless a folder's results are of the configs as they are now."""
    told, results = published(folder)
    assert told.table == table
    assert told.lines == {
        line.entrant: line
        for part in table.parts()
        for line in (table.line(study, name, part) for name in table.lines)
    }
    scale, seeds = told.made["scale"], told.made["seeds"]
    dataset = table.dataset_of(study, scale)
    assert told.made["dataset"] == dataset
    assert told.made["data"] == data_fingerprint(dataset), "the dataset's config has changed"
    runs = table.runs(study, scale, seeds)
    assert set(told.runs) == {run.label for run in runs}
    for run in runs:
        _check_run(run, told, results)


def _check_run(run: Run, told: Published, results: Results) -> None:
    own = results.where(row=run.row, seed=run.seed)
    protocols = ["paper"] if run.row == "behaviour" else sorted(told.table.protocols)
    assert [name for name in own.names("protocol") if name in protocols] == protocols
    if run.config is None:
        assert run.row in REFERENCES
        return
    first = told.runs[run.label.rpartition("-")[0] + "-0"]
    now: dict[str, Any] = plain(asdict(run.config))
    # Settings that came to be later stood at their defaults then.
    since = {f.name: f.default for f in fields(TrainingConfig) if f.name not in first["config"]}
    for name, value in (since | first["config"]).items():
        assert name in ASIDE or value == now[name], (run.label, name)


@pytest.mark.parametrize("folder", FOLDERS or [None], ids=lambda f: f.name if f else "none yet")
def test_a_page_shows_the_results_beside_it(folder: Path | None) -> None:
    if folder is None:
        assert not TABLES.exists()
        return
    check_page(folder)


@pytest.mark.parametrize("folder", FOLDERS or [None], ids=lambda f: f.name if f else "none yet")
def test_results_are_of_the_configs_as_they_are_now(folder: Path | None) -> None:
    if folder is None:
        assert not TABLES.exists()
        return
    study = load_study(published(folder)[0].made["study"])
    check_configs(folder, load_table(folder.name), study)
