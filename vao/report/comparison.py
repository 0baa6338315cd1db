"""The table of paired differences as text: against the behaviour data, and against the baseline."""

from __future__ import annotations

from dataclasses import dataclass

from vao.report.data import Estimate, MethodResult, ReportData
from vao.report.table import DASH, Cell

__all__ = ["Comparison", "TaskComparisons", "comparisons"]

METRIC = "expected_value"


@dataclass(frozen=True)
class Comparison:
    """A line as it is printed.

    Attributes:
        name: Of the method.
        reference: See `MethodResult.reference`.
        highlight: Whether the report is about this row.
        cells: Paired difference of expected Value to the behaviour data, the same in percent of
            the data's, and that to the baseline; `best` marks those wider than two errors.
    """

    name: str
    reference: bool
    highlight: bool
    cells: tuple[Cell, Cell, Cell]


@dataclass(frozen=True)
class TaskComparisons:
    """The lines of a task.

    Attributes:
        task: Its name in `TASKS`.
        rows: A line a method that is compared with something.
    """

    task: str
    rows: tuple[Comparison, ...]


def comparisons(data: ReportData) -> list[TaskComparisons]:
    """Format all paired differences; tasks without any are left out."""
    found = []
    for task in data.tasks:
        rows = [r for r in data.results if _compared(r, task)]
        if rows:
            found.append(TaskComparisons(task, tuple(_row(data, r, task) for r in rows)))
    return found


def _compared(result: MethodResult, task: str) -> bool:
    estimates = (result.gain(task, METRIC), result.gap(task, METRIC))
    return any(estimate.mean is not None for estimate in estimates)


def _row(data: ReportData, result: MethodResult, task: str) -> Comparison:
    gain, gap = result.gain(task, METRIC), result.gap(task, METRIC)
    percent = _percent(gain, result.cell(task, METRIC))
    return Comparison(
        result.name,
        result.reference,
        result.name == data.highlight,
        (_cell(gain, 2), _cell(percent, 1), _cell(gap, 2)),
    )


def _percent(gain: Estimate, own: Estimate) -> Estimate:
    """Return a gain in percent of what it is a gain over, whose own error is left aside."""
    if gain.mean is None or own.mean is None or own.mean - gain.mean <= 0:
        return Estimate(None)
    scale = 100.0 / (own.mean - gain.mean)
    error = None if gain.standard_error is None else gain.standard_error * scale
    return Estimate(gain.mean * scale, error)


def _cell(estimate: Estimate, decimals: int) -> Cell:
    if estimate.mean is None:
        return Cell(DASH, "", False)
    error = estimate.standard_error
    shown = "" if error is None else f"{error:,.{decimals}f}"
    mean = f"{estimate.mean:+,.{decimals}f}".replace("-", "−")
    return Cell(mean, shown, estimate.settled)
