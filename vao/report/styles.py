"""Colours and dashes: one look a name, kept through all figures and legends."""

from __future__ import annotations

from dataclasses import dataclass

from vao.report.data import ReportData

__all__ = ["GRID_INK", "INK", "Look", "looks", "series_variable"]

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


def looks(data: ReportData) -> dict[str, Look]:
    """Assign a look to every name: the highlighted method first, then methods, then tasks."""
    methods = [r.name for r in data.results if r.name != data.highlight]
    drawn = [data.highlight, *methods]
    result = {
        name: Look(index % SERIES, DASHES[index % len(DASHES)], 2.2 if index == 0 else 1.5)
        for index, name in enumerate(drawn)
    }
    panels = (*data.weights, *data.validation)
    others = [*data.tasks, *(line.name for panel in panels for line in panel.lines)]
    others += [line.name for pace in data.pacing for line in (*pace.spent, *pace.multiplier)]
    fresh = [name for name in dict.fromkeys(others) if name not in result]
    for index, name in enumerate(fresh, start=len(drawn)):
        result[name] = Look(index % SERIES, DASHES[(index - len(drawn)) % len(DASHES)], 1.8)
    return result
