"""The growth of costs and errors with the number of tasks as Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean, stdev

from benchmarks.growth_error import Error
from benchmarks.growth_passes import Pass
from benchmarks.growth_work import Cost
from benchmarks.power_tables import markdown

_ABSENT = "–"
#: The goal: this many times the cost of the first number of tasks, at most, at the second.
GOAL, FEW, MANY = 10.0, 8, 64


def tables(costs: Sequence[Cost], passes: Sequence[Pass], errors: Sequence[Error]) -> str:
    """Return all tables, each under its title."""
    parts = {
        "Milliseconds an update, averaged from one renewal of the weights to the next": (
            time_table(costs)
        ),
        "MiB that updates add to the process": memory_table(costs),
        f"Cost of {MANY} tasks over that of {FEW} (goal: {GOAL:g} for `sampled_vao`)": (
            ratio_table(costs)
        ),
        "Milliseconds for a batch of 32": pass_table(passes),
        "Weight on the wrong sources (correlation of alignments) by renewals": error_table(errors),
        "True alignment that the weights reach, by renewals": reached_table(errors),
    }
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items())


def time_table(costs: Sequence[Cost]) -> str:
    """Return times: one row a number of tasks, one column a rule, renewals apart."""
    rules = _rules(costs)
    found = {(cost.rule, cost.tasks): cost for cost in costs}
    heads = ["tasks"]
    for rule in rules:
        heads += [f"`{rule}`"]
        if rule != "equal":
            heads += ["step, renewal", "samples a target"]
    rows = []
    for tasks in _tasks(costs):
        cells = [str(tasks)]
        for rule in rules:
            cost = found.get((rule, tasks))
            cells += [_ABSENT if cost is None else f"{cost.cycle:,.0f}"]
            if rule != "equal":
                cells += (
                    [_ABSENT] * 2
                    if cost is None
                    else [f"{cost.step:,.0f}, {cost.renewal:,.0f}", str(cost.samples)]
                )
        rows.append(cells)
    return markdown(heads, rows)


def memory_table(costs: Sequence[Cost]) -> str:
    """Return memory: one row a number of tasks, one column a rule."""
    rules = _rules(costs)
    found = {(cost.rule, cost.tasks): f"{cost.memory:,.0f}" for cost in costs}
    rows = [
        [str(tasks), *(found.get((rule, tasks), _ABSENT) for rule in rules)]
        for tasks in _tasks(costs)
    ]
    return markdown(["tasks", *(f"`{rule}`" for rule in rules)], rows)


def ratio(costs: Sequence[Cost], rule: str, column: str = "cycle") -> float:
    """Return the cost of many tasks over that of few; nan if one was not measured."""
    found = {cost.tasks: float(getattr(cost, column)) for cost in costs if cost.rule == rule}
    return found[MANY] / found[FEW] if MANY in found and FEW in found else math.nan


def ratio_table(costs: Sequence[Cost]) -> str:
    """Return ratios of costs: one row a rule."""
    rows = []
    for rule in _rules(costs):
        figures = [ratio(costs, rule, column) for column in ("cycle", "median", "memory")]
        rows.append([f"`{rule}`", *(_ABSENT if math.isnan(x) else f"{x:.1f}" for x in figures)])
    return markdown(["rule", "time, fastest runs", "time, median runs", "memory"], rows)


def pass_table(passes: Sequence[Pass]) -> str:
    """Return times of passes, and how many backward passes they are."""
    unit = passes[0].milliseconds if passes else math.nan
    rows = [[x.name, f"{x.milliseconds:.1f}", f"{x.milliseconds / unit:.2f}"] for x in passes]
    return markdown(["pass", "ms", "in backward passes"], rows)


def error_table(errors: Sequence[Error]) -> str:
    """Return misplaced weights: one row a number of tasks and rule, one column of renewals."""

    def shown(alike: Sequence[Error]) -> str:
        together = fmean(error.correlation for error in alike)
        told = "" if math.isnan(together) else f" ({together:.2f})"
        return f"{_mean([error.misplaced for error in alike], 2)}{told}"

    return _by_renewals([error for error in errors if error.rule != "true"], shown)


def reached_table(errors: Sequence[Error]) -> str:
    """Return true alignments: one row a number of tasks and rule, one column of renewals."""
    return _by_renewals(errors, lambda alike: _mean([error.reached for error in alike], 3))


def _by_renewals(errors: Sequence[Error], shown: Callable[[Sequence[Error]], str]) -> str:
    counts = sorted({error.renewals for error in errors if error.renewals})
    rows = []
    for tasks, rule in dict.fromkeys((error.tasks, error.rule) for error in errors):
        own: dict[int, list[Error]] = {}
        for error in errors:
            if (error.tasks, error.rule) == (tasks, rule):
                own.setdefault(error.renewals, []).append(error)
        # What is not measured at all does not change.
        cells = [own.get(count, own.get(0)) for count in counts]
        samples = max(error.samples for alike in own.values() for error in alike)
        found = [_ABSENT if alike is None else shown(alike) for alike in cells]
        rows.append([str(tasks), rule, str(samples), *found])
    return markdown(["tasks", "weights", "samples", *(str(count) for count in counts)], rows)


def _mean(values: Sequence[float], digits: int) -> str:
    """Return the mean over seeds and its standard error, if there are several."""
    error = f" ± {stdev(values) / math.sqrt(len(values)):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{error}"


def _rules(costs: Sequence[Cost]) -> list[str]:
    return list(dict.fromkeys(cost.rule for cost in costs))


def _tasks(costs: Sequence[Cost]) -> list[int]:
    return sorted({cost.tasks for cost in costs})
