"""Figures of ablations."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from auctionsim.errors import InvalidArgumentError
from tests.vao.reproduce.studies import LAYOUT, study
from vao.reproduce.figures import bars, lines, write_figure
from vao.reproduce.intervals import Drawing
from vao.reproduce.table import Cell, Table, make_table

POSITIONS = {"odom-vao": 1.0, "odom-equal": 0.01, "odom-famo": 0.1}


@pytest.fixture(scope="module")
def table() -> Table:
    return make_table(study(), LAYOUT, drawing=Drawing(draws=100))


def paths(svg: str) -> int:
    return svg.count("<path") + svg.count("<use")


def test_equal_tables_give_equal_drawings(table: Table) -> None:
    assert bars(table, ["odom-vao", "odom-famo"]) == bars(table, ["odom-vao", "odom-famo"])
    assert lines(table, POSITIONS, "λ") == lines(table, POSITIONS, "λ")
    shuffled = dict(reversed(POSITIONS.items()))
    assert lines(table, shuffled, "λ") == lines(table, POSITIONS, "λ")
    other = make_table(study(of=1), LAYOUT, drawing=Drawing(draws=100))
    assert lines(other, POSITIONS, "λ") != lines(table, POSITIONS, "λ")


def test_they_are_documents_of_their_own(table: Table, tmp_path: Path) -> None:
    for place, svg in enumerate((bars(table, ["odom-vao"]), lines(table, POSITIONS, "λ"))):
        assert ElementTree.fromstring(svg.encode()).tag == "{http://www.w3.org/2000/svg}svg"
        assert "<metadata>" not in svg or "date" not in svg
        path = tmp_path / f"{place}.svg"
        write_figure(path, svg)
        assert path.read_text(encoding="utf-8") == svg


def test_every_entrant_and_metric_is_drawn(table: Table) -> None:
    one = bars(table, ["odom-vao"], ["value"])
    assert paths(bars(table, ["odom-vao", "odom-famo"], ["value"])) > paths(one)
    assert paths(bars(table, ["odom-vao"], ["value", "score_strict"])) > paths(one)
    line = lines(table, POSITIONS, "λ", ["value"])
    assert paths(lines(table, POSITIONS, "λ")) > paths(line)


def test_errors_over_seeds_are_drawn(table: Table) -> None:
    def without(cell: Cell) -> Cell:
        return replace(cell, standard_error=None)

    rows = tuple(
        replace(
            row, cells={t: {m: without(c) for m, c in of.items()} for t, of in row.cells.items()}
        )
        for row in table.rows
    )
    bare = replace(table, rows=rows)
    assert bars(bare, ["odom-vao"]) != bars(table, ["odom-vao"])
    assert lines(bare, POSITIONS, "λ") != lines(table, POSITIONS, "λ")


def test_one_seed_has_no_error_bars_and_is_drawn_all_the_same() -> None:
    single = make_table(study(seeds=(0,)), LAYOUT, drawing=Drawing(draws=100))
    assert "<svg" in lines(single, POSITIONS, "λ")
    assert "<svg" in bars(single, list(POSITIONS))


def test_what_cannot_be_drawn_is_refused(table: Table) -> None:
    with pytest.raises(InvalidArgumentError, match=r"`entrants`.*Did you mean 'odom-vao'"):
        bars(table, ["odom-voa"])
    with pytest.raises(InvalidArgumentError, match="`entrants` must not be empty"):
        bars(table, [])
    with pytest.raises(InvalidArgumentError, match="`metrics` must be one of"):
        bars(table, ["odom-vao"], ["score"])
    with pytest.raises(InvalidArgumentError, match="`metrics` must not be empty"):
        lines(table, POSITIONS, "λ", [])
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(InvalidArgumentError, match=r"`positions.odom-vao` must be a finite"):
            lines(table, {"odom-vao": wrong}, "λ")
