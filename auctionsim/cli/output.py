"""Results as JSON, written whole or not at all, and as tables."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from auctionsim.errors import invalid_argument

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["check_json_target", "key_value_table", "plain", "table", "write_json"]

STANDARD_OUTPUT = "-"
SHORT = 24  # characters that are kept on one line


def check_json_target(path: str | None) -> None:
    """Refuse a `--json` that could not be written, before the work is done.

    Raises:
        InvalidArgumentError: The folder does not exist, or the path is a folder.
    """
    if path is None or path == STANDARD_OUTPUT:
        return
    mend = "Name a file in an existing folder, or - for standard output."
    if not path or Path(path).is_dir():
        raise invalid_argument("--json", "must name a file", path, mend)
    if not Path(path).parent.is_dir():
        raise invalid_argument("--json", "must lie in an existing folder", path, mend)


def write_json(path: str, result: Mapping[str, Any]) -> None:
    """Write a result to a file, whole or not at all, or to standard output."""
    text = json.dumps(plain(result), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from auctionsim.dataset.files import write_whole

    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        # A pipe or a device is written to; a file renamed over it would take its place.
        target.write_text(text, encoding="utf-8")
        return
    write_whole(target, lambda file: file.write(text.encode()))


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: arrays are lists, dataclasses objects, nan and inf null.

    Raises:
        TypeError: The value has no JSON form.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"no JSON form for {type(value).__name__}: {value!r}")


def table(columns: Iterable[str], rows: Iterable[Iterable[object]], title: str = "") -> Table:
    """Build a table for the terminal; numbers are right-aligned and short, text is left-aligned.

    Args:
        columns: Headings; if all are empty there is no line for them.
        rows: Cells; floats are shown with 4 significant digits, nan as a dash.
        title: Stands above it.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    headings, cells = list(columns), [list(row) for row in rows]
    result = Table(
        title=title or None,
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
        title_justify="left",
        title_style="bold",
        show_header=any(headings),
    )
    for index, column in enumerate(headings):
        numeric = any(isinstance(row[index], (int, float)) for row in cells)
        short = all(len(_cell(row[index])) <= SHORT for row in cells)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        result.add_column(column, justify=justify, overflow="fold", no_wrap=short)
    for row in cells:
        result.add_row(*(Text(_cell(value)) for value in row))
    return result


def key_value_table(result: Mapping[str, Any]) -> Table:
    """Build a table with one line an entry; nested mappings are written as `outer.inner`."""
    return table(["", ""], [(name, _cell(value)) for name, value in _flat(plain(result))])


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_cell, value))
    return str(value)
