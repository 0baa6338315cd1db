"""A table's folder: gathered, written, read again, and shown once more as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from auctionsim.dataset.files import write_json
from auctionsim.errors import InvalidDataError
from auctionsim.evaluation import PROTOCOLS
from auctionsim.plain_values import plain
from auctionsim.tasks import TASKS
from tests.vao.reproduce.small import Small
from tests.vao.reproduce.studies import study as made_up
from vao.history import write_history
from vao.reproduce.plan import BOUNDS, REFERENCES, Study, load_study
from vao.reproduce.publish import PAGE, RAW, RECORD, gather, page, publish, published, tables_of
from vao.reproduce.results import METRICS, Results
from vao.reproduce.run import Run
from vao.reproduce.table_config import TableConfig, row_name
from vao.reproduce.variants import DataVariant

LINES = ("mdmm-equal", "odom-equal", "odom-vao")
#: Out of alphabetical order, as they are to be shown.
VARIANTS = {
    "2 held out": DataVariant(held_out=2, episodes={"cpa_mcb": 3}),
    "10 held out": DataVariant(held_out=10),
    "1 held out": DataVariant(spoilt="bcb"),
}
TABLES = {
    "plain": TableConfig("Plain", LINES),
    "bars": TableConfig("Bars", LINES, kind="figure", protocols=("wide",)),
    "lines": TableConfig(
        "Lines",
        (*LINES, "odom-vao 0.3"),
        kind="figure",
        places={"odom-vao": 1.0, "odom-vao 0.3": 0.3},
        axis="lambda",
        protocols=("paper",),
    ),
    "sweep": TableConfig(
        "Sweep",
        LINES,
        kind="figure",
        variants=VARIANTS,
        places={"2 held out": 2, "10 held out": 10, "1 held out": 1},
        axis="held out",
        protocols=("wide",),
    ),
    "across": TableConfig(
        "Across",
        ("odom-vao",),
        kind="figure",
        baseline="odom-vao",
        variants=VARIANTS,
        against="10 held out",
        places={"2 held out": 2, "10 held out": 10, "1 held out": 1},
        axis="held out",
        protocols=("wide",),
    ),
    "responding": TableConfig(
        "Responding",
        LINES,
        variants={"others respond": DataVariant()},
        protocols=("paper",),
        respond=True,
    ),
}
MADE = {"command": "vao reproduce", "versions": {"torch": "2"}}


@pytest.fixture
def study(small: Small) -> Study:
    """Return the small study."""
    return load_study(small.study)


def _results(run: Run) -> Results:
    """Made-up results of a run; a bound has an expected Score alone."""
    bound = run.row in (*BOUNDS, "optimum")
    parts = []
    for protocol in ("paper",) if run.row == "behaviour" or run.respond else PROTOCOLS:
        luck = int(run.fingerprint, 16) % 2**31
        given = made_up({"any": 1.0}, {}, episodes=3, seeds=[run.seed], protocol=protocol, of=luck)
        for task in TASKS:
            of = given.where(row="any", task=task)
            metrics = {name: getattr(of, name) * (not bound) for name in METRICS}
            metrics["expected_score"] = of.value * (2.0 if bound else 1.0)
            key = (run.row, run.seed, protocol, task)
            parts.append(Results.of(*key, of.episode, of.seats, metrics))
    return Results.join(parts)


def _history(seed: int) -> list[dict[str, Any]]:
    """A checkpoint, and a trial of a request that is one better."""
    return [
        {
            "kind": kind,
            "stage": "planner",
            "step": 1,
            "scores": dict.fromkeys(TASKS, seed + gain),
            "kept": list(TASKS),
        }
        for kind, gain in (("select", 1.0), ("request", 2.0))
    ]


def _play(runs: list[Run], folder: Path) -> None:
    """Write down runs as if they had been played."""
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        _results(run).write(folder / f"{run.label}.parquet")
        told = {"fingerprint": run.fingerprint, "run": asdict(run), "seconds": 2.0, "trials": 3}
        write_json(folder / f"{run.label}.json", plain(told))
        if run.config is not None:
            write_history(_history(run.seed), folder / f"{run.label}.jsonl")


def _files(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _published(table: TableConfig, study: Study, folder: Path, **options: Any) -> Path:
    runs = table.runs(study, "toy", 2)
    _play(runs, folder / "runs")
    publish(table, study, *gather(runs, folder / "runs"), MADE, folder / "out", **options)
    return folder / "out"


@pytest.mark.parametrize("name", TABLES)
def test_the_page_is_made_of_the_files_beside_it(name: str, study: Study, tmp_path: Path) -> None:
    folder = _published(TABLES[name], study, tmp_path)
    told, results = published(folder)
    assert told.table == TABLES[name]
    assert list(told.table.variants) == list(TABLES[name].variants)
    assert told.made == {**MADE, "by": []}
    again = page(told, tables_of(told, results))
    files = {n: text.decode() for n, text in _files(folder).items() if n not in (RAW, RECORD)}
    assert again == files
    figures = TABLES[name].protocols if TABLES[name].kind == "figure" else ()
    assert set(files) == {PAGE, *(f"figure-{protocol}.svg" for protocol in figures)}


def test_publishing_twice_writes_the_same_bytes(study: Study, tmp_path: Path) -> None:
    once = _files(_published(TABLES["bars"], study, tmp_path))
    assert _files(_published(TABLES["bars"], study, tmp_path)) == once


def test_the_page_shows_each_part_and_protocol_in_order(study: Study, tmp_path: Path) -> None:
    text = (_published(TABLES["sweep"], study, tmp_path) / PAGE).read_text()
    places = [text.index(f"Sweep: {part}: each task on all seats") for part in VARIANTS]
    assert places == sorted(places)
    assert text.startswith("# Sweep\n\n![Sweep](figure-wide.svg)\n")
    text = (_published(TABLES["plain"], study, tmp_path / "plain") / PAGE).read_text()
    assert text.index("Plain: each task on all seats") < text.index("Plain: the tasks' own seats")
    assert "No sharing" in text
    assert "figure" not in text
    own = text[text.index("the tasks' own seats") :]
    assert REFERENCES["behaviour"] in own
    assert REFERENCES["behaviour"] not in text[: text.index("the tasks' own seats")]


def test_the_record_says_what_each_run_was(study: Study, tmp_path: Path) -> None:
    told, _ = published(_published(TABLES["plain"], study, tmp_path))
    assert list(told.runs) == [run.label for run in TABLES["plain"].runs(study, "toy", 2)]
    for run in TABLES["plain"].runs(study, "toy", 2):
        assert told.runs[run.label]["fingerprint"] == run.fingerprint
    # The first seed's config stands for the others'.
    assert told.runs["odom-vao-0"]["config"]["weighting"]["refresh"] == 2
    assert "config" not in told.runs["odom-vao-1"]
    assert "trials" not in told.runs["odom-vao-0"]
    assert told.lines["odom-equal"] == TABLES["plain"].line(study, "odom-equal", "")


def test_only_what_is_finished_is_gathered(study: Study, tmp_path: Path) -> None:
    runs = TABLES["plain"].runs(study, "toy", 2)
    _play(runs, tmp_path)
    (tmp_path / "odom-vao-1.json").write_text("{")
    stale = json.loads((tmp_path / "odom-vao-0.json").read_text()) | {"fingerprint": "old"}
    write_json(tmp_path / "odom-vao-0.json", stale)
    results, notes = gather(runs, tmp_path)
    assert "odom-vao" not in results.names("row")
    assert set(notes) == {run.label for run in runs} - {"odom-vao-0", "odom-vao-1"}


def test_variants_of_one_entrant_are_compared_with_each_other(study: Study, tmp_path: Path) -> None:
    told, results = published(_published(TABLES["across"], study, tmp_path))
    (table,) = tables_of(told, results).values()
    assert [row.line.label for row in table.rows if row.line.learns] == list(VARIANTS)
    assert table.layout.ours == table.layout.baseline == "odom-vao @ 10 held out"
    text = page(told, {"wide": table})[PAGE]
    assert "Against ODOM 10 held out" in text
    assert "odom-vao @ 1 held out" in text  # in what choosing did


def test_a_run_whose_results_are_damaged_counts_as_not_played(study: Study, tmp_path: Path) -> None:
    runs = TABLES["plain"].runs(study, "toy", 1)
    _play(runs, tmp_path)
    whole, _ = gather(runs, tmp_path)
    (tmp_path / "odom-vao-0.parquet").write_bytes(b"PAR1")
    results, notes = gather(runs, tmp_path)
    assert set(whole.row) - set(results.row) == {"odom-vao"}
    assert "odom-vao-0" not in notes


@pytest.mark.parametrize("name", TABLES)
def test_a_partial_page_leaves_out_and_names_what_is_not_finished(
    name: str, study: Study, tmp_path: Path
) -> None:
    table = TABLES[name]
    runs = table.runs(study, "toy", 2)
    lost = row_name("odom-vao", next(iter(table.parts())))
    _play([run for run in runs if run.row != lost], tmp_path)
    found = gather(runs, tmp_path)
    with pytest.raises(InvalidDataError, match="missing odom-vao"):
        publish(table, study, *found, MADE, tmp_path / "whole")
    assert not (tmp_path / "whole").exists()
    folder = tmp_path / "out"
    tables = publish(table, study, *found, MADE, folder, partial=True)
    label, whole = ("2 held out", VARIANTS) if table.across else ("VAO", table.lines)
    assert next(len(t.rows) < len(whole) for t in tables.values())
    assert f"Left out, not finished: {label} (no results)" in (folder / PAGE).read_text()
    told, results = published(folder)
    assert told.partial
    again = page(told, tables_of(told, results))
    assert all((folder / n).read_text() == text for n, text in again.items())


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("rows", [(), tuple(REFERENCES)])
def test_a_partial_page_of_nothing_is_refused(
    name: str, rows: tuple[str, ...], study: Study, tmp_path: Path
) -> None:
    runs = TABLES[name].runs(study, "toy", 2)
    _play([run for run in runs if run.row in rows], tmp_path)
    with pytest.raises(InvalidDataError, match="Play some runs first"):
        publish(TABLES[name], study, *gather(runs, tmp_path), MADE, tmp_path / "out", partial=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if not table.across])
def test_a_partial_page_of_the_baseline_alone(name: str, study: Study, tmp_path: Path) -> None:
    table = TABLES[name]
    runs = table.runs(study, "toy", 2)
    _play([run for run in runs if run.row.partition(" @ ")[0] == table.baseline], tmp_path)
    tables = publish(table, study, *gather(runs, tmp_path), MADE, tmp_path / "out", partial=True)
    assert [row.line.label for t in tables.values() for row in t.rows] == ["No sharing"] * len(
        tables
    )


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"table": {}}', '{"tabel": 1}'])
def test_a_damaged_record_is_named(study: Study, tmp_path: Path, damaged: str) -> None:
    folder = _published(TABLES["plain"], study, tmp_path)
    (folder / RECORD).write_text(damaged)
    with pytest.raises(InvalidDataError, match="must be a readable record"):
        published(folder)
    with pytest.raises(InvalidDataError, match="must be a readable record"):
        published(tmp_path / "nowhere")


def test_a_record_that_was_changed_gives_another_page(study: Study, tmp_path: Path) -> None:
    folder = _published(TABLES["plain"], study, tmp_path)
    told, results = published(folder)
    other = replace(told, table=replace(told.table, title="Other"))
    assert page(other, tables_of(other, results))[PAGE] != (folder / PAGE).read_text()


def test_the_page_says_what_choosing_did(study: Study, tmp_path: Path) -> None:
    page_text = (_published(TABLES["plain"], study, tmp_path) / PAGE).read_text()
    section = page_text.partition("## What choosing on the selection episodes does")[2]
    assert "| odom-vao | 1.50 ± 0.50 | 1.50 ± 0.50 | 2.50 ± 0.50 |" in section
