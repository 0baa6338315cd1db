"""Figures over variants: a line an entrant, in the order of the axis, as far as it was played."""

from __future__ import annotations

from tests.vao.reproduce.filled import filled, without
from tests.vao.reproduce.studies import LEVELS
from vao.reproduce.sweeps import sweep

ENTRANTS = tuple(LEVELS)


def test_a_sweep_draws_lines_that_some_parts_lack_over_the_others() -> None:
    places = {"few": 1.0, "many": 9.0}
    whole = {part: filled(part) for part in places}
    drawn = sweep(whole, places, "held out")
    for part in places:
        for gone in (("odom-vao",), ENTRANTS):
            less = whole | {part: without(whole[part], *gone)}
            text = sweep(less, places, "held out")
            assert text != drawn
            labels = ("no sharing", "equal", "FAMO", "VAO")
            assert all(f"<!-- {label} -->" in text for label in labels)


def test_a_sweep_is_drawn_in_the_order_of_its_places() -> None:
    places = {"few": 1.0, "many": 9.0}
    parts = {part: filled(part) for part in places}
    assert sweep(parts, places, "x") == sweep(dict(reversed(parts.items())), places, "x")
    assert sweep(parts, places, "x") != sweep(parts, {"few": 9.0, "many": 1.0}, "x")
