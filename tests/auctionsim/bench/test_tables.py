from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from auctionsim.bench.cases import CASES
from auctionsim.bench.compilation import Process
from auctionsim.bench.environments import ENVIRONMENTS, EnvironmentSpeed
from auctionsim.bench.goals import GOALS, LAYER_GOALS
from auctionsim.bench.memory import Memory
from auctionsim.bench.speed import Reference, Speed
from auctionsim.bench.stages import STAGES
from auctionsim.bench.tables import environment_sheet, goal_sheet, sheets, speed_sheet
from auctionsim.cli.output import table


def speed(case: str = "fixed", **changes: Any) -> Speed:
    values: dict[str, Any] = {
        "market": "paper",
        "case": case,
        "threads": 2,
        "runs": 12,
        "seconds": 1.6,
        "median_seconds": 3.2,
        "episodes": CASES[case].episodes,
        "bids_per_second": 123_400_000.0,
        "stages": dict.fromkeys(STAGES, 1.2345),
        "cost": 1.0,
        "same_result": True,
        "goal": GOALS.get(case),
    }
    return Speed(**{**values, **changes})


RESULT: dict[str, Any] = {
    "speed": [speed(case, threads=n) for case in CASES for n in (1, 2)],
    "reference": [Reference("paper", 2500, 2, 1.0, 8000.0, {1: 100.0, 2: 190.0}, True)],
    "memory": [Memory("paper", case, 190.0, 250.5, 60.5) for case in CASES],
    "compilation": [Process(cache, 20.0, 0.5, 18.0, 0.1) for cache in ("empty", "filled")],
}


def environment(name: str = "single", **changes: Any) -> EnvironmentSpeed:
    values: dict[str, Any] = {
        "market": "tiny",
        "environment": name,
        "threads": 2,
        "runs": 9,
        "seconds": 0.0224,
        "own_seconds": 0.0200,
        "steps": 48,
        "steps_per_second": 48 / 0.0224,
        "own_microseconds": 1e6 * 0.02 / 48,
        "layer_microseconds": 50.0,
        "layer_share": 0.12,
        "same_result": True,
        "goal": LAYER_GOALS["tiny"],
    }
    return EnvironmentSpeed(**{**values, **changes})


RESULT["environments"] = [environment(name) for name in ENVIRONMENTS]


def test_layers_of_environments_stand_beside_their_goals() -> None:
    goals = (LAYER_GOALS["tiny"], LAYER_GOALS["small"], None)
    speeds = [environment(goal=goal) for goal in goals]
    sheet = environment_sheet(speeds)
    assert [row[-1] for row in sheet.rows] == [True, False, None]
    row = dict(zip(sheet.headings, sheet.rows[0], strict=True))
    assert row["own µs"] == pytest.approx(416.7, abs=0.1)
    assert row["layer %"] == "12.0%"
    assert "tiny 50 µs at most, small 10% at most" in sheet.note
    assert "Goals" not in environment_sheet([environment(goal=None)]).note
    assert "DIFFER" not in sheet.note
    assert "DIFFER" in environment_sheet([environment(same_result=False)]).note


def test_times_are_per_episode() -> None:
    sheet = speed_sheet([speed("many")])
    row = dict(zip(sheet.headings, sheet.rows[0], strict=True))
    assert (row["s an episode"], row["median"]) == pytest.approx((0.1, 0.2))
    assert row["M bids/s"] == pytest.approx(123.4)
    assert sheet.note == ""


def test_differing_results_cannot_be_overlooked() -> None:
    sheet = speed_sheet([speed("fixed"), speed("alone", same_result=False)])
    assert "RESULTS DIFFER" in sheet.note
    assert CASES["alone"].title in sheet.note
    assert CASES["fixed"].title not in sheet.note


def test_goals_stand_beside_what_was_measured() -> None:
    rows = goal_sheet([speed("fixed", seconds=0.15), speed("lineup"), speed("many")]).rows
    assert [row[1:4] for row in rows] == [[0.15, 0.15, True], [1.6, 0.3, False]]
    assert rows[0][4] == "9.4–36.8"


def test_there_is_a_table_a_kind_of_measurement() -> None:
    assert [s.title.partition(":")[0] for s in sheets({})] == []
    titles = [sheet.title for sheet in sheets(RESULT)]
    assert len(titles) == len(set(titles)) == 7
    assert len(sheets({"speed": [speed(), speed(market="own", goal=None)]})) == 5


def test_tables_fit_a_terminal_of_80_columns() -> None:
    for sheet in sheets(RESULT):
        buffer = io.StringIO()
        Console(width=80, file=buffer).print(table(sheet.headings, sheet.rows, sheet.title))
        text = buffer.getvalue()
        assert "…" not in text
        for heading in sheet.headings:
            assert heading in text, sheet.title
        assert all(len(row) == len(sheet.headings) for row in sheet.rows)
