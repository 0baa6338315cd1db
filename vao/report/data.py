"""What a report shows, as plain values: it can be kept as JSON and rendered again later."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from auctionsim.errors import invalid_argument, unknown_name
from vao.report.lines import Line, Panel, check_unique
from vao.report.sharing import Sharing

__all__ = ["METRICS", "Estimate", "Line", "MethodResult", "Pacing", "Panel", "ReportData"]

METRICS: dict[str, str] = {
    "value": "Value",
    "expected_value": "Expected value",
    "score_strict": "Score (strict)",
    "score_paper": "Score (paper)",
}
"""Metrics of the main table, in order, with their headings; in all of them higher is better."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds or episodes.

    Attributes:
        mean: None where there is none.
        standard_error: Of the mean; None where it was not estimated (one seed, say).
    """

    mean: float | None
    standard_error: float | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "standard_error"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise invalid_argument(name, "must be finite", number, "Give None instead.")
        if self.standard_error is not None and self.standard_error < 0:
            raise invalid_argument(
                "standard_error", "must be >= 0", self.standard_error, "Mend it."
            )

    @property
    def settled(self) -> bool:
        """Whether it is further from 0 than two standard errors; False without an error."""
        if self.mean is None or self.standard_error is None:
            return False
        return abs(self.mean) > 2 * self.standard_error


@dataclass(frozen=True)
class MethodResult:
    """One row of the main table.

    Attributes:
        name: What the method is called, in the table and in the figures.
        cells: Estimates by task and, within, by metric (of `METRICS`); a missing one is a dash.
        delta_m: Mean relative change against the baseline, in percent, lower is better.
        gaps: Paired differences to the baseline, by task and metric as in `cells`; empty for the
            baseline itself and where none were taken.
        gains: Paired differences to the behaviour data, likewise.
        reference: Shown for comparison only: never bold, set apart from the methods.
        explanation: One sentence on what it is, for the glossary.
    """

    name: str
    cells: dict[str, dict[str, Estimate]]
    delta_m: Estimate | None = None
    reference: bool = False
    explanation: str = ""
    gaps: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    gains: dict[str, dict[str, Estimate]] = field(default_factory=dict)

    def cell(self, task: str, metric: str) -> Estimate:
        """Return an estimate, an empty one where there is none."""
        return self.cells.get(task, {}).get(metric, Estimate(None))

    def gap(self, task: str, metric: str) -> Estimate:
        """Return a paired difference to the baseline, an empty one where there is none."""
        return self.gaps.get(task, {}).get(metric, Estimate(None))

    def gain(self, task: str, metric: str) -> Estimate:
        """Return a paired difference to the behaviour data, an empty one where there is none."""
        return self.gains.get(task, {}).get(metric, Estimate(None))


@dataclass(frozen=True)
class Pacing:
    """How one campaign was steered over the day, by each method.

    Attributes:
        title: The campaign, in words: task, budget, limit.
        spent: Share of the budget spent, in [0, 1], against the step.
        multiplier: Bid multiplier, in currency a unit of value, against the step.
    """

    title: str
    spent: tuple[Line, ...]
    multiplier: tuple[Line, ...]


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows.

    Attributes:
        title: Heading of the page.
        summary: Paragraphs in plain words: what was run, on what, how it was scored.
        tasks: Tasks in order of columns, by their names in `auctionsim.tasks.TASKS`.
        results: Rows of the main table, in order.
        baseline: Name of the row that `delta_m` compares with.
        highlight: Name of the row that the report is about.
        note: What a reader must know before trusting the numbers; set apart from the summary.
        pacing: Campaigns to show over the day.
        weights: A panel per target task; a line per source; weight in [0, 1] against training step.
        validation: A panel per task; a line per method; Score (strict) against training step.
        losses: A panel per task; a line per method; training loss against training step.
        sharing: What the weights were made of, and what came of them.
        balance: A panel a method that weighs targets; a line a target; weight, 1 on average,
            against training step.
        provenance: Facts by heading ("Settings", "Versions", "Run time", ...), name to text.
    """

    title: str
    summary: tuple[str, ...]
    tasks: tuple[str, ...]
    results: tuple[MethodResult, ...]
    baseline: str
    highlight: str
    note: str = ""
    pacing: tuple[Pacing, ...] = ()
    weights: tuple[Panel, ...] = ()
    validation: tuple[Panel, ...] = ()
    losses: tuple[Panel, ...] = ()
    sharing: Sharing = field(default_factory=Sharing)
    balance: tuple[Panel, ...] = ()
    provenance: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [result.name for result in self.results]
        check_unique("results", names)
        check_unique("tasks", self.tasks)
        for argument in ("baseline", "highlight"):
            if (name := getattr(self, argument)) not in names:
                raise invalid_argument(
                    argument, f"must be one of {', '.join(names)}", name, "Mend it."
                )
        for result in self.results:
            for argument in ("cells", "gaps", "gains"):
                self._check_cells(argument, getattr(result, argument))

    def _check_cells(self, argument: str, by_task: dict[str, dict[str, Estimate]]) -> None:
        for task, cells in by_task.items():
            if task not in self.tasks:
                raise invalid_argument(argument, "must be of `tasks`", task, "Add it there.")
            for metric in cells:
                if metric not in METRICS:
                    raise unknown_name(argument, metric, METRICS)

    def result(self, name: str) -> MethodResult:
        """Return the row with this name."""
        return next(result for result in self.results if result.name == name)
