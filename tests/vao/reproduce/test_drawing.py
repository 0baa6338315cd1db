"""Which figures go with a table, and what stands in them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tests.vao.reproduce.filled import filled, without
from tests.vao.reproduce.studies import LEVELS
from vao.reproduce.drawing import figures
from vao.reproduce.figures import bars, lines
from vao.reproduce.sweeps import sweep
from vao.reproduce.table_config import TableConfig
from vao.reproduce.variants import DataVariant

ENTRANTS = tuple(LEVELS)
METRICS = ("value", "score_strict", "expected_score")
CONFIG = TableConfig("T", ENTRANTS, kind="figure", protocols=("wide",))


def test_a_plain_table_has_no_figure() -> None:
    assert figures(replace(CONFIG, kind="table"), {"wide": filled()}) == {}


def test_without_places_there_are_bars_of_all_but_the_baseline() -> None:
    shown = [name for name in ENTRANTS if name != CONFIG.baseline]
    assert figures(CONFIG, {"wide": filled()}) == {
        "figure-wide.svg": bars(filled(), shown, METRICS)
    }


def test_entrants_with_places_stand_on_an_axis() -> None:
    places = {"odom-vao": 2.0, "odom-famo": 1.0}
    config = replace(CONFIG, places=places, axis="lambda")
    found = figures(config, {"wide": filled()})
    assert found == {"figure-wide.svg": lines(filled(), places, "lambda", METRICS)}
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
    tables = {f"{v} {p}": filled(v, p) for v, p in product(variants, ("wide", "paper"))}
    found = figures(config, tables)
    assert set(found) == {"figure-wide.svg", "figure-paper.svg"}
    for protocol in ("wide", "paper"):
        parts = {v: tables[f"{v} {protocol}"] for v in variants}
        assert found[f"figure-{protocol}.svg"] == sweep(parts, config.places, "held out")


@pytest.mark.parametrize("places", [{}, {"odom-vao": 2.0}])
def test_who_has_not_finished_is_not_drawn(places: dict[str, float]) -> None:
    config = replace(CONFIG, places=places)
    less = without(filled(), "odom-vao")
    found = figures(config, {"wide": less})
    assert found != figures(config, {"wide": filled()})
    assert bool(found) == (not places)
    assert figures(config, {"wide": without(filled(), *ENTRANTS[1:])}) == {}
