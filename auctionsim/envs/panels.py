"""What pictures of a day are made of: the style, the headline, and the parts of a panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.drawing_style import SHARED, drawing_style
from auctionsim.envs.day import DayRecord, MarketRecord
from auctionsim.envs.text import Fact, amount, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Float64Array = NDArray[np.float64]
Picture = NDArray[np.uint8]

SIZE, DPI = (9.0, 6.0), 100  # inches, pixels an inch

# Blue and orange are told apart by all eyes, and so are pale and dark.
BLUE, PALE_BLUE, ORANGE, RED, INK, FAINT, PALE = (
    "tab:blue", "#a6cbe8", "tab:orange", "#b3400e", "0.15", "0.4", "0.86",
)  # fmt: skip

_TITLE_LETTERS, _TITLE_PAD, _FEW_STEPS = 62, 5.0, 200
_SETTINGS: dict[str, Any] = SHARED | {
    "font.size": 9,
    "text.color": INK,
    "text.hinting": "no_hinting",  # a sixth of the time of a picture
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": _TITLE_PAD,
    "axes.titley": 1.0,  # given, it need not be searched for in every picture
    "axes.edgecolor": "0.6",
    "axes.labelcolor": FAINT,
    "grid.color": "0.9",
    "xtick.color": "0.6",
    "ytick.color": "0.6",
    "xtick.labelcolor": FAINT,
    "ytick.labelcolor": FAINT,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
}


def style() -> AbstractContextManager[None]:
    """Return what sets how days are drawn."""
    return drawing_style(_SETTINGS)


def headed_figure(
    record: DayRecord | MarketRecord, facts: Sequence[Fact], places: Sequence[float]
) -> Figure:
    """Return a figure with its headline: title, step, and facts side by side.

    Args:
        record: What is to be drawn.
        facts: What to say of it.
        places: Where facts begin, as shares of the width.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI)
    title = drawable(shortened(record.title, _TITLE_LETTERS))
    figure.text(places[0], 0.945, title, fontsize=13, weight="bold")
    step = f"step {record.played} of {record.steps}"
    figure.text(0.975, 0.945, step, fontsize=11, color=FAINT, ha="right")
    for x, fact in zip(places, facts, strict=True):
        label = f"{fact.label}, limit broken" if fact.broken else fact.label
        figure.text(x, 0.9, label, fontsize=8, color=RED if fact.broken else FAINT)
        figure.text(x, 0.862, fact.text, fontsize=10.5, color=RED if fact.broken else INK)
    return figure


def time_axis(axes: Axes, record: DayRecord | MarketRecord, *, labelled: bool = True) -> None:
    """Span the whole day, what is to come left blank, with a line at the present."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0, record.steps)
    locator = MaxNLocator(nbins=4, steps=[1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10], integer=True)
    axes.xaxis.set_major_locator(locator)
    axes.tick_params(labelbottom=labelled)
    if 0 < record.played < record.steps:
        axes.axvline(record.played, color="0.6", lw=0.8)


def height_axis(axes: Axes, highest: float) -> None:
    """Span 0 to the next of ..., 1, 2, 5, 10, 20, ... above, so that the axis leaps rarely."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(0, ceiling(highest) * 1.02)  # keeps lines clear of the edge
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda height, _: amount(height)))


def stairs(axes: Axes, by_step: Float64Array, *, color: str, fill: bool = False) -> None:
    """Draw a quantity by step, (steps,), as a line or filled; nothing where it is nan."""
    steps = len(by_step)
    edges = np.arange(steps + 1)
    if fill:
        axes.stairs(by_step, edges, fill=True, baseline=0, color=color, lw=0)
    else:
        width = 1.6 if steps <= _FEW_STEPS else 0.8
        axes.stairs(by_step, edges, baseline=None, color=color, lw=width)


def heading(axes: Axes, title: str, reading: str = "") -> None:
    """Write a panel's title, and on its right what it shows now."""
    axes.set_title(title)
    if reading:
        axes.set_title(reading, loc="right")
    # Given places, labels need not be searched a place for in every picture.
    axes.xaxis.set_label_coords(0.5, -0.13)
    axes.yaxis.set_label_coords(-0.1, 0.5)


def key(axes: Axes, entries: Sequence[tuple[str, str, float]]) -> None:
    """Name colours in the line of the heading: label, colour, and share of the panel's width."""
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    for label, colour, x in entries:
        axes.annotate("■", (x, 1.0), (0.0, _TITLE_PAD), color=colour, **place)
        axes.annotate(label, (x, 1.0), (11.0, _TITLE_PAD), color=FAINT, size=8.5, **place)


def highest(numbers: Float64Array) -> float:
    """Return the highest of the finite numbers, 0 at least."""
    known = numbers[np.isfinite(numbers)]
    return max(float(known.max()), 0.0) if len(known) else 0.0


def last(by_step: Float64Array) -> str:
    """Return the latest number that is known, in short."""
    known = by_step[np.isfinite(by_step)]
    return amount(float(known[-1])) if len(known) else ""


def ceiling(number: float) -> float:
    """Return the lowest of ..., 1, 2, 5, 10, 20, ... that is not below a number; 1 for 0."""
    if number <= 0.0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(number))
    return next((m * decade for m in (1.0, 2.0, 5.0) if number <= m * decade), 10.0 * decade)


def drawable(text: str) -> str:
    """Return text with a question mark for each character that the font lacks."""
    known = _characters()
    return "".join(c if ord(c) in known else "?" for c in text)


@cache
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def pixels(figure: Figure) -> Picture:
    """Return a figure as (600, 900, 3), contiguous."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)  # whose methods carry no types
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
