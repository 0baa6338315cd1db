"""`auctionsim generate`: a dataset of trajectories from simulation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from auctionsim.cli.command import Command

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Episodes", "Generate"]


@dataclass(frozen=True)
class Episodes:
    """Episodes by split.

    Attributes:
        train: For training.
        val_align: For the gradients that weight shared data.
        val_select: For choosing checkpoints, requests and constants.
        test: For results; nothing is chosen on them.
    """

    train: int = 0
    val_align: int = 0
    val_select: int = 0
    test: int = 0


@dataclass(frozen=True, kw_only=True)
class Generate(Command):
    """Simulate episodes and write the trajectories of all seats as a dataset.

    A run that was cut short goes on where it stopped: give the same command again.

    Attributes:
        out: Folder of the dataset: new, empty, or begun with the same settings.
        name: What the dataset is called.
        market: Market name, or a YAML file.
        lineup: Line-up name, or a YAML file.
        episodes: Episodes by split.
        seed: Seed of all randomness.
        shard_episodes: Episodes a Parquet file; changes the files, not the trajectories.
    """

    config_kind: ClassVar[str | None] = "datasets"

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER")]
    name: str = "small"
    market: str = "small"
    lineup: str = "mixed"
    episodes: Episodes = field(default_factory=lambda: Episodes(208, 5, 5, 20))
    seed: int = 0
    shard_episodes: int = 20

    def run(self) -> Mapping[str, Any]:
        """Generate; returns what was written."""
        from auctionsim.cli.imports import working_directory
        from auctionsim.generate import DatasetConfig, generate_dataset

        config = DatasetConfig(
            name=self.name,
            market=self.market,
            lineup=self.lineup,
            episodes=asdict(self.episodes),
            seed=self.seed,
            shard_episodes=self.shard_episodes,
        )
        began = time.perf_counter()
        with working_directory():
            card = generate_dataset(config, self.out, progress=self.progress)
        return {
            "folder": self.out,
            "name": config.name,
            "market": card.config["market"]["name"],
            "lineup": card.config["lineup"]["name"],
            "seed": config.seed,
            "semantics": card.semantics,
            "config_sha256": card.config_sha256,
            "shards": len(card.shards),
            "episodes": config.episodes,
            "trajectories": card.counts,
            "seconds": time.perf_counter() - began,
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table of splits and tasks."""
        from auctionsim.cli.output import table
        from auctionsim.tasks import TASKS

        counts = result["trajectories"]
        rows = [
            [split, result["episodes"][split], *(tasks.get(task, 0) for task in TASKS)]
            for split, tasks in counts.items()
        ]
        title = f"Dataset {result['name']}: market {result['market']}, {result['shards']} shards"
        console.print(table(["split", "episodes", *TASKS], rows, title), markup=False)
        line = f"{result['folder']} in {result['seconds']:.3g} s"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
