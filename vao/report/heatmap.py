"""A matrix as shades: one colour above 0, another below, deeper for larger numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.drawing import svg
from auctionsim.report.styles import Look
from vao.report.sharing import Grid
from vao.report.words import task_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["heatmap"]

_SHADES = 6
_DEEPEST = 0.98
"""Share of the numbers that differ in shade; larger ones have the deepest."""

_NAMED = 10
"""Most rows, or columns, that are named."""

_LETTERS = 14

ABOVE, BELOW = Look(0, (), 1).stand_in, Look(1, (), 1).stand_in


def heatmap(grid: Grid, prefix: str, *, x_label: str, y_label: str) -> str:
    """Draw a matrix, its first row on top; what is near 0 or not known stays blank.

    Args:
        grid: What to draw.
        prefix: Put before all ids, unique on the page.
        x_label: What the columns are.
        y_label: What the rows are.
    """
    values = np.array(grid.values, np.float64).reshape(len(grid.rows), len(grid.columns))
    known = np.where(np.isfinite(values), values, 0.0)
    top = _deepest(np.abs(known))

    def draw(axes: Axes) -> None:
        shades = np.rint(np.clip(known / top, -1.0, 1.0) * _SHADES)
        _cells(axes, shades.astype(int))
        axes.set(xlim=(0, len(grid.columns)), ylim=(len(grid.rows), 0), aspect="auto")
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.grid(visible=False)
        x, y = _named(grid.columns), _named(grid.rows)
        axes.set_xticks([at + 0.5 for at in x], list(x.values()), rotation=90)
        axes.set_yticks([at + 0.5 for at in y], list(y.values()))
        cut = top < np.abs(known).max(initial=0.0)
        _key(axes, top, cut=cut, signed=bool((shades < 0).any()))

    return _compact(svg(draw, prefix, height=4.0))


def _deepest(sizes: NDArray[np.float64]) -> float:
    """Return the number with the deepest shade: a few larger ones must not pale all others."""
    top = float(np.quantile(sizes, _DEEPEST)) if sizes.size else 0.0
    return top or float(sizes.max(initial=0.0)) or 1.0


def _named(names: tuple[str, ...]) -> dict[int, str]:
    """Return places and names of as many as fit."""
    every = max(1, math.ceil(len(names) / _NAMED))
    return {place: _cut(task_name(names[place])) for place in range(0, len(names), every)}


def _cut(name: str) -> str:
    """Cut the middle out of a long name: those of many tasks often differ at the end."""
    return (
        name if len(name) <= _LETTERS else f"{name[: _LETTERS // 2 - 1]}…{name[-_LETTERS // 2 :]}"
    )


def _cells(axes: Axes, shades: NDArray[np.int_]) -> None:
    """Fill cells of (rows, columns), one path a shade: a file of many paths would be large."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for shade in sorted({*shades.flat} - {0}):
        boxes = [_box(*run) for run in _runs(shades == shade)]
        colour = ABOVE if shade > 0 else BELOW
        path = Path.make_compound_path(*boxes)
        axes.add_patch(PathPatch(path, facecolor=colour, alpha=abs(shade) / _SHADES, lw=0))


def _runs(held: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return (row, first column, column after the last) of neighbouring cells in a row."""
    edges = np.diff(np.pad(held, ((0, 0), (1, 1))).astype(int), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [(int(r), int(a), int(b)) for (r, a), (_, b) in zip(starts, ends, strict=True)]


def _box(row: int, begin: int, end: int) -> Any:
    from matplotlib.path import Path

    corners = [(begin, row), (end, row), (end, row + 1), (begin, row + 1), (begin, row)]
    return Path(corners, closed=True)


def _key(axes: Axes, top: float, *, cut: bool, signed: bool) -> None:
    """Draw what the shades stand for, above the matrix."""
    from matplotlib.patches import Rectangle

    lowest = -_SHADES if signed else 0
    key = axes.inset_axes((0.0, 1.05, 1.0, 0.04))
    for shade in range(lowest, _SHADES):
        edge = shade + 1 if shade >= 0 else shade
        colour = ABOVE if shade >= 0 else BELOW
        key.add_patch(
            Rectangle((shade, 0), 1, 1, facecolor=colour, alpha=abs(edge) / _SHADES, lw=0)
        )
    key.set(xlim=(lowest, _SHADES), ylim=(0, 1), yticks=[])
    ends = {0: "0", _SHADES: f"{'≥ ' if cut else ''}{top:.2g}"}
    if signed:
        ends[-_SHADES] = f"{'≤ ' if cut else ''}−{top:.2g}"
    key.set_xticks(list(ends), list(ends.values()))
    key.xaxis.tick_top()
    key.tick_params(length=0, pad=1)
    key.grid(visible=False)
    for spine in key.spines.values():
        spine.set_visible(False)


_BOX = re.compile(r"M (\S+) (\S+) \nL (\S+) \2 \nL \3 (\S+) \nL \1 \4 \n(?:L \1 \2 \n)?z")


def _compact(drawn: str) -> str:
    """Shorten the boxes of a drawing, which is most of it for many cells."""

    def shorter(box: re.Match[str]) -> str:
        left, top, right, bottom = (f"{float(number):.2f}" for number in box.groups())
        return f"M{left} {top}H{right}V{bottom}H{left}z"

    return _BOX.sub(shorter, drawn)
