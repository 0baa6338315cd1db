"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from vao.report import Estimate, MethodResult

__all__ = [
    "foresight_table",
    "gain_lines",
    "obedience_table",
    "results_table",
    "swing_table",
]


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


def foresight_table(name: str, found: Mapping[str, Any]) -> Table:
    """Build the table of what a model foresees (see `vao.diagnostics.Foresight`)."""
    from auctionsim.cli.output import table

    rows = [
        (feature, f"{plan:.3f}", f"{copy:.3f}")
        for feature, plan, copy in zip(
            found["features"], found["plan_error"], found["copy_error"], strict=True
        )
    ]
    rows += [
        ("action", f"{found['action_error']:.3f}", f"{found['action_spread']:.3f}"),
        ("action, true next state", f"{found['inverse_error']:.3f}", ""),
        ("action, changed by plan", f"{found['plan_change']:.3f}", ""),
    ]
    return table((f"error of {name}", "planner", "no change"), rows)


def swing_table(found: Mapping[str, Mapping[str, float]]) -> Table:
    """Build the table of how far multipliers swing within a day."""
    from auctionsim.cli.output import table

    rows = [(task, f"{of['data']:.2f}", f"{of['policy']:.2f}") for task, of in found.items()]
    return table(("swing of the multiplier", "data", "policy"), rows)


def obedience_table(found: Mapping[str, Any]) -> Table:
    """Build the table of what was achieved when more and more was asked (see `Obedience`)."""
    from auctionsim.cli.output import table

    limit = {"cpa_mcb": ("log CPA / target",), "target_roas": ("log ROAS / target",)}
    headings = ("quantile", "return asked", "achieved", *limit.get(found["task"], ()), "Score")
    columns = (found[name] for name in ("quantiles", "asked", "achieved", "scores"))
    rows = [
        (f"{found['task']} {q:g}", f"{asked:.3f}", *(f"{x:.3f}" for x in done), f"{score:.2f}")
        for q, asked, done, score in zip(*columns, strict=True)
    ]
    return table(headings, rows)
