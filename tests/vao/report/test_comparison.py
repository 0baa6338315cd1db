"""The table of paired differences."""

from __future__ import annotations

from vao.report import Estimate, MethodResult, ReportData
from vao.report.comparison import comparisons
from vao.report.table import Cell


def cells(own: float | None, gain: Estimate | None, gap: Estimate | None) -> tuple[Cell, ...]:
    """Return the printed line of a method with these estimates of expected Value."""

    def of(estimate: Estimate | None) -> dict[str, dict[str, Estimate]]:
        return {} if estimate is None else {"bcb": {"expected_value": estimate}}

    row = MethodResult("b", of(Estimate(own)), gaps=of(gap), gains=of(gain))
    base = MethodResult("a", {})
    (task,) = comparisons(ReportData("t", (), ("bcb",), (base, row), baseline="a", highlight="b"))
    (line,) = task.rows
    assert (task.task, line.name, line.highlight) == ("bcb", "b", True)
    return line.cells


def test_differences_are_signed_and_in_percent_of_the_data() -> None:
    assert cells(25.0, Estimate(5.0, 1.0), Estimate(-1.0, 0.5)) == (
        Cell("+5.00", "1.00", True),
        Cell("+25.0", "5.0", True),
        Cell("−1.00", "0.50", False),
    )


def test_what_is_not_known_is_a_dash() -> None:
    dash = Cell("–", "", False)
    assert cells(25.0, None, Estimate(1.0)) == (dash, dash, Cell("+1.00", "", False))
    assert cells(5.0, Estimate(5.0, 1.0), None) == (Cell("+5.00", "1.00", True), dash, dash)
    assert cells(None, Estimate(5.0, 1.0), None)[1] == dash


def test_tasks_without_differences_are_left_out() -> None:
    row = MethodResult("a", {"bcb": {"expected_value": Estimate(1.0)}})
    data = ReportData("t", (), ("bcb",), (row,), baseline="a", highlight="a")
    assert comparisons(data) == []
