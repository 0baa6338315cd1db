"""Which figures go with a table."""

from __future__ import annotations

from collections.abc import Mapping

from vao.reproduce.figures import bars, lines
from vao.reproduce.plan import TableConfig
from vao.reproduce.sweeps import sweep
from vao.reproduce.table import Table

__all__ = ["figures"]

_METRICS = ("value", "score_strict", "expected_score")


def figures(config: TableConfig, tables: Mapping[str, Table]) -> dict[str, str]:
    """Return a figure's SVG documents by file name, one a protocol; none for a plain table.

    Over its entrants if those have places on an axis, over its variants if these have, else bars.
    """
    if config.kind == "table":
        return {}
    found = {}
    for protocol in config.protocols:
        own = {name: t for name, t in tables.items() if t.layout.protocol == protocol}
        name = f"figure-{protocol}.svg"
        if set(config.places) & set(config.variants):
            parts = {part: own[f"{part} {protocol}"] for part in config.variants}
            found[name] = sweep(parts, config.places, config.axis)
        elif config.places:
            (table,) = own.values()
            placed = {n: p for n, p in config.places.items() if _has(table, n)}
            found[name] = lines(table, placed, config.axis, _METRICS)
        else:
            (table,) = own.values()
            shown = [n for n in config.lines if n != config.baseline and _has(table, n)]
            found[name] = bars(table, shown, _METRICS)
    return found


def _has(table: Table, entrant: str) -> bool:
    return any(row.line.entrant == entrant for row in table.rows)
