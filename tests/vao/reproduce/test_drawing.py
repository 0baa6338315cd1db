"""Which figures go with a table, and what stands in them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from tests.vao.reproduce.studies import LAYOUT, LEVELS, study
from vao.reproduce.drawing import figures
from vao.reproduce.figures import bars, lines
from vao.reproduce.sweeps import sweep
from vao.reproduce.table import Table, make_table
from vao.reproduce.table_config import TableConfig
from vao.reproduce.variants import DataVariant

ENTRANTS = tuple(LEVELS)
METRICS = ("value", "score_strict", "expected_score")
CONFIG = TableConfig("T", ENTRANTS, kind="figure", protocols=("wide",))


@cache
def _table(part: str = "", protocol: str = "wide") -> Table:
    """Fill a table of three episodes; `part` is a variant."""
    ending = f" @ {part}" if part else ""
    levels = {name + ending: level for name, level in LEVELS.items()}
    layout = replace(
        LAYOUT,
        lines=tuple(replace(line, entrant=line.entrant + ending) for line in LAYOUT.lines),
        baseline=LAYOUT.baseline + ending,
        ours=LAYOUT.ours + ending,
        protocol=protocol,
    )
    return make_table(study(levels, protocol=protocol, of=len(part), episodes=3), layout)


def test_a_plain_table_has_no_figure() -> None:
    assert figures(replace(CONFIG, kind="table"), {"wide": _table()}) == {}


def test_without_places_there_are_bars_of_all_but_the_baseline() -> None:
    shown = [name for name in ENTRANTS if name != CONFIG.baseline]
    assert figures(CONFIG, {"wide": _table()}) == {
        "figure-wide.svg": bars(_table(), shown, METRICS)
    }


def test_entrants_with_places_stand_on_an_axis() -> None:
    places = {"odom-vao": 2.0, "odom-famo": 1.0}
    config = replace(CONFIG, places=places, axis="lambda")
    found = figures(config, {"wide": _table()})
    assert found == {"figure-wide.svg": lines(_table(), places, "lambda", METRICS)}
    assert "lambda" in next(iter(found.values()))


def test_variants_with_places_stand_on_an_axis_each_protocol_in_a_figure() -> None:
    variants = {"many": DataVariant(held_out=9), "few": DataVariant(held_out=1)}
    config = replace(
        CONFIG,
        variants=variants,
        places={"few": 1.0, "many": 9.0},
        protocols=("wide", "paper"),
        axis="held out",
    )
    tables = {f"{v} {p}": _table(v, p) for v, p in product(variants, ("wide", "paper"))}
    found = figures(config, tables)
    assert set(found) == {"figure-wide.svg", "figure-paper.svg"}
    for protocol in ("wide", "paper"):
        parts = {v: tables[f"{v} {protocol}"] for v in variants}
        assert found[f"figure-{protocol}.svg"] == sweep(parts, config.places, "held out")


def _without(table: Table, *entrants: str) -> Table:
    kept = tuple(r for r in table.rows if r.line.entrant.partition(" @ ")[0] not in entrants)
    return replace(table, rows=kept)


@pytest.mark.parametrize("places", [{}, {"odom-vao": 2.0}])
def test_who_has_not_finished_is_not_drawn(places: dict[str, float]) -> None:
    config = replace(CONFIG, places=places)
    less = _without(_table(), "odom-vao")
    found = figures(config, {"wide": less})
    assert found != figures(config, {"wide": _table()})
    assert bool(found) == (not places)
    assert figures(config, {"wide": _without(_table(), *ENTRANTS[1:])}) == {}


def test_a_sweep_draws_lines_that_some_parts_lack_over_the_others() -> None:
    places = {"few": 1.0, "many": 9.0}
    whole = {part: _table(part) for part in places}
    drawn = sweep(whole, places, "held out")
    for part in places:
        for gone in (("odom-vao",), ENTRANTS):
            less = whole | {part: _without(whole[part], *gone)}
            text = sweep(less, places, "held out")
            assert text != drawn
            labels = ("no sharing", "equal", "FAMO", "VAO")
            assert all(f"<!-- {label} -->" in text for label in labels)


def test_a_sweep_is_drawn_in_the_order_of_its_places() -> None:
    places = {"few": 1.0, "many": 9.0}
    parts = {part: _table(part) for part in places}
    assert sweep(parts, places, "x") == sweep(dict(reversed(parts.items())), places, "x")
    assert sweep(parts, places, "x") != sweep(parts, {"few": 9.0, "many": 1.0}, "x")
