"""The card of a dataset: what it holds and where that came from."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

import dacite

from auctionsim.dataset.files import sha256_of_json, write_json
from auctionsim.dataset.schema import SCHEMA_VERSION
from auctionsim.errors import invalid_data, unknown_name
from auctionsim.tasks import TASKS

CARD_FILE = "card.json"
KINDS: tuple[str, ...] = ("simulated", "auctionnet-log")
SPLITS: tuple[str, ...] = ("train", "val_align", "val_select", "test")
LOG_FOLDER = "logs"

_PACKAGES = ("auctionsim", "numba", "numpy", "pyarrow")


@dataclass(frozen=True)
class Shard:
    """One Parquet file of a dataset.

    Attributes:
        file: File name within the dataset's folder.
        split: One of `SPLITS`.
        index: Place among the shards of its split.
        rows: Trajectories in it.
        tasks: Trajectories by task name.
        sha256: Of the file's bytes.
    """

    file: str
    split: str
    index: int
    rows: int
    tasks: dict[str, int]
    sha256: str


@dataclass(frozen=True)
class LogFile:
    """A file of the opportunity-level logs that may lie beside the shards.

    Attributes:
        file: Its path within the dataset's folder, such as "logs/period-00012.parquet".
        rows: Rows in it, one an opportunity and advertiser; 0 for a file of another kind.
        sha256: Of the file's bytes.
    """

    file: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Card:
    """What a dataset folder says about itself; equal inputs give equal cards.

    Attributes:
        kind: One of `KINDS`.
        schema_version: Version of the columns.
        semantics: Version of the simulation's rules under which the data was made or is read.
        steps: Steps of every trajectory, T.
        features: Names of the state features, in order.
        seeds: Seeds by name.
        config: All settings the data follows from.
        config_sha256: Of the canonical JSON of `config`.
        packages: Versions of Python and of the packages that made the data.
        shards: The Parquet files, by split and index.
        logs: Opportunity-level logs, by name.
    """

    kind: str
    schema_version: int
    semantics: int
    steps: int
    features: tuple[str, ...]
    seeds: dict[str, int]
    config: dict[str, Any]
    config_sha256: str
    packages: dict[str, str]
    shards: tuple[Shard, ...] = ()
    logs: tuple[LogFile, ...] = ()

    @property
    def identity(self) -> str:
        """Checksum of everything but the files: equal for two runs that make the same data."""
        return sha256_of_json(self.settings)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the files, as JSON values."""
        return replace(self, shards=(), logs=())._content()

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Trajectories by split and, within, by task name."""
        result: dict[str, Counter[str]] = {}
        for shard in self.shards:
            result.setdefault(shard.split, Counter()).update(shard.tasks)
        return {split: dict(counter) for split, counter in result.items()}

    @property
    def files(self) -> tuple[Shard | LogFile, ...]:
        """All files of the dataset but the card itself."""
        return (*self.shards, *self.logs)

    def with_files(self, files: Iterable[Shard | LogFile]) -> Card:
        """Return this card with these files: shards by split and index, logs by name."""
        files = list(files)
        shards = [file for file in files if isinstance(file, Shard)]
        logs = [file for file in files if isinstance(file, LogFile)]
        shards.sort(key=lambda shard: (SPLITS.index(shard.split), shard.index))
        return replace(self, shards=tuple(shards), logs=tuple(sorted(logs, key=lambda f: f.file)))

    def write(self, folder: Path) -> None:
        """Write `card.json` into the folder, whole or not at all."""
        write_json(folder / CARD_FILE, self._content() | {"counts": self.counts})

    def _content(self) -> dict[str, Any]:
        """Return the card as JSON values; a dataset without logs has no word of them."""
        content = asdict(self)
        return content if self.logs else {n: v for n, v in content.items() if n != "logs"}


def make_card(
    *,
    kind: str,
    semantics: int,
    steps: int,
    features: Iterable[str],
    seeds: dict[str, int],
    config: dict[str, Any],
) -> Card:
    """Return a card without shards, with the versions of the packages in use.

    Raises:
        InvalidArgumentError: For an unknown kind.
    """
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS)
    return Card(
        kind=kind,
        schema_version=SCHEMA_VERSION,
        semantics=semantics,
        steps=steps,
        features=tuple(features),
        seeds=seeds,
        config=config,
        config_sha256=sha256_of_json(config),
        packages=package_versions(),
    )


def read_card(folder: Path) -> Card:
    """Read and check `card.json`.

    Raises:
        InvalidDataError: If it is not JSON, of another schema version, or not a dataset's card.
    """
    path = folder / CARD_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _invalid(path, "must be readable JSON", error) from error
    if not isinstance(content, dict) or "schema_version" not in content:
        raise _invalid(path, "must be a dataset's card", "no `schema_version`")
    if content["schema_version"] != SCHEMA_VERSION:
        raise invalid_data(
            str(path),
            f"must have schema_version {SCHEMA_VERSION}",
            content["schema_version"],
            "Make the dataset again, or read it with the release that wrote it.",
        )
    counts = content.pop("counts", None)
    try:
        card = dacite.from_dict(Card, content, dacite.Config(strict=True, cast=[tuple]))
    except (dacite.DaciteError, TypeError, ValueError) as error:
        raise _invalid(path, "must be a dataset's card", error) from error
    _check(path, card, counts)
    return card


def _check(path: Path, card: Card, counts: object) -> None:
    files = [file.file for file in card.files]
    if len(set(files)) < len(files):
        raise _invalid(path, "must list each file once", Counter(files).most_common(1)[0][0])
    for shard in card.shards:
        safe = Path(shard.file).name == shard.file and shard.file not in ("", ".", "..")
        if not safe or shard.split not in SPLITS or shard.rows < 0 or shard.index < 0:
            raise _invalid(path, "must list shards of known splits in its own folder", shard.file)
        if not set(shard.tasks) <= set(TASKS) or sum(shard.tasks.values()) != shard.rows:
            raise _invalid(path, f"must count {shard.file}'s rows by task", shard.tasks)
    for log in card.logs:
        parts = PurePosixPath(log.file).parts
        if len(parts) != 2 or parts[0] != LOG_FOLDER or parts[1] == ".." or log.rows < 0:
            raise _invalid(path, f"must list logs in its own folder {LOG_FOLDER}", log.file)
    if card.kind not in KINDS:
        raise _invalid(path, f"must be of kind {' or '.join(KINDS)}", card.kind)
    if card.steps < 1 or not card.features:
        raise _invalid(path, "must have steps >= 1 and features", card.steps)
    if counts != card.counts:
        raise _invalid(path, "must have counts that agree with its shards", counts)
    if card.config_sha256 != sha256_of_json(card.config):
        raise _invalid(path, "must hold the config's checksum", card.config_sha256)


def _invalid(path: Path, rule: str, found: object) -> Exception:
    return invalid_data(str(path), rule, found, "Make the dataset again.")


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make data."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions
