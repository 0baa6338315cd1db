"""A table of results as Markdown, for the terminal, and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from auctionsim.plain_values import plain
from vao.reproduce.columns import (
    SIGNIFICANT,
    Column,
    delta_column,
    difference_column,
    differing_rows,
    metric_column,
    published_columns,
    share_column,
)
from vao.reproduce.numbers import DASH, decimals_for, number
from vao.reproduce.published import PUBLISHED
from vao.reproduce.table import COMPARED, DELTA_M, SCORES, Table

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["json_ready", "markdown", "terminal"]

STRICT, PAPER = SCORES

_LONGEST_NAME = 18
"""In the terminal."""

_PAPER_WORDS = (
    "As printed in the paper's Tables 1 to 3, mean ± standard error over five seeds. Its markets, "
    "units and Score are its own: compare relative changes, such as Δm, not sizes."
)


def json_ready(table: Table) -> dict[str, Any]:
    """Return a table as JSON knows it: objects, lists, texts, numbers and null."""
    result: dict[str, Any] = plain(table)
    return result


def markdown(table: Table, depth: int = 2) -> str:
    """Return a page's section: the table in the paper's form, and three more below it.

    Equal tables give equal text.

    Args:
        table: Filled.
        depth: Of the heading: 2 for "##".
    """
    parts = [f"{'#' * depth} {table.layout.title}", _setting(table)]
    parts += [f"*{note}*" for note in table.notes]
    places = list(range(len(table.all_rows)))
    printed = [i for i, row in enumerate(table.all_rows) if row.line.entrant in PUBLISHED]
    sections = (
        ("Value and Score", _main(table), places, _main_words(table)),
        (
            "Expected Value and Score, and the paper's Score",
            _further(table),
            places,
            _further_words(table),
        ),
        (f"Against {_ours(table)}", _against(table), differing_rows(table), _against_words(table)),
        ("The paper's numbers", _published(table), printed, _PAPER_WORDS),
    )
    for title, columns, shown, words in sections:
        if shown:
            grid = _grid(table, [column.only(shown) for column in columns], shown)
            parts += [f"{'#' * (depth + 1)} {title}", grid, words]
    return "\n\n".join(parts) + "\n"


def terminal(table: Table) -> RenderableType:
    """Return a table for the terminal, within 80 columns: a line a method and task.

    Columns: Value and Score (strict) with standard errors, expected Score as a share of the
    optimum if that is known, and delta-m with its interval below it.
    """
    from rich.console import Group
    from rich.text import Text

    from auctionsim.cli.output import table as terminal_table

    by_task = {
        task: (
            metric_column(table, task, "value", "Value"),
            metric_column(table, task, STRICT, "Score"),
            *([share_column(table, task, "optimum")] if table.optimum else []),
        )
        for task in table.layout.tasks
    }
    delta = delta_column(table, STRICT, "delta m", decimals=1)
    rows = []
    for place, row in enumerate(table.all_rows):
        deltas = _below_each_other(delta.texts[place], len(by_task))
        names = [_cut(row.line.label), _cut(row.line.group), ""]
        for line, (task, columns) in enumerate(by_task.items()):
            cells = (column.texts[place].replace(" ± ", "±") for column in columns)
            rows.append((names[line], task, *cells, deltas[line]))
    heads = ("", "task", "Value", "Score", *(["optimum"] if table.optimum else []), "delta m")
    shown = terminal_table(heads, rows, title=table.layout.title)
    words = [_setting(table).replace("`", ""), *table.notes]
    return Group(shown, *(Text(word) for word in words))


def _below_each_other(text: str, lines: int) -> list[str]:
    """Split a number and the ends of its interval; without the interval where lines are few."""
    mean, *ends = text.rstrip(")").replace(" to ", "|to ").replace(" (", "|").split("|")
    return [mean, *(ends if lines > len(ends) else []), *[""] * lines][:lines]


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _main(table: Table) -> list[Column]:
    columns = [
        metric_column(table, task, metric, f"{task}: {name}")
        for task in table.layout.tasks
        for name, metric in (("Value", "value"), ("Score", STRICT))
    ]
    return [*columns, delta_column(table, STRICT, "Δm %")]


def _further(table: Table) -> list[Column]:
    columns = []
    for task in table.layout.tasks:
        columns.append(metric_column(table, task, "expected_value", f"{task}: expected Value"))
        columns.append(metric_column(table, task, COMPARED, "expected Score"))
        if table.optimum:
            columns.append(share_column(table, task, "of the optimum"))
        columns.append(metric_column(table, task, PAPER, "paper's Score"))
    return [*columns, delta_column(table, PAPER, "Δm %, paper's Score")]


def _against(table: Table) -> list[Column]:
    columns = [difference_column(table, task, task) for task in table.layout.tasks]
    return [*columns, difference_column(table, DELTA_M, "Δm, points")]


def _published(table: Table) -> list[Column]:
    own = delta_column(table, STRICT, "Δm % here")
    unmarked = Column(own.head, own.texts, (False,) * len(own.texts))
    return [*published_columns(table), unmarked]


def _setting(table: Table) -> str:
    seeds = "one training seed" if len(table.seeds) == 1 else f"{len(table.seeds)} training seeds"
    days = "one test episode" if table.episodes == 1 else f"{table.episodes} test episodes"
    return f"Protocol `{table.layout.protocol}`: {days}, {seeds}."


def _main_words(table: Table) -> str:
    return (
        "Mean ± standard error over seeds; the best of each column in bold. Score is the strict "
        f"one. Δm: mean relative drop of Value and Score against {_label(table, 'baseline')}, "
        f"lower is better, with its {_level(table)} interval over seeds and episodes."
    )


def _further_words(table: Table) -> str:
    words = (
        "Expected Score is the strict Score of expected Value, free of the luck of coins; the "
        "paper's Score is the reading of it that can exceed the Value."
    )
    if not table.optimum:
        return words
    digits = decimals_for(table.optimum.values())
    optimum = ", ".join(f"{number(m, digits)} in {task}" for task, m in table.optimum.items())
    return f"{words} The optimum in hindsight is {optimum}."


def _against_words(table: Table) -> str:
    return (
        f"Expected Score over that of {_ours(table)}, in percent of the latter, paired by seed and "
        f"episode, with {_level(table)} intervals over both; below 0 where {_ours(table)} is "
        "better. Of Δm it is the other way round. p-values allow for what few seeds do "
        "not show of how seeds vary, and are corrected by Holm's rule for all that this table "
        f"compares; bold where below {SIGNIFICANT}."
    )


def _level(table: Table) -> str:
    return f"{100 * table.level:g} %"


def _ours(table: Table) -> str:
    return _label(table, "ours")


def _label(table: Table, part: str) -> str:
    line = table.layout.line(getattr(table.layout, part))
    return f"{line.group} {line.label}".strip()


def _grid(table: Table, columns: Sequence[Column], places: Sequence[int]) -> str:
    """Return Markdown: groups and labels, then columns; references in italics."""
    rows = [table.all_rows[place] for place in places]
    grouped = any(row.line.group for row in rows)
    heads = [*(["", ""] if grouped else [""]), *(column.head for column in columns)]
    lines, last = [heads, ["---"] * len(heads)], ""
    for i, (place, row) in enumerate(zip(places, rows, strict=True)):
        label = row.line.label if place < len(table.rows) else f"*{row.line.label}*"
        names = [row.line.group if row.line.group != last else "", label] if grouped else [label]
        last = row.line.group
        texts = (f"**{c.texts[i]}**" if c.marked[i] and c.texts[i] != DASH else c.texts[i]
                 for c in columns)  # fmt: skip
        lines.append([*names, *texts])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
