"""The report's small figures as SVG text that takes its colours from the page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vao.report.data import Line, ReportData
from vao.report.styles import GRID_INK, INK, SERIES, Look, series_variable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["line_figure", "score_figure"]

SIZE = (4.0, 2.7)  # inches; about the width of a phone, so that text keeps its size everywhere

SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "vao",
    "svg.fonttype": "path",  # drawn letters: nothing shifts where a font is missing
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "axes.edgecolor": GRID_INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID_INK,
    "grid.linewidth": 0.6,
    "xtick.color": GRID_INK,
    "ytick.color": GRID_INK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.constrained_layout.use": True,
}


def line_figure(
    lines: Iterable[Line],
    styles: Mapping[str, Look],
    prefix: str,
    *,
    x_label: str,
    y_label: str,
    percent: bool = False,
    level: float | None = None,
    diagonal: bool = False,
) -> str:
    """Draw lines against a common axis.

    Args:
        lines: What to draw.
        styles: Look by line name.
        prefix: Put before all ids, unique on the page.
        x_label: With unit.
        y_label: With unit.
        percent: Heights are shares in [0, 1], shown in percent from 0 to 100.
        level: Height of a thin line for comparison.
        diagonal: Whether to draw a thin line from zero to one over the whole width.
    """
    lines = list(lines)

    def draw(axes: Axes) -> None:
        _compare(axes, lines, level, diagonal)
        for line in lines:
            look = styles[line.name]
            dashes: Any = (0, look.dashes) if look.dashes else "-"
            heights = [math.nan if y is None else y for y in line.y]
            marker = "o" if len(line.x) == 1 else ""
            axes.plot(
                line.x, heights, color=look.stand_in, lw=look.width, ls=dashes, marker=marker, ms=4
            )
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.margins(x=0.02)
        if percent:
            _percent_axis(axes)

    return _svg(draw, prefix)


def _compare(axes: Axes, lines: list[Line], level: float | None, diagonal: bool) -> None:
    thin: dict[str, Any] = {"color": INK, "lw": 0.7, "alpha": 0.55}
    if level is not None:
        axes.axhline(level, **thin)
    positions = [x for line in lines for x in line.x]
    if diagonal and positions:
        axes.plot([min(positions), max(positions)], [0, 1], **thin)


def _percent_axis(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(-0.02, 1.04)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))


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
        axes.set_yticks(range(len(results)), [_shortened(r.name) for r in reversed(results)])
        axes.set_ylim(-0.6, max(len(results) - 0.4, 0.6))
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.12)
        axes.set_xlabel(label)

    return _svg(draw, prefix, height=0.8 + 0.27 * max(len(results), 2))


def _shortened(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


def _svg(draw: Callable[[Axes], None], prefix: str, height: float = SIZE[1]) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = SETTINGS  # its keys are known to matplotlib's types by name only
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        figure = Figure(figsize=(SIZE[0], height))
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.tick_params(length=2.5)
        draw(axes)
        buffer = io.StringIO()
        # No date and no program name: equal data give equal bytes.
        metadata: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    return _inline(buffer.getvalue(), prefix)


def _inline(svg: str, prefix: str) -> str:
    """Make an SVG part of a page: no header, ids of its own, fluid width, the page's colours."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    frame = r'<svg viewBox="\1" aria-hidden="true">'
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', frame, svg, count=1)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg).replace("xlink:href", "href")
    svg = re.sub(r"url\(#", f"url(#{prefix}-", svg)
    svg = svg.replace(INK, "currentColor").replace(GRID_INK, "var(--grid)")
    for series in range(SERIES):
        svg = svg.replace(Look(series, (), 1).stand_in, series_variable(series))
    return svg.strip()
