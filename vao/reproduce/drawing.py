"""Which figures go with a table."""

from __future__ import annotations

from collections.abc import Mapping

from vao.reproduce.figures import bars, lines
from vao.reproduce.sweeps import sweep
from vao.reproduce.table import Table
from vao.reproduce.table_config import TableConfig, row_name

__all__ = ["figures"]

_METRICS = ("value", "score_strict", "expected_score")


def figures(config: TableConfig, tables: Mapping[str, Table]) -> dict[str, str]:
    """Return a figure's SVG documents by file name, one a protocol; none for a plain table.

    Over its entrants if those have places on an axis, over its variants if these have, else bars.
    Where nobody who would be shown has finished, there is none.
    """
    if config.kind == "table":
        return {}
    found = {}
    for protocol in config.protocols:
        own = {name: t for name, t in tables.items() if t.layout.protocol == protocol}
        if config.across:
            drawn = _one_over_variants(config, own)
        else:
            drawn = _over_variants(config, own) if config.variants else _over_entrants(config, own)
        if drawn is not None:
            found[f"figure-{protocol}.svg"] = drawn
    return found


def _over_variants(config: TableConfig, own: Mapping[str, Table]) -> str | None:
    parts = {p: t for p, t in zip(config.variants, own.values(), strict=True) if t.rows}
    return sweep(parts, config.places, config.axis) if parts else None


def _one_over_variants(config: TableConfig, own: Mapping[str, Table]) -> str | None:
    (table,) = own.values()
    rows = {row_name(config.lines[0], part): place for part, place in config.places.items()}
    placed = {row: place for row, place in rows.items() if _has(table, row)}
    return lines(table, placed, config.axis, _METRICS) if placed else None


def _over_entrants(config: TableConfig, own: Mapping[str, Table]) -> str | None:
    (table,) = own.values()
    if config.places:
        placed = {n: p for n, p in config.places.items() if _has(table, n)}
        return lines(table, placed, config.axis, _METRICS) if placed else None
    shown = [n for n in config.lines if n != config.baseline and _has(table, n)]
    return bars(table, shown, _METRICS) if shown else None


def _has(table: Table, entrant: str) -> bool:
    return any(row.line.entrant == entrant for row in table.rows)
