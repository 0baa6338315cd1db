"""Colours and dashes of a page's figures: one look a name, kept through all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["DASHES", "GRID_INK", "INK", "SERIES", "Look", "looks_of", "series_variable"]

# Colours that stand for CSS variables: the finished SVG takes them from the page, light or dark.
INK = "#010101"
GRID_INK = "#020202"
SERIES = 8

DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 2),
    (1.5, 1.5),
    (6, 2, 1.5, 2),
    (9, 2),
    (4, 1.5, 1, 1.5, 1, 1.5),
)


@dataclass(frozen=True)
class Look:
    """How a name is drawn.

    Attributes:
        series: Index of its colour.
        dashes: On and off lengths, in line widths; empty for a solid line.
        width: In points.
    """

    series: int
    dashes: tuple[float, ...]
    width: float

    @property
    def stand_in(self) -> str:
        """The colour to draw with; replaced by the page's own in the finished SVG."""
        return f"#0300{self.series:02x}"


def series_variable(series: int) -> str:
    """Return the CSS that gives a series its colour."""
    return f"var(--series-{series})"


def looks_of(names: Iterable[str], width: float = 1.8, start: int = 0) -> dict[str, Look]:
    """Assign a look to every name, in order.

    Args:
        names: Repeated ones count once.
        width: Of the lines, in points.
        start: Index of the first one's colour.
    """
    return {
        name: Look((start + index) % SERIES, DASHES[index % len(DASHES)], width)
        for index, name in enumerate(dict.fromkeys(names))
    }
