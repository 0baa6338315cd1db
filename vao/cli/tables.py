"""Tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from vao.report import Estimate, MethodResult

__all__ = [
    "foresight_note",
    "foresight_table",
    "gain_lines",
    "obedience_note",
    "obedience_table",
    "results_table",
    "swing_note",
    "swing_table",
]


_HEADINGS = ("method", "task", "Value", "expected", "strict", "paper", "delta m")


def results_table(results: Sequence[MethodResult], tasks: Sequence[str]) -> Table:
    """Build the main table, within 80 columns: a line a method and task, mean±standard error.

    Columns: Value, expected Value, Score (strict), Score (paper), and delta-m where any method was
    compared. The standard error of delta-m stands below it, for beside it the line would be too
    long.
    """
    from auctionsim.cli.output import table
    from vao.report.data import METRICS

    compared = any(result.delta_m is not None for result in results)
    rows = []
    for result in results:
        delta = _delta(result)
        for place, task in enumerate(tasks):
            cells = [_shown(result.cell(task, metric)) for metric in METRICS]
            name = result.name if place == 0 else ""
            last = (delta[place] if place < len(delta) else "",)
            rows.append((name, task, *cells, *(last if compared else ())))
    return table(_HEADINGS if compared else _HEADINGS[:-1], rows)


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
    """Build the table of what a model foresees (see `vao.diagnostics.Foresight`).

    Rows that a planner has nothing for, as it plans no states, are left out.
    """
    from auctionsim.cli.output import table

    rows = [
        (feature, f"{plan:.3f}", f"{copy:.3f}")
        for feature, plan, copy in zip(
            found["features"], found["plan_error"], found["copy_error"], strict=True
        )
    ]
    rows.append(("action", f"{found['action_error']:.3f}", f"{found['action_spread']:.3f}"))
    rest = {"true next state": found["inverse_error"], "changed by plan": found["plan_change"]}
    rows += [(f"action, {what}", f"{x:.3f}", "") for what, x in rest.items() if not math.isnan(x)]
    return table((f"error of {name}", "planner", "baseline"), rows)


def swing_table(found: Mapping[str, Mapping[str, float]]) -> Table:
    """Build the table of how far multipliers swing within a day."""
    from auctionsim.cli.output import table

    rows = [(task, _number(of["data"], 2), _number(of["policy"], 2)) for task, of in found.items()]
    return table(("swing of the multiplier", "data", "policy"), rows)


def obedience_table(found: Mapping[str, Any]) -> Table:
    """Build the table of what was achieved when more and more was asked (see `Obedience`)."""
    from auctionsim.cli.output import table

    limit = {"cpa_mcb": ("log CPA / target",), "target_roas": ("log ROAS / target",)}
    headings = ("quantile", "return asked", "achieved", *limit.get(found["task"], ()), "Score")
    columns = (found[name] for name in ("quantiles", "asked", "achieved", "scores"))
    rows = [
        (
            f"{found['task']} {q:g}", _number(asked, 3), *(_number(x, 3) for x in done),
            _number(score, 2),
        )
        for q, asked, done, score in zip(*columns, strict=True)
    ]  # fmt: skip
    return table(headings, rows)


def foresight_note(plans: bool) -> str:
    """Say what the table of foresight holds, of planners that plan states or that do not."""
    lines = [
        "action: root mean square error of the standardised log multiplier; its baseline",
        "is the best constant.",
    ]
    if plans:
        lines += [
            "Features: the same of the planned next state, normalised; baseline: no change.",
            "true next state: of the inverse dynamics alone; changed by plan: how much the",
            "action changes on average where the plan takes that state's place.",
        ]
    return "\n".join(lines)


def swing_note() -> str:
    """Say what the table of swing holds."""
    return "Standard deviation of the log multiplier within a day, mean over campaigns."


def obedience_note(tasks: Iterable[str]) -> str:
    """Say what the tables of obedience hold, for the tasks that are shown."""
    limits = {
        "cpa_mcb": "log CPA / target: 0 is at the limit, above 0 breaks it.",
        "target_roas": "log ROAS / target: 0 is at the limit, below 0 breaks it.",
    }
    lines = [
        "Returns, asked for and achieved: natural log of expected value over budget.",
        "quantile: the one of the data's returns that is asked for. All are means over",
        "campaigns, of logs those that are finite; Score is the strict one, as expected.",
    ]
    return "\n".join(lines + [limits[task] for task in tasks if task in limits])


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
