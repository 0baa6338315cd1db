"""A table of results: means, shares of the optimum, delta-m, differences to our method."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vao.reproduce.contrasts import Contrast, change, drop, drop_gap, mean
from vao.reproduce.crossed import Crossed
from vao.reproduce.entrants import Finished, take_finished
from vao.reproduce.intervals import Drawing, Estimate, corrected, estimate
from vao.reproduce.layout import Layout, Line
from vao.reproduce.results import METRICS, Results

__all__ = ["COMPARED", "DELTA_M", "SCORES", "Cell", "Difference", "Table", "TableRow", "make_table"]

SCORES = ("score_strict", "score_paper")
"""Scores that delta-m is given for, beside the Value."""

COMPARED = "expected_score"
"""Metric whose differences to our method are tested: free of the luck of coins."""

DELTA_M = "delta_m"
"""Key of the difference in delta-m (of `SCORES[0]`) among those by task."""


@dataclass(frozen=True)
class Cell:
    """A number with its interval.

    Attributes:
        mean: The number.
        standard_error: Over seeds, as the paper gives it; None with one seed, and for delta-m.
        low: Lower end, over seeds and episodes; None where one of them is single.
        high: Upper end.
    """

    mean: float
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Difference:
    """A paired difference to our method.

    Attributes:
        mean: In percent of our method's mean; of delta-m in points.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        p: Two-sided p-value of no difference; None where there is no interval.
        p_corrected: The same by Holm's rule over all differences of the table.
    """

    mean: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_corrected: float | None = None


@dataclass(frozen=True)
class TableRow:
    """A line with its numbers.

    Attributes:
        line: Whose they are.
        seeds: How many seeds they are over.
        cells: By task and metric, of `METRICS`; of a bound the expected Score only.
        share: Expected Score in percent of hindsight's optimum, by task; empty if that is unknown.
        delta_m: In percent, by Score; None without the baseline, where its cells are 0, and of a
            bound.
        differences: To our method, by task and `DELTA_M`; None for our method itself, without it,
            where its number is 0, and of a bound.
    """

    line: Line
    seeds: int
    cells: dict[str, dict[str, Cell]]
    share: dict[str, float]
    delta_m: dict[str, Cell | None]
    differences: dict[str, Difference | None]


@dataclass(frozen=True)
class Table:
    """A filled layout.

    Attributes:
        layout: What is shown.
        rows: Methods, in order.
        references: Lines for orientation.
        optimum: Mean expected Score of hindsight's optimum by task; empty if it is unknown.
        seeds: Training seeds.
        episodes: Number of test episodes.
        level: Of the intervals.
        draws: Bootstrap samples behind them.
        notes: What a reader must know, such as which lines are left out.
    """

    layout: Layout
    rows: tuple[TableRow, ...]
    references: tuple[TableRow, ...]
    optimum: dict[str, float]
    seeds: tuple[int, ...]
    episodes: int
    level: float
    draws: int
    notes: tuple[str, ...] = ()

    @property
    def all_rows(self) -> tuple[TableRow, ...]:
        """Methods, then references."""
        return (*self.rows, *self.references)


def make_table(
    results: Results, layout: Layout, *, partial: bool = False, drawing: Drawing | None = None
) -> Table:
    """Fill a layout with results.

    Args:
        results: All results; what the layout does not name is left aside.
        layout: What is shown.
        partial: Whether entrants without all their results are left out and named in the notes;
            else they are an error.
        drawing: How intervals are drawn.

    Raises:
        InvalidDataError: If entrants lack results (see `take_finished`), or played other seats.
    """
    drawing = drawing or Drawing()
    found = take_finished(results, layout, partial=partial)
    rows = [_row(layout, line, found, drawing) for line in _present(layout.lines, found)]
    references = [_row(layout, line, found, drawing) for line in _present(layout.references, found)]
    rows, references = _with_corrected(rows, references)
    return Table(
        layout,
        tuple(rows),
        tuple(references),
        _optimum(layout, found),
        found.seeds,
        found.episodes,
        drawing.level,
        drawing.draws,
        tuple(_notes(layout, found)),
    )


def _present(lines: tuple[Line, ...], found: Finished) -> list[Line]:
    return [line for line in lines if line.entrant in found.played]


def _optimum(layout: Layout, found: Finished) -> dict[str, float]:
    best = None if layout.optimum is None else found.played.get(layout.optimum)
    if best is None:
        return {}
    return {task: float(best.seed_means(task, COMPARED).mean()) for task in layout.tasks}


def _row(layout: Layout, line: Line, found: Finished, drawing: Drawing) -> TableRow:
    own = found.played[line.entrant]
    bound = line.bound or own.name == layout.optimum
    metrics = (COMPARED,) if bound else METRICS
    asked = {f"{t}/{m}": mean(own.name, t, m) for t in layout.tasks for m in metrics}
    means = estimate([own], asked, drawing)
    cells = {
        task: {m: _cell(means[f"{task}/{m}"], own.seed_error(task, m)) for m in metrics}
        for task in layout.tasks
    }
    compared = {} if bound else _comparisons(layout, own, found, drawing)
    deltas = {score: compared.get(score) for score in SCORES}
    optimum = _optimum(layout, found)
    return TableRow(
        line,
        len(own.seeds),
        cells,
        {t: 100.0 * cells[t][COMPARED].mean / best for t, best in optimum.items() if best},
        {score: None if of is None else _cell(of, None) for score, of in deltas.items()},
        {key: _difference(compared.get(f"to ours/{key}")) for key in (*layout.tasks, DELTA_M)},
    )


def _comparisons(
    layout: Layout, own: Crossed, found: Finished, drawing: Drawing
) -> dict[str, Estimate]:
    """Return delta-m by Score, and differences to ours; without those that are undefined."""
    base, ours = layout.baseline, layout.ours
    asked: dict[str, Contrast] = {}
    if base in found.played:
        asked |= {score: drop(own.name, base, layout.tasks, score) for score in SCORES}
    if ours in found.played and own.name != ours:
        asked |= {f"to ours/{t}": change(own.name, ours, t, COMPARED) for t in layout.tasks}
        if base in found.played:
            gap = drop_gap(own.name, ours, base, layout.tasks, SCORES[0])
            asked[f"to ours/{DELTA_M}"] = gap
    sides = {name: found.played[name] for name in (own.name, base, ours) if name in found.played}
    estimates = estimate(list(sides.values()), asked, drawing)
    return {name: of for name, of in estimates.items() if math.isfinite(of.estimate)}


def _cell(of: Estimate, standard_error: float | None) -> Cell:
    return Cell(of.estimate, standard_error, _known(of.low), _known(of.high))


def _difference(of: Estimate | None) -> Difference | None:
    if of is None:
        return None
    return Difference(of.estimate, _known(of.low), _known(of.high), _known(of.p))


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _with_corrected(*parts: list[TableRow]) -> list[list[TableRow]]:
    """Correct all p-values of a table for their number."""
    raw = {
        f"{row.line.entrant}/{key}": of.p
        for rows in parts
        for row in rows
        for key, of in row.differences.items()
        if of is not None and of.p is not None
    }
    after = corrected(raw)

    def mend(row: TableRow) -> TableRow:
        differences = {
            key: of and replace(of, p_corrected=after.get(f"{row.line.entrant}/{key}"))
            for key, of in row.differences.items()
        }
        return replace(row, differences=differences)

    return [[mend(row) for row in rows] for rows in parts]


def _notes(layout: Layout, found: Finished) -> list[str]:
    notes = []
    for name, what in found.missing.items():
        line = Line(name, name) if name == layout.optimum else layout.line(name)
        notes.append(f"Left out, not finished: {line.label} ({what}).")
    if len(found.seeds) == 1:
        notes.append("One training seed: nothing is known of others, so there are no intervals.")
    return notes
