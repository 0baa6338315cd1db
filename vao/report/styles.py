"""Colours and dashes: one look a name, kept through all figures and legends."""

from __future__ import annotations

from auctionsim.report.styles import DASHES, SERIES, Look, looks_of
from vao.report.data import ReportData

__all__ = ["looks"]


def looks(data: ReportData) -> dict[str, Look]:
    """Assign a look to every name: the highlighted method first, then methods, then tasks."""
    methods = [r.name for r in data.results if r.name != data.highlight]
    drawn = [data.highlight, *methods]
    result = {
        name: Look(index % SERIES, DASHES[index % len(DASHES)], 2.2 if index == 0 else 1.5)
        for index, name in enumerate(drawn)
    }
    panels = (*data.weights, *data.validation, *data.sharing.panels, *data.balance)
    others = [*data.tasks, *(line.name for panel in panels for line in panel.lines)]
    others += [line.name for pace in data.pacing for line in (*pace.spent, *pace.multiplier)]
    return result | looks_of((name for name in others if name not in result), start=len(drawn))
