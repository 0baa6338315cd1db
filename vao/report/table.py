"""The main table as text: one number of decimals a column, the best of each column marked."""

from __future__ import annotations

from dataclasses import dataclass

from vao.report.data import METRICS, Estimate, MethodResult, ReportData

__all__ = ["Cell", "Row", "main_table"]

DASH = "–"


@dataclass(frozen=True)
class Cell:
    """A cell as it is printed.

    Attributes:
        mean: The number, or a dash.
        error: Its standard error, or nothing.
        best: Whether it is the best of its column.
    """

    mean: str
    error: str
    best: bool


@dataclass(frozen=True)
class Row:
    """A row as it is printed.

    Attributes:
        name: Of the method.
        reference: See `MethodResult.reference`.
        highlight: Whether the report is about this row.
        cells: By task, one a metric.
        delta_m: The last column.
    """

    name: str
    reference: bool
    highlight: bool
    cells: dict[str, tuple[Cell, ...]]
    delta_m: Cell


def main_table(data: ReportData) -> list[Row]:
    """Format all rows of the main table."""
    columns = {
        (task, metric): _column(data, [r.cell(task, metric) for r in data.results], highest=True)
        for task in data.tasks
        for metric in METRICS
    }
    empty = Estimate(None)
    delta_m = _column(data, [r.delta_m or empty for r in data.results], highest=False)
    return [
        Row(
            name=result.name,
            reference=result.reference,
            highlight=result.name == data.highlight,
            cells={t: tuple(columns[t, m][index] for m in METRICS) for t in data.tasks},
            delta_m=delta_m[index],
        )
        for index, result in enumerate(data.results)
    ]


def _column(data: ReportData, estimates: list[Estimate], highest: bool) -> list[Cell]:
    """Format one column; `highest` says whether the highest number is the best."""
    means = [estimate.mean for estimate in estimates if estimate.mean is not None]
    largest = max(map(abs, means), default=0.0)
    decimals = 2 if highest and largest < 100 else 1 if largest < 10_000 else 0
    rivals = [
        _rounded(e, decimals) for e, r in zip(estimates, data.results, strict=True) if _rival(r)
    ]
    known = [number for number in rivals if number is not None]
    best = (max(known) if highest else min(known)) if len(known) > 1 else None
    return [
        _cell(estimate, decimals, _rival(result) and _rounded(estimate, decimals) == best)
        for estimate, result in zip(estimates, data.results, strict=True)
    ]


def _rival(result: MethodResult) -> bool:
    return not result.reference


def _rounded(estimate: Estimate, decimals: int) -> float | None:
    return None if estimate.mean is None else round(estimate.mean, decimals)


def _cell(estimate: Estimate, decimals: int, best: bool) -> Cell:
    if estimate.mean is None:
        return Cell(DASH, "", False)
    error = estimate.standard_error
    shown = "" if error is None else f"{error:,.{decimals}f}"
    mean = f"{estimate.mean:,.{decimals}f}".replace("-", "−")
    return Cell(mean, shown, best)
