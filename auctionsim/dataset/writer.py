"""Writing a dataset folder, shard by shard; a killed run leaves no broken file and can go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from auctionsim.dataset.card import CARD_FILE, SPLITS, Card, Shard, make_card, read_card
from auctionsim.dataset.files import TEMPORARY_SUFFIX, sha256_of_file, write_json, write_whole
from auctionsim.dataset.schema import COLUMNS, Trajectories
from auctionsim.dataset.tables import write_table
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.observation import FEATURES
from auctionsim.tasks import TASKS

RUN_FILE = "run.json"
UNFINISHED = ".unfinished"


class DatasetWriter:
    """Writes a dataset: shards in any order, from several threads or processes, the card last.

    Until `finish`, a record of each complete shard lies in the folder's `.unfinished`. A writer on
    the same folder with the same settings takes these over: ask `has_shard` and write the rest.

    Args:
        folder: New or empty, or begun by a writer with the same settings.
        kind: "simulated" or "auctionnet-log".
        semantics: Version of the rules of the simulation.
        steps: Steps of every trajectory.
        seeds: Seeds by name.
        config: All settings the data follows from, as JSON values.
        features: Names of the state features.

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
        self._finished: dict[str, Shard] = {}
        self._claim()

    def has_shard(self, split: str, index: int) -> bool:
        """Whether this shard is there, complete and unchanged (its checksum is computed anew)."""
        name = _file_name(split, index)
        shard = self._recorded().get(name)
        path = self.folder / name
        return shard is not None and path.is_file() and sha256_of_file(path) == shard.sha256

    def write_shard(self, split: str, index: int, trajectories: Trajectories) -> Shard:
        """Write one shard, whole or not at all, and record it.

        Args:
            split: "train", "val_align", "val_select" or "test".
            index: Place among the split's shards, from 0.
            trajectories: All columns, with the card's steps and features.

        Raises:
            InvalidArgumentError: For an unknown split, or trajectories that do not fit the card.
        """
        name = _file_name(split, index)
        self._check(trajectories)
        path = self.folder / name
        write_whole(path, lambda file: write_table(file, trajectories))
        codes, counts = np.unique(trajectories.task, return_counts=True)
        shard = Shard(
            file=name,
            split=split,
            index=index,
            rows=len(trajectories),
            tasks={TASKS[c]: int(n) for c, n in zip(codes, counts, strict=True)},
            sha256=sha256_of_file(path),
        )
        (self.folder / UNFINISHED).mkdir(exist_ok=True)
        write_json(self._record_path(name), asdict(shard))
        return shard

    def finish(self) -> Card:
        """Write the card, which makes the folder a dataset, and remove what the writing left over.

        Raises:
            InvalidArgumentError: If no shard was written.
        """
        shards = self._recorded()
        if not shards:
            raise invalid_argument("shards", "must not be none", 0, "Write at least one shard.")
        card = self._card.with_shards(shards.values())
        card.write(self.folder)
        self._finished = shards
        shutil.rmtree(self.folder / UNFINISHED, ignore_errors=True)
        for left_over in self.folder.glob(f".*{TEMPORARY_SUFFIX}"):
            left_over.unlink(missing_ok=True)
        return card

    def _claim(self) -> None:
        """Make the folder ours: take over what the same settings began, refuse anything else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        claim = self._record_path("identity")
        if (self.folder / CARD_FILE).is_file():
            card = read_card(self.folder)
            self._finished = {shard.file: shard for shard in card.shards}
            identity = card.identity
        elif claim.is_file():
            identity = json.loads(claim.read_text(encoding="utf-8"))["identity"]
        else:
            identity = self._card.identity
            if any(p.name not in (RUN_FILE, UNFINISHED) for p in self.folder.iterdir()):
                raise self._occupied("must be new or empty", "other files")
        if identity != self._card.identity:
            raise self._occupied("must not hold a dataset made with other settings", identity[:12])
        claim.parent.mkdir(exist_ok=True)
        write_json(claim, {"identity": identity})

    def _occupied(self, rule: str, found: str) -> Exception:
        return invalid_argument(
            "folder", f"{self.folder} {rule}", found, "Choose another folder, or remove this one."
        )

    def _recorded(self) -> dict[str, Shard]:
        """Return the shards of the finished card and of the records, by file name."""
        records = (self.folder / UNFINISHED).glob("*.parquet.json")
        shards = [Shard(**json.loads(path.read_text(encoding="utf-8"))) for path in records]
        return self._finished | {shard.file: shard for shard in shards}

    def _record_path(self, name: str) -> Path:
        return self.folder / UNFINISHED / f"{name}.json"

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


def _file_name(split: str, index: int) -> str:
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    if index < 0:
        raise invalid_argument("index", "must be >= 0", index, "Count shards from 0.")
    return f"{split}-{index:05d}.parquet"
