"""Small records of figures: JSON, one row a line under its columns, read back as they were."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from auctionsim.dataset.files import write_whole

_DIGITS = 5
_JOIN = ",\n  "


@dataclass(frozen=True)
class About:
    """What a record's figures of a market come from.

    Attributes:
        market: Market name.
        episodes: How many were played.
        semantics: Version of the simulator's semantics (`auctionsim.SEMANTICS`).
    """

    market: str
    episodes: int
    semantics: int


def write_record(path: Path, record: Mapping[str, Sequence[Any]]) -> None:
    """Write lists of dataclass instances by name, as tables of five significant digits.

    Args:
        path: A file there is replaced only once the new one is complete.
        record: By name, dataclass instances of one kind.
    """
    tables = []
    for name, rows in sorted(record.items()):
        columns = [field.name for field in fields(rows[0])] if rows else []
        lines = [json.dumps(columns)]
        for row in rows:
            values = [_rounded(getattr(row, column)) for column in columns]
            lines.append(json.dumps(values, allow_nan=False))
        tables.append(f' "{name}": [\n  {_JOIN.join(lines)}\n ]')
    text = "{\n" + ",\n".join(tables) + "\n}\n"
    write_whole(path, lambda file: file.write(text.encode()))


def read_record(path: Path, kinds: Mapping[str, type[Any]]) -> dict[str, list[Any]]:
    """Read what `write_record` wrote.

    Args:
        path: The file.
        kinds: The dataclass of each name that is wanted.
    """
    found: dict[str, list[list[Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: [kinds[name](**dict(zip(columns, map(_restored, row), strict=True))) for row in rows]
        for name, (columns, *rows) in found.items()
        if name in kinds
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return math.nan if value is None else value
