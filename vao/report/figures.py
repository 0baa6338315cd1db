"""The report's small figures as SVG text that takes its colours from the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from auctionsim.report.drawing import HEIGHT, percent_axis, shortened, svg
from auctionsim.report.styles import INK, Look
from vao.report.data import Line, ReportData
from vao.report.words import task_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["legend_of", "line_figure", "score_figure"]

_FEW = 12
"""Most points of a line that are marked: what lies between them was not measured."""


def legend_of(
    panels: Iterable[Iterable[Line]], styles: Mapping[str, Look]
) -> tuple[tuple[str, Look], ...]:
    """Return the names of all lines and their looks, as a legend shows them."""
    names = dict.fromkeys(line.name for lines in panels for line in lines)
    return tuple((task_name(name), look) for name, look in styles.items() if name in names)


def line_figure(
    lines: Iterable[Line],
    styles: Mapping[str, Look],
    prefix: str,
    *,
    x_label: str,
    y_label: str,
    percent: bool = False,
    counts: int = 0,
    level: float | None = None,
    diagonal: bool = False,
    stages: Mapping[str, float] | None = None,
    height: float = HEIGHT,
) -> str:
    """Draw lines against a common axis.

    Args:
        lines: What to draw.
        styles: Look by line name.
        prefix: Put before all ids, unique on the page.
        x_label: With unit.
        y_label: With unit.
        percent: Heights are shares in [0, 1], shown in percent from 0 to 100.
        counts: If not 0, heights are from 1 to this number.
        level: Height of a thin line for comparison.
        diagonal: Whether to draw a thin line from zero to one over the whole width.
        stages: Where the stages of training begin, by name.
        height: In inches.
    """
    lines = list(lines)

    def draw(axes: Axes) -> None:
        _compare(axes, lines, level, diagonal)
        for line in lines:
            look = styles[line.name]
            if line.low:
                _band(axes, line, look)
            dashes: Any = (0, look.dashes) if look.dashes else "-"
            heights = [math.nan if y is None else y for y in line.y]
            if line.raw:
                raw = [math.nan if y is None else y for y in line.raw]
                axes.plot(line.x, raw, color=look.stand_in, lw=0.8, alpha=0.3)
            marker = "o" if len(line.x) <= _FEW else ""
            axes.plot(
                line.x, heights, color=look.stand_in, lw=look.width, ls=dashes, marker=marker, ms=4
            )
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.margins(x=0.02)
        if percent:
            percent_axis(axes)
        if counts:
            _count_axis(axes, counts)
        _begin_stages(axes, stages or {})

    return svg(draw, prefix, height=height)


def _count_axis(axes: Axes, most: int) -> None:
    """Show heights from 1 to a number, with labels as wide as those of a percent axis.

    So both axes begin at the same place where one figure stands below another.
    """
    margin = 0.06 * max(most - 1, 1)
    shown = sorted({1, (1 + most) // 2, most})
    axes.set_ylim(1 - margin, most + margin)
    axes.set_yticks(shown, [f"{' ' * 8}{count}" for count in shown])


def _band(axes: Axes, line: Line, look: Look) -> None:
    low, high = ([math.nan if y is None else y for y in edge] for edge in (line.low, line.high))
    axes.fill_between(line.x, low, high, color=look.stand_in, alpha=0.13, lw=0)


def _begin_stages(axes: Axes, stages: Mapping[str, float]) -> None:
    """Draw where stages begin, with their names along the line."""
    for name, begin in stages.items():
        axes.axvline(begin, color=INK, lw=0.7, alpha=0.55, ls=(0, (2, 2)))
        axes.annotate(
            shortened(name, 14),
            (begin, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(2, 1),
            textcoords="offset points",
            fontsize=7.5,
        )


def _compare(axes: Axes, lines: list[Line], level: float | None, diagonal: bool) -> None:
    thin: dict[str, Any] = {"color": INK, "lw": 0.7, "alpha": 0.55}
    if level is not None:
        axes.axhline(level, **thin)
    positions = [x for line in lines for x in line.x]
    if diagonal and positions:
        axes.plot([min(positions), max(positions)], [0, 1], **thin)


def score_figure(
    data: ReportData, task: str, metric: str, styles: Mapping[str, Look], prefix: str, label: str
) -> str:
    """Draw one metric of one task: a point a method, with bars of one standard error."""
    results = [r for r in data.results if r.cell(task, metric).mean is not None]

    def draw(axes: Axes) -> None:
        for place, result in enumerate(reversed(results)):
            estimate = result.cell(task, metric)
            axes.errorbar(
                [estimate.mean or 0.0],
                [place],
                xerr=[estimate.standard_error or 0.0],
                color=styles[result.name].stand_in,
                fmt="o" if not result.reference else "D",
                ms=6.5 if result.name == data.highlight else 5,
                mfc="none" if result.reference else styles[result.name].stand_in,
                capsize=3,
            )
        axes.set_yticks(range(len(results)), [shortened(r.name) for r in reversed(results)])
        axes.set_ylim(-0.6, max(len(results) - 0.4, 0.6))
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.12)
        axes.set_xlabel(label)

    return svg(draw, prefix, height=0.8 + 0.27 * max(len(results), 2))
