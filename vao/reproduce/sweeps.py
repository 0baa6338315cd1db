"""Figures of results against how much there is of something: a line an entrant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vao.reproduce.figures import MARKERS, colour, draw_panels
from vao.reproduce.table import COMPARED, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sweep"]


def sweep(parts: Mapping[str, Table], places: Mapping[str, float], x_label: str) -> str:
    """Draw expected Scores against a setting, a panel a task, with standard errors over seeds.

    Args:
        parts: A table for each value of the setting, at least one, with lines of the same labels;
            a line that some of them lack is drawn over the others.
        places: The value of each part, > 0.
        x_label: Name of the setting.

    Returns:
        An SVG document; equal tables give equal text.
    """
    ordered = sorted(parts, key=lambda part: places[part])
    labels = list(dict.fromkeys(row.line.label for part in parts.values() for row in part.rows))

    def draw(axes: Axes, task: str) -> None:
        for series, label in enumerate(labels):
            found = {
                places[part]: row.cells[task][COMPARED]
                for part in ordered
                for row in parts[part].rows
                if row.line.label == label
            }
            axes.errorbar(
                list(found),
                [cell.mean for cell in found.values()],
                yerr=[cell.standard_error or 0.0 for cell in found.values()],
                color=colour(series),
                marker=MARKERS[series % len(MARKERS)],
                ms=4,
                lw=1.4,
                capsize=3,
                label=label,
            )
        axes.set(xscale="log", xlabel=x_label, ylabel="expected Score")
        axes.set_xticks([places[p] for p in ordered], [f"{places[p]:g}" for p in ordered])
        axes.minorticks_off()

    return draw_panels(next(iter(parts.values())).layout.tasks, draw)
