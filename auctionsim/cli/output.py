"""Results as JSON, written whole or not at all, and as tables."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from auctionsim.errors import InvalidArgumentError, invalid_argument
from auctionsim.plain_values import plain

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "check_json_apart",
    "check_json_target",
    "counted",
    "in_flags",
    "key_value_table",
    "plain",
    "table",
    "write_json",
]

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


def check_json_apart(path: str | None, folder: Path) -> None:
    """Refuse a `--json` in the folder of the dataset that is read.

    Raises:
        InvalidArgumentError: It lies there.
    """
    if path is None or path == STANDARD_OUTPUT:
        return
    from auctionsim.dataset.targets import check_apart

    check_apart("--json", path, folder)


@contextlib.contextmanager
def in_flags(flags: Mapping[str, str]) -> Iterator[None]:
    """Let errors name the flags that were typed in place of the library's arguments.

    Args:
        flags: By the library's argument.
    """
    try:
        yield
    except InvalidArgumentError as error:
        argument, space, rest = str(error).partition(" ")
        name = argument.strip("`")
        shown = f"`{flags[name]}`" if name in flags else argument
        rest = rest.replace("allow overwriting", "give --overwrite")
        raise InvalidArgumentError(f"{shown}{space}{rest}") from error


def write_json(path: str, result: Mapping[str, Any]) -> None:
    """Write a result to standard output, or to a file (see `write_target`)."""
    text = json.dumps(plain(result), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from auctionsim.dataset.targets import write_target

    write_target(Path(path), lambda file: file.write(text.encode()))


def counted(number: int, thing: str) -> str:
    """Say how many things there are: "1 episode", "2,000 trajectories"."""
    many = f"{thing.removesuffix('y')}ies" if thing.endswith("y") else f"{thing}s"
    return f"{number:,} {thing if number == 1 else many}"


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
