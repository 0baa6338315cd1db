"""Writing a dataset folder, file by file; a killed run leaves no broken file and can go on."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from auctionsim.dataset.card import LOG_FOLDER, SPLITS, Card, LogFile, Shard, make_card
from auctionsim.dataset.claim import RUN_FILE, check_place, claim_folder, place_of
from auctionsim.dataset.files import TEMPORARY_SUFFIX, sha256_of_file, write_whole
from auctionsim.dataset.records import UNFINISHED, Records
from auctionsim.dataset.schema import COLUMNS, Trajectories
from auctionsim.dataset.tables import write_table
from auctionsim.errors import invalid_argument, invalid_data, unknown_name
from auctionsim.observation import FEATURES
from auctionsim.tasks import TASKS

__all__ = ["RUN_FILE", "UNFINISHED", "DatasetWriter", "shard_name", "write_shard"]

_SHARD_NAME = re.compile(rf"({'|'.join(SPLITS)})-\d{{5,}}\.parquet")


class DatasetWriter:
    """Writes a dataset: files in any order, from several threads or processes, the card last.

    Until `finish`, a record of each complete file lies in the folder's `.unfinished`. A writer on
    the same folder with the same settings takes these over: ask `has` and write the rest.

    Args:
        folder: New or empty, or begun by a writer with the same settings.
        kind: "simulated" or "auctionnet-log".
        semantics: Version of the rules of the simulation.
        steps: Steps of every trajectory.
        seeds: Seeds by name.
        config: All settings the data follows from, as JSON values.
        features: Names of the state features.

    Attributes:
        folder: The folder.
        records: Where complete files are recorded; other processes may add to them.

    Raises:
        InvalidArgumentError: If the folder holds anything else.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        kind: str,
        semantics: int,
        steps: int,
        seeds: dict[str, int],
        config: dict[str, Any],
        features: Iterable[str] = FEATURES,
    ) -> None:
        self.folder = Path(folder)
        self._card = make_card(
            kind=kind,
            semantics=semantics,
            steps=steps,
            features=features,
            seeds=seeds,
            config=config,
        )
        self.records = Records(self.folder, self._card.identity)
        found = claim_folder(self.folder, self._card, _SHARD_NAME)
        self._place = place_of(self.folder)
        self._files: dict[str, Shard | LogFile] = {e.file: e for e in found.files} if found else {}
        self._files |= self.records.read()

    def has(self, file: str) -> bool:
        """Whether this file is there, complete and unchanged (its checksum is computed anew)."""
        entry, path = self._files.get(file), self.folder / file
        return entry is not None and path.is_file() and sha256_of_file(path) == entry.sha256

    def has_shard(self, split: str, index: int) -> bool:
        """Whether this shard is there, complete and unchanged."""
        return self.has(shard_name(split, index))

    def write_shard(self, split: str, index: int, trajectories: Trajectories) -> Shard:
        """Write one shard, whole or not at all, and record it.

        Args:
            split: "train", "val_align", "val_select" or "test".
            index: Place among the split's shards, from 0.
            trajectories: All columns, with the card's steps and features.

        Raises:
            InvalidArgumentError: For an unknown split, or trajectories that do not fit the card.
        """
        path = self.folder / shard_name(split, index)
        self._check(trajectories)
        written: list[Shard] = []
        write_whole(path, lambda f: written.append(write_shard(f, split, index, trajectories)))
        shard = replace(written[0], sha256=sha256_of_file(path))
        self.records.write(shard)
        self.take(shard)
        return shard

    def take(self, entry: Shard | LogFile) -> None:
        """Take over a file that was written and recorded by another process.

        Raises:
            InvalidDataError: If the folder is not where it was.
        """
        check_place(self.folder, self._place)
        self._files[entry.file] = entry

    def finish(self) -> Card:
        """Write the card, which makes the folder a dataset, and remove what the writing left over.

        Raises:
            InvalidArgumentError: If no shard was written.
            InvalidDataError: If a file is not there any more, or the folder is not where it was.
        """
        check_place(self.folder, self._place)
        if not any(isinstance(entry, Shard) for entry in self._files.values()):
            raise invalid_argument("shards", "must not be none", 0, "Write at least one shard.")
        self._check_all_there()
        card = self._card.with_files(self._files.values())
        # A pulled plug must not leave a card without the files it lists.
        _sync(self.folder)
        card.write(self.folder)
        _sync(self.folder)
        shutil.rmtree(self.folder / UNFINISHED, ignore_errors=True)
        self.clean()
        return card

    def clean(self) -> None:
        """Remove the halves of files that processes left which were ended while they wrote.

        For when no other process is writing.
        """
        for folder in (self.folder, self.folder / LOG_FOLDER, self.folder / UNFINISHED):
            for left_over in folder.glob(f".*{TEMPORARY_SUFFIX}"):
                left_over.unlink(missing_ok=True)

    def _check_all_there(self) -> None:
        lacking = next((file for file in self._files if not (self.folder / file).is_file()), None)
        if lacking is not None:
            rule = "must keep its files while a dataset is written into it"
            mend = "Give the same command again, which makes it anew."
            raise invalid_data(str(self.folder), rule, f"no {lacking}", mend)

    def _check(self, trajectories: Trajectories) -> None:
        missing = [name for name in COLUMNS if name not in trajectories.columns]
        if missing:
            raise invalid_argument(
                "trajectories", "must hold all columns", f"no {missing[0]}", "Load all columns."
            )
        found, expected = (
            trajectories.state.shape[1:],
            (self._card.steps, len(self._card.features)),
        )
        if found != expected:
            raise invalid_argument(
                "trajectories", f"must have steps and features {expected}", found, "Mend them."
            )


def write_shard(file: BinaryIO, split: str, index: int, trajectories: Trajectories) -> Shard:
    """Write a shard's bytes; returns what the card will say of it, but for the checksum."""
    write_table(file, trajectories)
    codes, counts = np.unique(trajectories.task, return_counts=True)
    return Shard(
        file=shard_name(split, index),
        split=split,
        index=index,
        rows=len(trajectories),
        tasks={TASKS[c]: int(n) for c, n in zip(codes, counts, strict=True)},
        sha256="",
    )


def shard_name(split: str, index: int) -> str:
    """Return the file name of a shard.

    Raises:
        InvalidArgumentError: For an unknown split, or a negative index.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    if index < 0:
        raise invalid_argument("index", "must be >= 0", index, "Count shards from 0.")
    return f"{split}-{index:05d}.parquet"


def _sync(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network folders cannot
        pass
    finally:
        os.close(descriptor)
