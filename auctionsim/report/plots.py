"""Figures of distributions, of bands over the day, of cells, and of areas with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.drawing import percent_axis, shortened, svg
from auctionsim.report.styles import INK, Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Box", "Dot", "bands", "boxes", "cells", "dots"]

FloatArray = NDArray[np.float64]
THIN: dict[str, Any] = {"color": INK, "lw": 0.7, "alpha": 0.55}
ROW = 0.19
LONGEST_NAME = 20


@dataclass(frozen=True)
class Box:
    """A distribution as it is drawn: a thin line, a bar within, a dot.

    Attributes:
        name: Stands beside it.
        quantiles: The 5, 25, 50, 75 and 95 % quantiles.
        look: Its colour.
        whole: Whether the rows that follow are parts of it: it stands apart and is drawn thicker.
    """

    name: str
    quantiles: tuple[float, float, float, float, float]
    look: Look
    whole: bool = False


@dataclass(frozen=True)
class Dot:
    """A number with an interval.

    Attributes:
        name: Stands beside it.
        value: The number.
        interval: Ends of a line through it.
        look: Its colour.
        filled: Whether the dot is filled.
    """

    name: str
    value: float
    interval: tuple[float, float]
    look: Look
    filled: bool = True


def boxes(
    rows: Sequence[Box], prefix: str, *, x_label: str, percent: bool = False, level: float | None
) -> str:
    """Draw distributions one below the other.

    Args:
        rows: From the top.
        prefix: Put before all ids, unique on the page.
        x_label: With unit.
        percent: Whether values are shares, shown in percent.
        level: Place of a thin line for comparison.
    """
    places = np.cumsum([1.45 if row.whole else 1.0 for row in rows])

    def draw(axes: Axes) -> None:
        if level is not None:
            axes.axvline(level, **THIN)
        for row, place in zip(rows, -places, strict=True):
            low, lower, median, upper, high = row.quantiles
            colour, thick = row.look.stand_in, 7.0 if row.whole else 4.5
            axes.plot([low, high], [place, place], color=colour, lw=1.0)
            bar: dict[str, Any] = {"color": colour, "alpha": 0.45, "solid_capstyle": "butt"}
            axes.plot([lower, upper], [place, place], lw=thick, **bar)
            axes.plot([median], [place], "o", color=colour, ms=4.2)
        _names(axes, [row.name for row in rows], -places)
        axes.set_xlabel(x_label)
        if percent:
            from matplotlib.ticker import PercentFormatter

            axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))

    return svg(draw, prefix, 0.75 + ROW * float(places[-1] + 0.6))


def dots(rows: Sequence[Dot], prefix: str, *, x_label: str, level: float) -> str:
    """Draw numbers with intervals one below the other, otherwise as `boxes`."""
    places = -np.arange(len(rows), dtype=np.float64)

    def draw(axes: Axes) -> None:
        axes.axvline(level, **THIN)
        for row, place in zip(rows, places, strict=True):
            colour = row.look.stand_in
            axes.plot(row.interval, [place, place], color=colour, lw=1.6)
            inside = colour if row.filled else "none"
            axes.plot([row.value], [place], "o", color=colour, mfc=inside, ms=6)
        _names(axes, [row.name for row in rows], places)
        axes.set(xlabel=x_label, xlim=(-0.03, 1.03))

    return svg(draw, prefix, 0.75 + 0.25 * len(rows))


def bands(
    lines: Mapping[str, FloatArray],
    looks: Mapping[str, Look],
    prefix: str,
    *,
    x: FloatArray,
    x_label: str,
    y_label: str,
    percent: bool = False,
    diagonal: bool = False,
    doubling: bool = False,
) -> str:
    """Draw medians over the day, each within its band.

    Args:
        lines: By name, (3, points) of low, middle and high, or (points,) of the middle alone.
        looks: By name.
        prefix: Put before all ids, unique on the page.
        x: (points,) positions.
        x_label: With unit.
        y_label: With unit.
        percent: Whether heights are shares in [0, 1], shown in percent.
        diagonal: Whether to draw a thin line from zero to one over the whole width.
        doubling: Whether heights are ratios, on a log scale.
    """

    def draw(axes: Axes) -> None:
        if diagonal:
            axes.plot([x[0], x[-1]], [0, 1], **THIN)
        for name, heights in lines.items():
            look = looks[name]
            shown = _log2(heights) if doubling else heights
            low, middle, high = shown if shown.ndim == 2 else (shown, shown, shown)
            if shown.ndim == 2:
                axes.fill_between(x, low, high, color=look.stand_in, alpha=0.15, lw=0)
            dashes: Any = (0, look.dashes) if look.dashes else "-"
            marker = "o" if len(x) == 1 else ""
            axes.plot(x, middle, color=look.stand_in, lw=look.width, ls=dashes, marker=marker, ms=4)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.margins(x=0.02)
        if percent:
            percent_axis(axes)
        if doubling:
            _doubling_axis(axes)

    return svg(draw, prefix)


def cells(
    counts: NDArray[np.int64],
    look: Look,
    prefix: str,
    *,
    steps: int,
    heights: tuple[float, float],
    y_label: str,
    percent: bool,
) -> str:
    """Draw counts by cell, the stronger the more, on a log scale.

    Args:
        counts: (time, height).
        look: Its colour.
        prefix: Put before all ids, unique on the page.
        steps: Steps of the day, over which the first axis spreads.
        heights: Range of the second axis; of log2 unless `percent`.
        y_label: With unit.
        percent: Whether heights are shares in [0, 1].
    """

    def draw(axes: Axes) -> None:
        from matplotlib.collections import PolyCollection
        from matplotlib.colors import to_rgb

        wide, high = steps / counts.shape[0], (heights[1] - heights[0]) / counts.shape[1]
        at, up = np.nonzero(counts)
        left, low = at * wide, heights[0] + up * high
        corners = [(left, low), (left + wide, low), (left + wide, low + high), (left, low + high)]
        strength = np.log1p(counts[at, up]) / np.log1p(counts.max(initial=1))
        colours = [(*to_rgb(look.stand_in), 0.08 + 0.92 * share) for share in strength.tolist()]
        shapes = np.moveaxis(np.array(corners), 2, 0)
        axes.add_collection(PolyCollection(list(shapes), facecolors=colours, linewidths=0))
        axes.set(xlim=(0, steps), ylim=heights, xlabel="step of the day", ylabel=y_label)
        if percent:
            percent_axis(axes)
        else:
            _doubling_axis(axes)

    return svg(draw, prefix)


def _names(axes: Axes, names: Sequence[str], places: FloatArray) -> None:
    axes.set_yticks(places, [shortened(name, LONGEST_NAME) for name in names])
    axes.set_ylim(float(places.min()) - 0.7, float(places.max()) + 0.7)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.05)
    for label in axes.get_yticklabels():
        if not label.get_text().startswith(" "):
            label.set_fontweight("bold")


def _log2(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log2(np.where(values > 0, values, np.nan))


def _doubling_axis(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -1.05), max(high, 1.05))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda height, _: f"{2**height:.3g}"))
