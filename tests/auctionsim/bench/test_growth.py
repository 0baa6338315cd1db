from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from auctionsim.bench import growth as module
from auctionsim.bench.formula import MEMORY_TERMS, Sizes, fit
from auctionsim.bench.growth import (
    AXES,
    MEMORY_FLOOR_MIB,
    QUICK_AXES,
    Growth,
    Point,
    formulas,
    markets_around,
    measure_growth,
    sizes_of,
)
from auctionsim.bench.memory import Memory
from auctionsim.bench.plot import FORMATS, check_plot_target, draw_growth
from auctionsim.bench.tables import growth_sheet
from auctionsim.bench.timing import Patience
from auctionsim.cli.output import plain
from auctionsim.errors import InvalidArgumentError
from auctionsim.market import MarketConfig, load_market
from tests.auctionsim.worlds import WORLD, world

WORLD_AXES = {"opportunities": (0.5, 1), "advertisers": (4, 8), "slots": (1, 5), "steps": (4, 8)}


def some_growth(mib: float | None = 5.0) -> Growth:
    around = markets_around(load_market("paper"), QUICK_AXES)
    points = [
        Point(sizes_of(market), axes, 2, 1e-9 * market.opportunities * market.advertisers, mib)
        for axes, market in around
    ]
    return Growth("paper", 2, points, *formulas(points), 200.0)


def test_markets_differ_from_the_centre_in_one_size_each() -> None:
    paper = load_market("paper")
    around = markets_around(paper)
    assert around[0] == (tuple(AXES), paper)
    for axes, market in around[1:]:
        own, centre = sizes_of(market), sizes_of(paper)
        changed = [name for name in AXES if getattr(own, name) != getattr(centre, name)]
        assert changed == list(axes)
    opportunities = [market.opportunities for _, market in around]
    assert (min(opportunities), max(opportunities)) == (5_000, 5_000_000)
    assert max(market.advertisers for _, market in around) == 1000
    assert max(market.slots for _, market in around) == 10


def test_a_mechanism_with_one_slot_keeps_it() -> None:
    around = markets_around(world(slots=1, mechanism="second_price"), WORLD_AXES)
    assert {market.slots for _, market in around} == {1}
    assert len({sizes_of(market) for _, market in around}) == len(around)


def test_a_market_without_opportunities_is_no_centre() -> None:
    with pytest.raises(InvalidArgumentError, match="must have opportunities"):
        markets_around(world(opportunities=0))


def test_time_and_memory_are_measured_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def memory(market: MarketConfig, case: str, seed: int) -> Memory:
        return Memory(market.name, case, 100.0, 100.0 + market.advertisers, market.advertisers)

    finished: list[None] = []
    monkeypatch.setattr(module, "measure_memory", memory)
    found = measure_growth(
        WORLD, 1, 0, Patience(0.001), WORLD_AXES, on_finished=lambda: finished.append(None)
    )
    assert found.points[0].sizes == Sizes(800, 8, 3, 8)
    assert [p.axes for p in found.points[1:]] == [
        ("opportunities",), ("advertisers",), ("slots",), ("slots",), ("steps",),
    ]  # fmt: skip
    assert len(finished) == 2 * len(found.points)
    assert all(p.seconds > 0 and p.runs >= 2 for p in found.points)
    assert [p.mib for p in found.points] == [p.sizes.advertisers for p in found.points]
    assert found.before_mib == 100.0
    assert found.memory is not None
    errors = [abs(found.time(p.sizes) / p.seconds - 1) for p in found.points]
    assert max(errors) == pytest.approx(found.time.largest_relative_error)


def test_memory_is_left_out_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "measure_memory")
    found = measure_growth(WORLD, 1, 0, Patience(0.001), {"slots": (1, 3)}, memory=False)
    assert [p.mib for p in found.points] == [None, None]
    assert found.memory is None
    assert found.before_mib is None


def test_there_is_no_formula_for_unknown_memory() -> None:
    found = some_growth(mib=None)
    assert found.memory is None
    assert found.time.coefficients == {"N A": pytest.approx(1e-9)}


def test_the_table_holds_points_formulas_and_their_error() -> None:
    found = some_growth()
    sheet = growth_sheet(found)
    assert sheet.rows[0][:5] == ["(centre)", 500_000, 48, 3, 48]
    assert len(sheet.rows) == len(found.points)
    assert all(len(row) == len(sheet.headings) for row in sheet.rows)
    assert "seconds an episode = 1e-09 N A; off by at most 0%" in sheet.note
    assert "MiB = 5, beside" in sheet.note
    json.dumps(plain(found), allow_nan=False)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_is_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"growth{suffix}"
    draw_growth(some_growth(), path)
    begins = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(begins)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_picture_of_equal_results_is_equal_and_without_memory_it_has_a_row_less(
    tmp_path: Path,
) -> None:
    for name, growth in (
        ("a.svg", some_growth()), ("b.svg", some_growth()), ("c.svg", some_growth(None)),
    ):  # fmt: skip
        draw_growth(growth, tmp_path / name)
    a, b, c = ((tmp_path / name).read_text() for name in ("a.svg", "b.svg", "c.svg"))
    assert a == b
    assert (a.count('id="axes_'), c.count('id="axes_')) == (8, 4)


def test_amounts_of_nothing_have_a_place_on_a_logarithmic_axis(tmp_path: Path) -> None:
    growth = some_growth(mib=0.0)
    assert growth.memory is not None
    assert growth.memory.coefficients == {}
    draw_growth(growth, tmp_path / "none.svg")
    assert "nan" not in (tmp_path / "none.svg").read_text().lower()


@pytest.mark.parametrize("name", ["picture.gif", "picture", "nowhere/picture.svg", "folder.svg"])
def test_a_picture_that_could_not_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(InvalidArgumentError, match="`--plot` must"):
        check_plot_target(tmp_path / name)


def test_memory_is_fitted_with_a_floor() -> None:
    points = some_growth(mib=0.2).points
    again = [replace(p, mib=0.2 if p.sizes.opportunities < 1e6 else 80.0) for p in points]
    time, memory = formulas(again)
    assert math.isclose(time.coefficients["N A"], 1e-9, rel_tol=1e-6)
    expected = fit(
        "MiB",
        MEMORY_TERMS,
        [p.sizes for p in again],
        [p.mib or 0.0 for p in again],
        MEMORY_FLOOR_MIB,
    )
    assert memory == expected
