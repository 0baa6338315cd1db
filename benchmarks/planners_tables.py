"""The speed of planners as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.planners_speed import ACTING, Speed
from benchmarks.power_tables import markdown

_ABSENT = "–"


def tables(speeds: Sequence[Speed]) -> str:
    """Return both tables, each under its title."""
    parts = {
        "Updates a second": training_table(speeds),
        "Milliseconds to act for 48 seats": acting_table(speeds),
    }
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items())


def training_table(speeds: Sequence[Speed]) -> str:
    """Return updates a second: one row a planner and stage, one column a setting."""
    updates = [speed for speed in speeds if speed.work != ACTING]
    found = {(x.planner, x.work, x.setting): _shown(1000.0 / x.milliseconds) for x in updates}
    titles = _titles(updates)
    rows = [
        [f"`{planner}`", stage, *(found.get((planner, stage, title), _ABSENT) for title in titles)]
        for planner, stage in dict.fromkeys((x.planner, x.work) for x in updates)
    ]
    return markdown(["planner", "stage", *titles], rows)


def acting_table(speeds: Sequence[Speed]) -> str:
    """Return milliseconds an action: one row a planner, one column a setting."""
    acting = [speed for speed in speeds if speed.work == ACTING]
    found = {(x.planner, x.setting): _shown(x.milliseconds) for x in acting}
    titles = _titles(acting)
    rows = [
        [f"`{planner}`", *(found.get((planner, title), _ABSENT) for title in titles)]
        for planner in dict.fromkeys(x.planner for x in acting)
    ]
    return markdown(["planner", *titles], rows)


def _titles(speeds: Sequence[Speed]) -> list[str]:
    return list(dict.fromkeys(speed.setting for speed in speeds))


def _shown(value: float) -> str:
    """Return a number with three digits that count, or all before its point."""
    for digits in (2, 1):
        if value < 10.0 ** (3 - digits):
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"
