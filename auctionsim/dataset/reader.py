"""Reading a dataset folder, every assumption checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.card import CARD_FILE, SPLITS, Card, Shard, read_card
from auctionsim.dataset.files import sha256_of_file
from auctionsim.dataset.schema import CAMPAIGN_COLUMNS, COLUMNS, Trajectories, shape_of
from auctionsim.dataset.tables import read_arrays
from auctionsim.dataset.writer import UNFINISHED
from auctionsim.errors import invalid_data, unknown_name
from auctionsim.tasks import TASKS, task_code


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
        if split not in self.splits:
            raise unknown_name("split", split, self.splits)
        names = _chosen(columns)
        shards = [shard for shard in self.card.shards if shard.split == split]
        codes = None if tasks is None else [task_code(name) for name in tasks]
        wanted = TASKS if codes is None else [TASKS[code] for code in dict.fromkeys(codes)]
        rows = sum(shard.tasks.get(name, 0) for shard in shards for name in wanted)
        result = {name: np.empty(self._shape(name, rows), COLUMNS[name]) for name in names}
        start = 0
        for shard in shards:
            arrays = self._read(shard, names)
            keep = np.isin(arrays["task"], codes) if codes is not None else np.s_[:]
            stop = start + len(arrays["task"][keep])
            for name in names:
                result[name][start:stop] = arrays[name][keep]
            start = stop
        return Trajectories.partial(result)

    def verify(self) -> None:
        """Check every shard's checksum, schema and rows against the card.

        Raises:
            InvalidDataError: At the first shard that is not as the card says.
        """
        for shard in self.card.shards:
            path = self.folder / shard.file
            if not path.is_file():
                raise invalid_data(str(path), "must exist", "nothing", "Make the dataset again.")
            found = sha256_of_file(path)
            if found != shard.sha256:
                rule = f"must have the card's SHA-256 {shard.sha256[:12]}…"
                raise invalid_data(str(path), rule, f"{found[:12]}…", "Make the dataset again.")
            self._read(shard, tuple(COLUMNS))

    def _read(self, shard: Shard, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Read columns of one shard and check its rows against the card."""
        path = self.folder / shard.file
        arrays = read_arrays(path, names, self.card.steps, len(self.card.features))
        codes = arrays["task"]
        found = {name: int((codes == code).sum()) for code, name in enumerate(TASKS)}
        if {name: count for name, count in found.items() if count} != shard.tasks:
            rule = f"must hold trajectories by task as its card says, {shard.tasks}"
            raise invalid_data(str(path), rule, found, "Make the dataset again.")
        return arrays

    def _shape(self, name: str, rows: int) -> tuple[int, ...]:
        return shape_of(name, rows, self.card.steps, len(self.card.features))


def _chosen(columns: Iterable[str] | None) -> tuple[str, ...]:
    """Return the columns to read, in schema order."""
    wanted = set(COLUMNS if columns is None else columns)
    for name in sorted(wanted):
        if name not in COLUMNS:
            raise unknown_name("columns", name, COLUMNS)
    return tuple(name for name in COLUMNS if name in wanted or name in CAMPAIGN_COLUMNS)
