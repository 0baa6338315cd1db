"""Figures as SVG text that takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auctionsim.report.styles import GRID_INK, INK, SERIES, Look, series_variable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HEIGHT", "percent_axis", "shortened", "svg"]

WIDTH = 4.0  # inches; about the width of a phone, so that text keeps its size everywhere
HEIGHT = 2.7

SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "auctionsim",
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
    "text.parse_math": False,  # names come from files: they are shown, never read as mathematics
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
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = SETTINGS  # its keys are known to matplotlib's types by name only
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        figure = Figure(figsize=(WIDTH, height))
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.tick_params(length=2.5)
        draw(axes)
        buffer = io.StringIO()
        # No date and no program name: equal data give equal bytes.
        metadata: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
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
