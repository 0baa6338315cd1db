"""Tables in the terminal."""

from __future__ import annotations

import math
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from tests.vao.report.demo import TASKS, demo
from vao.cli.tables import (
    foresight_note,
    foresight_table,
    gain_lines,
    obedience_note,
    obedience_table,
    results_table,
    swing_table,
)
from vao.report import Estimate
from vao.report.data import METRICS


def lines_of(table: Table) -> list[str]:
    """Return a table's lines, as 80 columns show them."""
    console = Console(width=80)
    with console.capture() as captured:
        console.print(table)
    return captured.get().splitlines()


def shown(delta: Estimate | None) -> list[str]:
    """Return the main table's lines, with all rows of one delta-m."""
    cells = {task: dict.fromkeys(METRICS, Estimate(8.744, 13.171)) for task in TASKS}
    results = [replace(result, cells=cells, delta_m=delta) for result in demo().results]
    return lines_of(results_table(results, TASKS))


def test_delta_m_has_its_error_below_and_all_fits_80_columns() -> None:
    lines = shown(Estimate(-12.14, 11.31))
    assert max(map(len, lines)) <= 80
    assert lines[1].rstrip().endswith("delta m")  # nothing is cut off
    assert all(line.count("8.7±13.2") == len(METRICS) for line in lines if "bcb" in line)
    first = next(i for i, line in enumerate(lines) if "Behaviour data" in line)
    assert lines[first].rstrip().endswith("-12.1 %")
    assert lines[first + 1].rstrip().endswith("±11.3 %")
    assert len(lines[first:]) == len(demo().results) * len(TASKS) + 1  # no line was folded


def test_delta_m_without_an_error_stands_alone() -> None:
    text = "\n".join(shown(Estimate(-2.14)))
    assert "-2.1 %" in text
    assert text.count(" %") == len(demo().results)


def test_without_a_delta_m_there_is_no_column_for_it() -> None:
    assert shown(None)[1].rstrip().endswith("paper")


FORESIGHT = {"features": (), "plan_error": (), "copy_error": ()} | {
    "action_error": 0.5, "action_spread": 1.0, "inverse_error": math.nan, "plan_change": math.nan,
}  # fmt: skip


def test_what_a_planner_without_plans_has_nothing_for_is_left_out() -> None:
    lines = lines_of(foresight_table("bcb", FORESIGHT))
    assert [line.split()[0] for line in lines if "0.500" in line] == ["action"]
    assert not any("nan" in line or "next state" in line for line in lines)
    assert "next state" not in foresight_note(plans=False)


def test_a_planner_with_plans_has_all_rows() -> None:
    plans = {"features": ("pace",), "plan_error": (0.1,), "copy_error": (0.2,)}
    text = "\n".join(
        lines_of(
            foresight_table("bcb", FORESIGHT | plans | {"inverse_error": 0.3, "plan_change": 0.4})
        )
    )
    for row in ("pace", "action, true next state", "action, changed by plan", "0.300", "0.400"):
        assert row in text
    assert max(map(len, foresight_note(plans=True).splitlines())) <= 80


def test_what_could_not_be_measured_is_a_dash() -> None:
    found = {"task": "target_roas", "quantiles": (0.5,), "asked": (1.0,), "scores": (2.0,)}
    line = lines_of(obedience_table(found | {"achieved": ((math.nan, math.nan),)}))[3]
    assert line.split() == ["target_roas", "0.5", "1.000", "–", "–", "2.00"]
    assert "nan" not in "".join(lines_of(swing_table({"bcb": {"data": math.nan, "policy": 0.1}})))


def test_the_side_of_a_limit_is_told_for_the_tasks_shown() -> None:
    assert "log ROAS / target: 0 is at the limit, below 0 breaks it." in obedience_note(TASKS)
    assert "target:" not in obedience_note(["bcb"])


def test_a_line_a_method_says_what_it_gains_over_the_data() -> None:
    vao = demo().result("VAO")
    gains = {
        "cpa_mcb": {"expected_value": Estimate(5.92, 1.23)},
        "target_roas": {"expected_value": Estimate(-2.31, None)},
        "bcb": {"expected_value": Estimate(4.2, 0.38)},
    }
    results = [replace(vao, gains=gains), replace(vao, gains={}), demo().result("PID")]
    assert gain_lines(results, TASKS) == [
        "VAO against behaviour data, expected Value: "
        "cpa_mcb +5.9±1.2, target_roas -2.3, bcb +4.2±0.4"
    ]
