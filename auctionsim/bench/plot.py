"""A picture of how time and memory grow: what was measured, and the formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auctionsim.bench.formula import Formula, Sizes
from auctionsim.bench.growth import Growth, Point
from auctionsim.dataset.files import write_whole
from auctionsim.drawing_style import drawing_style, undated
from auctionsim.errors import invalid_argument

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS: tuple[str, ...] = (".svg", ".png", ".pdf")

_POINTS_OF_A_CURVE, _FEW_DECADES = 60, 50


def check_plot_target(path: Path) -> None:
    """Refuse a picture that could not be written, before the work is done.

    Raises:
        InvalidArgumentError: The folder does not exist, or the format is not known.
    """
    if path.suffix not in FORMATS or path.is_dir():
        rule = f"must end in {', '.join(FORMATS)}"
        raise invalid_argument("--plot", rule, str(path), "Name a file of one of these kinds.")
    if not path.parent.is_dir():
        mend = "Make the folder first."
        raise invalid_argument("--plot", "must lie in an existing folder", str(path), mend)


def draw_growth(growth: Growth, path: Path) -> None:
    """Draw a panel a size and quantity, points and formula on logarithmic axes, into a file."""
    from matplotlib.figure import Figure

    axes_names = growth.points[0].axes
    rows = [("seconds an episode", _seconds, growth.time)]
    if growth.memory is not None:
        least = f"{growth.memory.floor:g} at least"
        rows.append((f"MiB beside the program's own\n({least})", _mib, growth.memory))
    with drawing_style():
        figure = Figure(figsize=(2.7 * len(axes_names), 2.5 * len(rows)))
        panels = figure.subplots(len(rows), len(axes_names), sharex="col", sharey="row")
        for row, (label, amount, formula) in zip(np.atleast_2d(panels), rows, strict=True):
            for panel, axis in zip(row, axes_names, strict=True):
                _draw_panel(panel, growth, axis, amount, formula)
            row[0].set_ylabel(label)
        for panel, axis in zip(np.atleast_2d(panels)[-1], axes_names, strict=True):
            panel.set_xlabel(axis)
        figure.suptitle(_title(growth), fontsize=9)
        kind, target = path.suffix[1:], path.resolve()
        metadata = undated(kind)
        write_whole(target, lambda f: figure.savefig(f, format=kind, metadata=metadata, dpi=160))


def _draw_panel(
    panel: Axes,
    growth: Growth,
    axis: str,
    amount: Callable[[Point], float],
    formula: Formula,
) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    points = sorted(
        (p for p in growth.points if axis in p.axes), key=lambda p: getattr(p.sizes, axis)
    )
    x = [getattr(p.sizes, axis) for p in points]
    centre = growth.points[0].sizes
    curve = np.geomspace(x[0], x[-1], _POINTS_OF_A_CURVE)
    floor = formula.floor
    heights = [max(formula(_moved(centre, axis, v)), floor) for v in curve]
    panel.plot(curve, heights, color="0.35", lw=1.2, label="formula")
    heights = [max(amount(p), floor) for p in points]
    panel.plot(x, heights, "o", color="tab:blue", ms=4.5, label="measured")
    panel.set(xscale="log", yscale="log")
    if x[-1] < _FEW_DECADES * x[0]:
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())
    if axis == growth.points[0].axes[0] and amount is _seconds:
        panel.legend()


def _seconds(point: Point) -> float:
    return point.seconds


def _mib(point: Point) -> float:
    return point.mib or 0.0


def _moved(centre: Sizes, axis: str, value: float) -> Sizes:
    moved: Any = {axis: value}
    return replace(centre, **moved)


def _title(growth: Growth) -> str:
    lines = [f"One size at a time around market {growth.market}, {growth.threads} threads"]
    lines += [str(f) for f in (growth.time, growth.memory) if f is not None]
    return "\n".join(lines)
