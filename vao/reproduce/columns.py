"""The columns of a table as text, the best of each known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vao.reproduce.numbers import DASH, bounds, decimals_for, number, probability, with_error
from vao.reproduce.published import PUBLISHED
from vao.reproduce.table import DELTA_M, Difference, Table, TableRow

__all__ = [
    "SIGNIFICANT",
    "Column",
    "delta_column",
    "difference_column",
    "differing_rows",
    "metric_column",
    "published_columns",
    "share_column",
]

SIGNIFICANT = 0.05
"""Corrected p-value below which a difference is marked."""


@dataclass(frozen=True)
class Column:
    """A column as it is printed.

    Attributes:
        head: Heading.
        texts: One a line: of the methods, then of the references.
        marked: Whether a line's text is set apart: as the best, or as shown to differ.
    """

    head: str
    texts: tuple[str, ...]
    marked: tuple[bool, ...]

    def only(self, places: Sequence[int]) -> Column:
        """Return the column of some lines."""
        texts = tuple(self.texts[place] for place in places)
        return Column(self.head, texts, tuple(self.marked[place] for place in places))


def metric_column(table: Table, task: str, metric: str, head: str) -> Column:
    """A metric of a task, with standard errors over seeds; the highest is marked."""
    cells = [row.cells[task].get(metric) for row in table.all_rows]
    digits = decimals_for(cell.mean for cell in cells if cell is not None)
    texts = [DASH if c is None else with_error(c.mean, c.standard_error, digits) for c in cells]
    means = [None if c is None else round(c.mean, digits) for c in cells]
    return Column(head, tuple(texts), _best(table, means))


def share_column(table: Table, task: str, head: str) -> Column:
    """Expected Score in percent of hindsight's optimum."""
    shares = [row.share.get(task) for row in table.all_rows]
    texts = tuple(DASH if share is None else f"{number(share, 1)} %" for share in shares)
    return Column(head, texts, (False,) * len(texts))


def delta_column(table: Table, score: str, head: str, *, decimals: int = 2) -> Column:
    """Delta-m in percent; the lowest is marked, the baseline's own is a dash."""
    texts, lowest = [], []
    for row in table.all_rows:
        delta = row.delta_m[score]
        lowest.append(None if delta is None else -round(delta.mean, decimals))
        if delta is None or row.line.entrant == table.layout.baseline:
            texts.append(DASH)
            continue
        texts.append(number(delta.mean, decimals) + bounds(delta.low, delta.high, decimals))
    return Column(head, tuple(texts), _best(table, lowest))


def difference_column(table: Table, key: str, head: str) -> Column:
    """Differences to our method, with corrected p-values; those shown to differ are marked."""
    found = [row.differences[key] for row in table.all_rows]
    texts = tuple(_difference(of, "" if key == DELTA_M else " %") for of in found)
    return Column(head, texts, tuple(_shown_to_differ(of) for of in found))


def published_columns(table: Table) -> list[Column]:
    """The paper's Value and Score of each task, and its delta-m; dashes where it has no line."""
    printed = [PUBLISHED.get(row.line.entrant) for row in table.all_rows]
    unmarked = (False,) * len(printed)
    columns = []
    for task in table.layout.tasks:
        values = [None if row is None else row.value[task] for row in printed]
        scores = [None if row is None else row.score[task] for row in printed]
        for name, pairs in (("Value", values), ("Score", scores)):
            texts = tuple(DASH if pair is None else with_error(*pair, 2) for pair in pairs)
            columns.append(Column(f"{task}: {name}", texts, unmarked))
    deltas = [None if row is None else row.delta_m for row in printed]
    texts = tuple(DASH if delta is None else number(delta, 2) for delta in deltas)
    return [*columns, Column("Δm %", texts, unmarked)]


def differing_rows(table: Table) -> list[int]:
    """Return the places of lines that are compared with our method."""
    rows: tuple[TableRow, ...] = table.all_rows
    return [i for i, row in enumerate(rows) if any(row.differences.values())]


def _best(table: Table, numbers: Sequence[float | None]) -> tuple[bool, ...]:
    """Mark the highest among methods, all that print alike; a single one is no best."""
    rivals = [one for one in numbers[: len(table.rows)] if one is not None]
    if len(rivals) < 2:
        return (False,) * len(numbers)
    best = max(rivals)
    return tuple(place < len(table.rows) and one == best for place, one in enumerate(numbers))


def _difference(of: Difference | None, unit: str) -> str:
    if of is None:
        return DASH
    text = number(of.mean, 1, signed=True) + unit + bounds(of.low, of.high, 1, signed=True)
    return text if of.p_corrected is None else f"{text}, p {probability(of.p_corrected)}"


def _shown_to_differ(of: Difference | None) -> bool:
    return of is not None and of.p_corrected is not None and of.p_corrected < SIGNIFICANT
