"""`auctionsim generate`: a dataset of trajectories from simulation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from auctionsim.cli.command import Command

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Episodes", "Generate", "Logs"]


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


@dataclass(frozen=True)
class Logs:
    """What is also kept opportunity by opportunity, in the folder's `logs`.

    Attributes:
        episodes: Episodes by split, the first ones of each.
        steps: Steps to keep; all by default. `auctionsim convert` needs all.
        advertisers: Advertisers to keep; all by default.
        format: AuctionNet's columns, and five more, as Parquet or CSV.
    """

    episodes: Episodes = field(default_factory=Episodes)
    steps: Annotated[tuple[int, ...], tyro.conf.arg(metavar="STEP ...")] = ()
    advertisers: Annotated[tuple[int, ...], tyro.conf.arg(metavar="ADVERTISER ...")] = ()
    format: Literal["parquet", "csv", "csv.gz"] = "parquet"


@dataclass(frozen=True, kw_only=True)
class Generate(Command):
    """Simulate episodes and write the trajectories of all seats as a dataset.

    A run that was cut short goes on where it stopped: give the same command again. The files follow
    from the settings alone, whatever the number of workers, the backend and the interruptions.

    Attributes:
        out: Folder of the dataset: new, empty, or begun with the same settings.
        name: What the dataset is called.
        market: Market name, or a YAML file.
        lineup: Line-up name, or a YAML file.
        episodes: Episodes by split.
        seed: Seed of all randomness.
        shard_episodes: Episodes a Parquet file; changes the files, not the trajectories.
        logs: Episodes to keep opportunity by opportunity as well; none by default.
        workers: Processes on this machine (four a core at most), or tasks at a time on a cluster;
            by default as many as pay.
        backend: Where to work: in processes of this machine, or on a Ray cluster.
        ray_address: Of a Ray cluster that runs; by default one is started on this machine.
    """

    config_kind: ClassVar[str | None] = "datasets"
    own_classes: ClassVar[bool] = True

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER")]
    name: str = "small"
    market: str = "small"
    lineup: str = "mixed"
    episodes: Episodes = field(default_factory=lambda: Episodes(208, 5, 10, 40))
    seed: int = 0
    shard_episodes: int = 20
    logs: Logs = field(default_factory=Logs)
    workers: Annotated[int | None, tyro.conf.arg(metavar="INT")] = None
    backend: Literal["local", "ray"] = "local"
    ray_address: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS")] = None

    def run(self) -> Mapping[str, Any]:
        """Generate; returns what was written."""
        from auctionsim.generate import DatasetConfig, LogsConfig, generate_dataset

        config = DatasetConfig(
            name=self.name,
            market=self.market,
            lineup=self.lineup,
            episodes=asdict(self.episodes),
            seed=self.seed,
            shard_episodes=self.shard_episodes,
            logs=LogsConfig(**vars(self.logs) | {"episodes": asdict(self.logs.episodes)}),
        )
        began = time.perf_counter()
        card = generate_dataset(
            config,
            self.out,
            workers=self.workers,
            backend=self.backend,
            ray_address=self.ray_address,
            progress=self.progress,
        )
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
            "logs": {file.file: file.rows for file in card.logs if file.rows},
            "trajectories": card.counts,
            "seconds": time.perf_counter() - began,
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table of splits and tasks."""
        from auctionsim.cli.output import counted, table
        from auctionsim.tasks import TASKS

        counts = result["trajectories"]
        rows = [
            [split, result["episodes"][split], *(tasks.get(task, 0) for task in TASKS)]
            for split, tasks in counts.items()
        ]
        shards = counted(result["shards"], "shard")
        title = f"Dataset {result['name']}: market {result['market']}, {shards}"
        console.print(table(["split", "episodes", *TASKS], rows, title), markup=False)
        if result["logs"]:
            rows = sum(result["logs"].values())
            logged = counted(len(result["logs"]), "episode")
            text = f"{logged} opportunity by opportunity, {counted(rows, 'row')}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        line = f"{result['folder']} in {result['seconds']:.3g} s"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
