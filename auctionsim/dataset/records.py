"""Records of the complete files of a dataset that is still being written.

They lie in the folder's `.unfinished`, one JSON file each, and say for which dataset a file was
made and what its bytes are. A record that is damaged counts as none: its file is made again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dacite

from auctionsim.dataset.card import LogFile, Shard
from auctionsim.dataset.files import sha256_of_json, write_json

UNFINISHED = ".unfinished"

_KINDS: dict[str, type[Shard | LogFile]] = {"shard": Shard, "log": LogFile}
_SUFFIX = ".record.json"


class Records:
    """The records in a dataset's folder; several processes may write them.

    Args:
        folder: The dataset's folder.
        identity: Checksum of what the dataset follows from; records of another one are not ours.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.identity = identity
        self._folder = folder / UNFINISHED

    def write(self, entry: Shard | LogFile) -> None:
        """Record a file that is complete on disk."""
        kind = "shard" if isinstance(entry, Shard) else "log"
        content = {"kind": kind, "identity": self.identity, "entry": asdict(entry)}
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{Path(entry.file).name}{_SUFFIX}"
        write_json(path, content | {"sha256": sha256_of_json(content)})

    def read(self) -> dict[str, Shard | LogFile]:
        """Return what is recorded, by file."""
        found = (_entry(path, self.identity) for path in self._folder.glob(f"*{_SUFFIX}"))
        return {entry.file: entry for entry in found if entry is not None}


def _entry(path: Path, identity: str) -> Shard | LogFile | None:
    """Return the entry of a record; None if it is damaged, or of another dataset."""
    content = read_json(path)
    sha256 = content.pop("sha256", None)
    if content.get("identity") != identity or sha256 != sha256_of_json(content):
        return None
    try:
        return dacite.from_dict(
            _KINDS[content["kind"]], content["entry"], dacite.Config(strict=True)
        )
    except (dacite.DaciteError, KeyError, TypeError):
        return None


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file's mapping; an empty one if it is missing, damaged or no mapping."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(content, allow_nan=False)
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
