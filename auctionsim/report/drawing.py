"""Figures as SVG text that takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auctionsim.drawing_style import SHARED, drawing_style, undated
from auctionsim.report.styles import GRID_INK, INK, SERIES, Look, series_variable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HEIGHT", "percent_axis", "shortened", "svg"]

WIDTH = 4.0  # inches; about the width of a phone, so that text keeps its size everywhere
HEIGHT = 2.7

SETTINGS: dict[str, Any] = SHARED | {
    "text.color": INK,
    "axes.edgecolor": GRID_INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.8,
    "grid.color": GRID_INK,
    "grid.linewidth": 0.6,
    "xtick.color": GRID_INK,
    "ytick.color": GRID_INK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.constrained_layout.use": True,
}


def svg(draw: Callable[[Axes], None], prefix: str, height: float = HEIGHT) -> str:
    """Draw one figure.

    Args:
        draw: Draws on the axes, in the stand-in colours of `auctionsim.report.styles`.
        prefix: Put before all ids, unique on the page.
        height: In inches.

    Returns:
        An SVG element to be put into a page; equal drawings give equal text.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with drawing_style(SETTINGS):
        figure = Figure(figsize=(WIDTH, height))
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.tick_params(length=2.5)
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata=undated("svg"))
    return _inline(buffer.getvalue(), prefix)


def percent_axis(axes: Axes) -> None:
    """Show heights in [0, 1] in percent from 0 to 100."""
    from matplotlib.ticker import PercentFormatter

    axes.set_ylim(-0.02, 1.04)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))


def shortened(name: str, length: int = 24) -> str:
    """Return a name cut to a length that fits beside an axis."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _inline(drawn: str, prefix: str) -> str:
    """Make an SVG part of a page: no header, ids of its own, fluid width, the page's colours."""
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    # The drawer's comments hold the text drawn, and a name may hold anything.
    drawn = re.sub(r"<!--.*?-->", "", drawn, flags=re.DOTALL)
    frame = r'<svg viewBox="\1" aria-hidden="true">'
    drawn = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', frame, drawn, count=1)
    drawn = re.sub(r'\bid="', f'id="{prefix}-', drawn)
    drawn = re.sub(r'href="#', f'href="#{prefix}-', drawn).replace("xlink:href", "href")
    drawn = re.sub(r"url\(#", f"url(#{prefix}-", drawn)
    drawn = drawn.replace(INK, "currentColor").replace(GRID_INK, "var(--grid)")
    for series in range(SERIES):
        drawn = drawn.replace(Look(series, (), 1).stand_in, series_variable(series))
    return drawn.strip()
