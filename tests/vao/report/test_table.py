"""The main table and the words around it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vao.report import Estimate, MethodResult, ReportData
from vao.report.data import METRICS
from vao.report.table import Cell, main_table
from vao.report.words import finding, glossary


def report(*rows: tuple[str, float | None, float | None], reference: str = "") -> ReportData:
    """Return a report on one task with the same estimate in three metrics, two of them distinct."""
    results = []
    for name, mean, error in rows:
        estimate = Estimate(mean, error)
        cells = {"bcb": dict.fromkeys(("value", "score_strict", "score_paper"), estimate)}
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


def compared(
    gaps: dict[str, Estimate], gains: dict[str, Estimate] | None = None, task: str = "bcb"
) -> ReportData:
    """Return a report in which b stands 1 above a, with these paired differences."""
    data = report(("a", 1.0, 5.0), ("b", 2.0, 5.0))
    first, last = (
        replace(r, cells={task: r.cells["bcb"] | {"expected_value": r.cells["bcb"]["value"]}})
        for r in data.results
    )
    last = replace(last, gaps={task: gaps}, gains={task: gains or {}})
    return replace(data, tasks=(task,), results=(first, last))


def test_the_finding_counts_distinct_numbers_and_paired_differences() -> None:
    wide, narrow = Estimate(1.0, 0.4), Estimate(1.0, 0.5)
    gaps = {"value": wide, "expected_value": narrow, "score_paper": Estimate(-1.0, 0.1)}
    (above, best) = finding(compared(gaps | {"score_strict": wide}))
    assert above == (
        "b is above a in 3 of the main table's 3 distinct numbers; "
        "2 of 3 paired differences to a are larger than two standard errors (1 above, 1 below)."
    )
    assert best == "b has the highest Score (strict) in 1 of 1 tasks."


def test_columns_equal_by_definition_count_once() -> None:
    same = dict.fromkeys(METRICS, Estimate(1.0, 0.1))
    for task, distinct in (("cpa_mcb", 3), ("target_roas", 4), ("bcb", 3)):
        assert f"{distinct} of {distinct} paired" in finding(compared(same, task=task))[0]


def test_errors_of_single_rows_settle_nothing() -> None:
    data = report(("a", 1.0, 0.01), ("b", 2.0, 0.01))
    assert "standard errors" not in " ".join(finding(data))


@pytest.mark.parametrize(("gain", "count"), [((1.0, 0.4), 1), ((1.0, 0.5), 0), ((-1.0, 0.1), 0)])
def test_the_finding_says_who_beats_the_data(gain: tuple[float, float], count: int) -> None:
    said = finding(compared({}, {"expected_value": Estimate(*gain)}))[1]
    assert said == (
        "Expected value is above the behaviour data's by more than two standard errors: "
        f"b in {count} of 1 tasks."
    )


def test_the_finding_gives_delta_m_its_error() -> None:
    data = report(("a", 1.0, None), ("b", 2.0, None))
    first, last = data.results
    data = replace(data, results=(first, replace(last, delta_m=Estimate(-2.14, 1.31))))
    assert "b's Δm is −2.1 ± 1.3 % (lower is better; a is 0)." in finding(data)


def test_the_glossary_says_what_errors_and_delta_m_are_of() -> None:
    words = dict(glossary(report(("a", 1.0, 0.1))))
    assert "each row alone" in words["±"]
    assert "paired differences" in words["±"]
    assert "Value and Score (strict)" in words["Δm"]


def test_a_report_on_the_baseline_alone_finds_nothing() -> None:
    assert finding(report(("a", 3.0, None))) == []
    assert finding(report(("a", None, None), ("b", None, None))) == []
