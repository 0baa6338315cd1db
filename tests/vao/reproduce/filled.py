"""Tables filled with made-up results."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tests.vao.reproduce.studies import LAYOUT, LEVELS, study
from vao.reproduce.table import Table, make_table


@cache
def filled(part: str = "", protocol: str = "wide") -> Table:
    """Fill a table of three episodes; `part` is a variant."""
    ending = f" @ {part}" if part else ""
    levels = {name + ending: level for name, level in LEVELS.items()}
    layout = replace(
        LAYOUT,
        lines=tuple(replace(line, entrant=line.entrant + ending) for line in LAYOUT.lines),
        baseline=LAYOUT.baseline + ending,
        ours=LAYOUT.ours + ending,
        protocol=protocol,
    )
    return make_table(study(levels, protocol=protocol, of=len(part), episodes=3), layout)


def without(table: Table, *entrants: str) -> Table:
    """Take entrants out of a table, whatever the variant."""
    kept = tuple(r for r in table.rows if r.line.entrant.partition(" @ ")[0] not in entrants)
    return replace(table, rows=kept)
