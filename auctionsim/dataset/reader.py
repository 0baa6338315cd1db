"""Reading a dataset folder, every assumption checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.card import CARD_FILE, SPLITS, Card, LogFile, Shard, read_card
from auctionsim.dataset.files import sha256_of_file
from auctionsim.dataset.schema import CAMPAIGN_COLUMNS, COLUMNS, Trajectories, shape_of
from auctionsim.dataset.tables import read_arrays
from auctionsim.dataset.writer import UNFINISHED
from auctionsim.errors import InvalidDataError, invalid_data, unknown_name
from auctionsim.tasks import TASKS, task_code

# What is wrong with a file whose bytes are those its card names.
_AS_RECORDED = "not of this schema"
_IN_THE_WAY = "a folder"


class Dataset:
    """A finished dataset on disk. Make one with `Dataset.open`.

    Attributes:
        folder: Where it lies.
        card: What it says about itself.
    """

    def __init__(self, folder: Path, card: Card) -> None:
        self.folder = folder
        self.card = card

    @classmethod
    def open(cls, folder: Path | str) -> Dataset:
        """Open a dataset folder; reads the card only.

        Raises:
            InvalidDataError: If the folder does not exist, is unfinished, or is not a dataset.
        """
        folder = Path(folder)
        if not folder.is_dir():
            found = "a file" if folder.exists() else "nothing"
            raise invalid_data(str(folder), "must be a dataset's folder", found, "Check the path.")
        if not (folder / CARD_FILE).is_file():
            if (folder / UNFINISHED).is_dir():
                mend = "Run the command that began it again; it goes on where it stopped."
                raise invalid_data(str(folder), "must be a finished dataset", "a part", mend)
            raise invalid_data(
                str(folder), f"must hold a {CARD_FILE}", "none", "Give a dataset's folder."
            )
        return cls(folder, read_card(folder))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits it holds, in the order train, val_align, val_select, test."""
        held = {shard.split for shard in self.card.shards}
        return tuple(split for split in SPLITS if split in held)

    def shards(self, split: str) -> tuple[Shard, ...]:
        """Return the shards of a split, in order.

        Raises:
            InvalidArgumentError: If there is no such split.
        """
        if split not in self.splits:
            raise unknown_name("split", split, self.splits)
        return tuple(shard for shard in self.card.shards if shard.split == split)

    def load(
        self,
        split: str,
        columns: Iterable[str] | None = None,
        tasks: Iterable[str] | None = None,
    ) -> Trajectories:
        """Read the trajectories of a split into memory, in the order they were written.

        Args:
            split: One of `splits`.
            columns: Columns wanted; those about the campaigns always come; all if None.
            tasks: Names of the tasks wanted; all if None.

        Raises:
            InvalidArgumentError: For a split, column or task that is not there.
            InvalidDataError: If a shard is missing, damaged, or not as the card says.
        """
        names = chosen_columns(columns)
        shards = self.shards(split)
        codes = None if tasks is None else [task_code(name) for name in tasks]
        wanted = TASKS if codes is None else [TASKS[code] for code in dict.fromkeys(codes)]
        rows = sum(shard.tasks.get(name, 0) for shard in shards for name in wanted)
        result = {name: np.empty(self.shape(name, rows), COLUMNS[name]) for name in names}
        start = 0
        for shard in shards:
            arrays = self.read_shard(shard, names)
            keep = np.isin(arrays["task"], codes) if codes is not None else np.s_[:]
            stop = start + len(arrays["task"][keep])
            for name in names:
                result[name][start:stop] = arrays[name][keep]
            start = stop
        return Trajectories.partial(result)

    def map(
        self,
        split: str,
        columns: Iterable[str] | None = None,
        *,
        cache: Path | str | None = None,
    ) -> Trajectories:
        """Map the trajectories of a split into memory, in the order of `load`.

        The first call unpacks the columns into flat files beside the data; later ones open these in
        milliseconds, and the operating system reads what is touched. See `mapped.map_split`.

        Args:
            split: One of `splits`.
            columns: Columns wanted; those about the campaigns always come; all if None.
            cache: Folder for the unpacked columns; a hidden one in the dataset's own if None.

        Raises:
            InvalidArgumentError: For a split or column that is not there, or a folder that cannot
                be written to.
            InvalidDataError: If a shard is missing, damaged, or not as the card says.
        """
        from auctionsim.dataset.mapped import map_split

        return map_split(self, split, columns, cache)

    def verify(self) -> None:
        """Check every file's checksum, and every shard's schema and rows, against the card.

        Raises:
            InvalidDataError: If files are not as the card says; names every one of them.
        """
        damaged = {file.file: found for file in self.card.files if (found := self._damage(file))}
        if not damaged:
            return
        rule = "must exist and be as its card says"
        found = ", ".join(f"{name} ({what})" for name, what in damaged.items())
        mend = (
            "The `auctionsim generate` command that made it, given again, makes these files anew "
            "and leaves the others."
            if self.card.kind == "simulated"
            else "Convert the logs again."
        )
        for what in (_AS_RECORDED, _IN_THE_WAY):
            if any(found.startswith(what) for found in damaged.values()):
                # Else they would be taken over as they are, or could not be written.
                mend = f"Remove those that are {what}. {mend}"
        files = f"all {len(self.card.files)} files"
        raise InvalidDataError(f"`{self.folder}`: {files} {rule}; found {found}. {mend}")

    def _damage(self, file: Shard | LogFile) -> str:
        """Say in a few words what is wrong with a file; nothing if it is as the card says."""
        path = self.folder / file.file
        if not path.is_file():
            return _IN_THE_WAY if path.is_dir() else "missing"
        try:
            if sha256_of_file(path) != file.sha256:
                return "damaged: another SHA-256"
            if isinstance(file, Shard):
                self.read_shard(file, tuple(COLUMNS))
        except OSError as error:
            return f"not readable: {error.strerror}"
        except InvalidDataError as error:
            return f"{_AS_RECORDED}: {error}"
        return ""

    def read_shard(
        self, shard: Shard, columns: Sequence[str], verify: bool = False
    ) -> dict[str, NDArray[Any]]:
        """Read columns of one shard, in the form `Trajectories` holds them.

        Args:
            shard: One of the card's.
            columns: Names of columns of the schema.
            verify: Whether the file's checksum must be the card's, too.

        Raises:
            InvalidDataError: If the file is missing, damaged, or not as the card says.
        """
        path = self.folder / shard.file
        names = dict.fromkeys((*columns, "task"))
        arrays = read_arrays(
            path,
            tuple(names),
            self.card.steps,
            len(self.card.features),
            shard.sha256 if verify else None,
        )
        codes = arrays["task"]
        found = {name: int((codes == code).sum()) for code, name in enumerate(TASKS)}
        if {name: count for name, count in found.items() if count} != shard.tasks:
            rule = f"must hold trajectories by task as its card says, {shard.tasks}"
            raise invalid_data(str(path), rule, found, "Make the dataset again.")
        return {name: arrays[name] for name in columns}

    def shape(self, column: str, rows: int) -> tuple[int, ...]:
        """Return the shape a column has for so many trajectories."""
        return shape_of(column, rows, self.card.steps, len(self.card.features))


def chosen_columns(columns: Iterable[str] | None) -> tuple[str, ...]:
    """Return the columns to read, in schema order: those wanted and those about the campaigns.

    Args:
        columns: Names of columns; all if None.

    Raises:
        InvalidArgumentError: For an unknown column.
    """
    wanted = set(COLUMNS if columns is None else columns)
    for name in sorted(wanted):
        if name not in COLUMNS:
            raise unknown_name("columns", name, COLUMNS)
    return tuple(name for name in COLUMNS if name in wanted or name in CAMPAIGN_COLUMNS)
