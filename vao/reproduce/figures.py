"""Figures of ablations: a panel a task, with error bars over seeds, as SVG files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from auctionsim.dataset.files import write_whole
from auctionsim.drawing_style import drawing_style, undated
from auctionsim.errors import invalid_argument, unknown_name
from vao.reproduce.results import METRICS
from vao.reproduce.table import Table, TableRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MARKERS", "NAMES", "bars", "colour", "draw_panels", "lines", "write_figure"]

NAMES: dict[str, str] = {
    "value": "Value",
    "score_strict": "Score",
    "expected_score": "expected Score",
    "score_paper": "paper's Score",
    "expected_value": "expected Value",
    "utilisation": "share of budget spent",
}
"""What metrics are called in figures."""

_COLOURS = ("#2f4858", "#d1603d", "#9fb8ad", "#e6b8a2", "#6a4c93", "#8a8a8a")
MARKERS = "os^Dv"
_WIDTH, _HEIGHT = 3.0, 2.6  # inches a panel


def bars(
    table: Table, entrants: Sequence[str], metrics: Sequence[str] = ("value", "score_strict")
) -> str:
    """Draw a group of bars a metric, a bar an entrant, as in the paper's Fig. 4.

    Args:
        table: Holds the entrants' means.
        entrants: Whom to draw, in order.
        metrics: Of `METRICS`, in order.

    Returns:
        An SVG document; equal tables give equal text.
    """
    rows, metrics = _rows(table, entrants), _metrics(metrics)
    width = 0.8 / len(rows)

    def draw(axes: Axes, task: str) -> None:
        for place, row in enumerate(rows):
            cells = [row.cells[task][metric] for metric in metrics]
            positions = [i + (place - (len(rows) - 1) / 2) * width for i in range(len(metrics))]
            axes.bar(
                positions,
                [cell.mean for cell in cells],
                0.92 * width,
                yerr=[cell.standard_error or 0.0 for cell in cells],
                capsize=3,
                color=colour(place),
                error_kw={"lw": 0.9},
                label=row.line.label,
            )
        axes.set_xticks(range(len(metrics)), [NAMES[metric] for metric in metrics])
        axes.grid(visible=False, axis="x")

    return draw_panels(table.layout.tasks, draw)


def lines(
    table: Table,
    positions: Mapping[str, float],
    x_label: str,
    metrics: Sequence[str] = ("value", "score_strict"),
) -> str:
    """Draw a line a metric against a setting on a logarithmic axis, as in the paper's Fig. 5.

    Args:
        table: Holds the entrants' means.
        positions: The setting by entrant, > 0.
        x_label: Name of the setting.
        metrics: Of `METRICS`, in order.

    Returns:
        An SVG document; equal tables give equal text.
    """
    for name, position in positions.items():
        if not 0.0 < position < float("inf"):
            rule, mend = "must be a finite number > 0", "Leave it out."
            raise invalid_argument(f"positions.{name}", rule, position, mend)
    ordered = sorted(positions, key=lambda name: positions[name])
    rows, metrics = _rows(table, ordered), _metrics(metrics)
    places = [positions[name] for name in ordered]

    def draw(axes: Axes, task: str) -> None:
        for series, metric in enumerate(metrics):
            cells = [row.cells[task][metric] for row in rows]
            axes.errorbar(
                places,
                [cell.mean for cell in cells],
                yerr=[cell.standard_error or 0.0 for cell in cells],
                color=colour(series),
                marker=MARKERS[series % len(MARKERS)],
                ms=4,
                lw=1.4,
                capsize=3,
                label=NAMES[metric],
            )
        axes.set(xscale="log", xlabel=x_label)
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.minorticks_off()

    return draw_panels(table.layout.tasks, draw)


def write_figure(path: Path, svg: str) -> None:
    """Write a figure, whole or not at all."""
    write_whole(path, lambda file: file.write(svg.encode()))


def _rows(table: Table, entrants: Sequence[str]) -> list[TableRow]:
    # A bound has an expected Score only.
    known = {r.line.entrant: r for r in table.all_rows if len(r.cells[table.layout.tasks[0]]) > 1}
    for name in entrants:
        if name not in known:
            raise unknown_name("entrants", name, known)
    if not entrants:
        raise invalid_argument("entrants", "must not be empty", "none", "Name one.")
    return [known[name] for name in entrants]


def _metrics(metrics: Sequence[str]) -> Sequence[str]:
    for name in metrics:
        if name not in METRICS:
            raise unknown_name("metrics", name, METRICS)
    if not metrics:
        raise invalid_argument("metrics", "must not be empty", "none", "Name one.")
    return metrics


def colour(place: int) -> str:
    """Return the colour of a series by its place."""
    return _COLOURS[place % len(_COLOURS)]


def draw_panels(tasks: Sequence[str], draw: Callable[[Axes, str], None]) -> str:
    """Draw a panel a task, side by side, with one legend below them."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with drawing_style(svg_hashsalt="reproduce"):
        figure = Figure(figsize=(_WIDTH * len(tasks), _HEIGHT))
        FigureCanvasSVG(figure)
        for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
            draw(axes, task)
            axes.set_title(task)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        buffer = BytesIO()
        figure.savefig(buffer, format="svg", metadata=undated("svg"))
    return buffer.getvalue().decode()
