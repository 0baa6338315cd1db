"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from vao.report import Estimate, MethodResult

__all__ = ["gain_lines", "results_table"]


_HEADINGS = ("method", "task", "Value", "expected", "strict", "paper", "delta m")


def results_table(results: Sequence[MethodResult], tasks: Sequence[str]) -> Table:
    """Build the main table, within 80 columns: a line a method and task, mean±standard error.

    Columns: Value, expected Value, Score (strict), Score (paper), delta-m. The standard error of
    delta-m stands below it, for beside it the line would be too long.
    """
    from auctionsim.cli.output import table
    from vao.report.data import METRICS

    rows = []
    for result in results:
        delta = _delta(result)
        for place, task in enumerate(tasks):
            cells = [_shown(result.cell(task, metric)) for metric in METRICS]
            name = result.name if place == 0 else ""
            rows.append((name, task, *cells, delta[place] if place < len(delta) else ""))
    return table(_HEADINGS, rows)


def gain_lines(results: Sequence[MethodResult], tasks: Sequence[str]) -> list[str]:
    """Say by how much each method's expected Value differs from the behaviour data's, a line each.

    Rows for reference, and those that were not compared with the data, are left out.
    """
    lines = []
    for result in results:
        gains = {task: result.gain(task, "expected_value") for task in tasks}
        shown = [f"{t} {_difference(g)}" for t, g in gains.items() if g.mean is not None]
        if shown and not result.reference:
            what = f"{result.name} against behaviour data, expected Value"
            lines.append(f"{what}: {', '.join(shown)}")
    return lines


def _delta(result: MethodResult) -> list[str]:
    delta = result.delta_m
    if delta is None or delta.mean is None:
        return []
    error = delta.standard_error
    return [f"{delta.mean:+.1f} %", *([] if error is None else [f"±{error:.1f} %"])]


def _difference(estimate: Estimate) -> str:
    error = estimate.standard_error
    return f"{estimate.mean:+.1f}" + ("" if error is None else f"±{error:.1f}")


def _shown(estimate: Estimate) -> str:
    if estimate.mean is None:
        return "–"
    error = estimate.standard_error
    digits = 1 if abs(estimate.mean) >= 10 or (error or 0.0) >= 1 else 2
    shown = "" if error is None else f"±{error:.{digits}f}"
    return f"{estimate.mean:.{digits}f}{shown}"
