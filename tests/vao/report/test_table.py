"""The main table and the words around it."""

from __future__ import annotations

import pytest

from vao.report import Estimate, MethodResult, ReportData
from vao.report.table import Cell, main_table
from vao.report.words import finding


def report(*rows: tuple[str, float | None, float | None], reference: str = "") -> ReportData:
    """Return a report on one task with the same estimate in Value and Score (strict)."""
    results = []
    for name, mean, error in rows:
        estimate = Estimate(mean, error)
        cells = {"bcb": {"value": estimate, "score_strict": estimate}}
        results.append(MethodResult(name, cells, reference=name == reference))
    first, last = rows[0][0], rows[-1][0]
    return ReportData("t", (), ("bcb",), tuple(results), baseline=first, highlight=last)


def column(data: ReportData) -> list[Cell]:
    return [row.cells["bcb"][0] for row in main_table(data)]


def test_the_best_of_a_column_is_marked() -> None:
    assert column(report(("a", 1.0, 0.25), ("b", 3.0, None), ("c", -2.0, 0.0))) == [
        Cell("1.00", "0.25", False),
        Cell("3.00", "", True),
        Cell("−2.00", "0.00", False),
    ]


def test_numbers_printed_alike_are_both_best() -> None:
    assert [c.best for c in column(report(("a", 3.001, None), ("b", 3.0, None)))] == [True, True]


def test_a_reference_and_a_lone_method_are_never_best() -> None:
    data = report(("a", 9.0, None), ("b", 3.0, None), ("c", 2.0, None), reference="a")
    assert [c.best for c in column(data)] == [False, True, False]
    assert [c.best for c in column(report(("a", 3.0, None)))] == [False]


def test_a_missing_number_is_a_dash() -> None:
    assert column(report(("a", None, None), ("b", 1.0, None), ("c", 2.0, None)))[0] == Cell(
        "–", "", False
    )


@pytest.mark.parametrize(
    ("mean", "shown"), [(0.0, "0.00"), (99.994, "99.99"), (123.456, "123.5"), (12345.6, "12,346")]
)
def test_decimals_follow_the_size_of_the_column(mean: float, shown: str) -> None:
    assert column(report(("a", mean, None), ("b", 0.0, None)))[0].mean == shown


def test_the_lowest_delta_m_is_best() -> None:
    results = tuple(
        MethodResult(name, {}, Estimate(delta)) for name, delta in (("a", 0.0), ("b", -4.25))
    )
    rows = main_table(ReportData("t", (), ("bcb",), results, baseline="a", highlight="b"))
    assert [row.delta_m for row in rows] == [Cell("0.0", "", False), Cell("−4.2", "", True)]


def test_the_finding_counts_what_is_above_and_what_is_settled() -> None:
    (above, best) = finding(report(("a", 1.0, 0.1), ("b", 2.0, 0.1)))
    assert above == (
        "b is above a in 2 of the table's 2 numbers; "
        "2 of the 2 gaps are wider than two standard errors."
    )
    assert best == "It has the highest Score (strict) in 1 of 1 tasks."


def test_a_gap_within_the_errors_is_not_settled() -> None:
    assert "; 0 of the 2 gaps" in finding(report(("a", 1.0, 0.4), ("b", 2.0, 0.4)))[0]


def test_without_errors_nothing_is_said_about_them() -> None:
    assert "standard errors" not in " ".join(finding(report(("a", 3.0, None), ("b", 2.0, None))))
    assert "0 of 1 tasks" in " ".join(finding(report(("a", 3.0, None), ("b", 2.0, None))))


def test_a_report_on_the_baseline_alone_finds_nothing() -> None:
    assert finding(report(("a", 3.0, None))) == []
    assert finding(report(("a", None, None), ("b", None, None))) == []
