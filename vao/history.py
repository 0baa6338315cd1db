"""A run's history as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from auctionsim.dataset.files import write_whole
from auctionsim.errors import invalid_data
from vao.training.loop import Record

__all__ = ["read_history", "write_history"]


def write_history(history: Iterable[Record], path: Path | str) -> None:
    """Write records to a JSONL file, one a line, whole or not at all."""
    text = "".join(json.dumps(entry, allow_nan=False, sort_keys=True) + "\n" for entry in history)
    write_whole(Path(path), lambda file: file.write(text.encode()))


def read_history(path: Path | str) -> list[Record]:
    """Read what `write_history` wrote.

    Raises:
        InvalidDataError: If a line is not a JSON object.
    """
    records = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise invalid_data(
                f"{path}:{number}", "must be a JSON object", line, "Remove the line."
            )
        records.append(record)
    return records
