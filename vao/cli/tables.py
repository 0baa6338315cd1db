"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from vao.report import Estimate, MethodResult

__all__ = ["results_table"]


_HEADINGS = ("method", "task", "Value", "expected", "strict", "paper", "delta m")


def results_table(results: Sequence[MethodResult], tasks: Sequence[str]) -> Table:
    """Build the main table, within 80 columns: a line a method and task, mean±standard error.

    Columns: Value, expected Value, Score (strict), Score (paper), delta-m.
    """
    from auctionsim.cli.output import table
    from vao.report.data import METRICS

    rows = []
    for result in results:
        for place, task in enumerate(tasks):
            cells = [_shown(result.cell(task, metric)) for metric in METRICS]
            delta = result.delta_m.mean if result.delta_m and place == 0 else None
            name = result.name if place == 0 else ""
            rows.append((name, task, *cells, "" if delta is None else f"{delta:+.1f} %"))
    return table(_HEADINGS, rows)


def _shown(estimate: Estimate) -> str:
    if estimate.mean is None:
        return "–"
    digits = 1 if abs(estimate.mean) >= 10 else 2
    error = estimate.standard_error
    shown = "" if error is None else f"±{error:.{digits}f}"
    return f"{estimate.mean:.{digits}f}{shown}"
