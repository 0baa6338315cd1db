"""Datasets from simulation: a line-up plays the episodes of each split, and all seats are kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

import auctionsim
from auctionsim.cast import Cast
from auctionsim.dataset import Card, DatasetWriter, Trajectories
from auctionsim.dataset.card import SPLITS
from auctionsim.dataset.files import write_json
from auctionsim.dataset.writer import RUN_FILE
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation


@dataclass(frozen=True)
class DatasetConfig:
    """What a simulated dataset follows from.

    Episodes are numbered through the splits in the order train, val_align, val_select, test, so the
    splits are apart.

    Attributes:
        name: What the dataset is called.
        market: Market name or path.
        lineup: Line-up name or path.
        episodes: Episodes by split.
        seed: Seed of all randomness.
        shard_episodes: Episodes a Parquet file.
    """

    name: str = "small"
    market: str = "small"
    lineup: str = "mixed"
    episodes: dict[str, int] = field(
        default_factory=lambda: {"train": 208, "val_align": 5, "val_select": 5, "test": 20}
    )
    seed: int = 0
    shard_episodes: int = 20

    def __post_init__(self) -> None:
        for split, count in self.episodes.items():
            if split not in SPLITS:
                raise unknown_name("episodes", split, SPLITS)
            if count < 0:
                raise invalid_argument(f"episodes.{split}", "must be >= 0", count, "Correct it.")
        if sum(self.episodes.values()) == 0:
            rule = "must ask for at least one episode"
            raise invalid_argument("episodes", rule, self.episodes, "Ask for some.")
        if not 0 <= self.seed < 2**64:
            raise invalid_argument("seed", "must lie in [0, 2^64)", self.seed, "Pick another.")
        if self.shard_episodes < 1:
            rule = "must be at least 1"
            raise invalid_argument("shard_episodes", rule, self.shard_episodes, "Correct it.")

    def episode_range(self, split: str) -> range:
        """Return the episode numbers of a split."""
        start = sum(self.episodes.get(s, 0) for s in SPLITS[: SPLITS.index(split)])
        return range(start, start + self.episodes.get(split, 0))


def load_dataset_config(name_or_path: str | DatasetConfig) -> DatasetConfig:
    """Return a dataset config by name (a file in configs/datasets), by path, or as given."""
    if isinstance(name_or_path, DatasetConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(DatasetConfig, "datasets", name_or_path)


def play_episodes(
    market: MarketConfig, lineup: LineupConfig, seed: int, episodes: range
) -> Trajectories:
    """Let a line-up play episodes side by side; returns the trajectories of all seats."""
    simulation = Simulation(market, list(episodes), seed)
    cast = Cast(simulation.campaigns, lineup, episodes=simulation.seat_episode)
    return roll_out(simulation, cast)


def generate_dataset(
    config: DatasetConfig | str, out: Path | str, *, progress: bool = True
) -> Card:
    """Generate a dataset folder; a run that was cut short is taken up where it stopped.

    Args:
        config: The dataset's config, its name or a path.
        out: Folder: new, empty, or begun by the same config.
        progress: Whether to show a progress bar.

    Returns:
        The dataset's card.

    Raises:
        InvalidArgumentError: If the config breaks a rule or `out` holds anything else.
    """
    config = load_dataset_config(config)
    market, lineup = load_market(config.market), load_lineup(config.lineup)
    lineup.check()
    # Names, not paths: the same data made elsewhere has the same card.
    named = replace(config, market=market.name, lineup=lineup.name)
    settings = {"dataset": asdict(named), "market": asdict(market), "lineup": asdict(lineup)}
    # As it will be read back: JSON has lists for tuples.
    settings = json.loads(json.dumps(settings))
    writer = DatasetWriter(
        out,
        kind="simulated",
        semantics=auctionsim.SEMANTICS,
        steps=market.steps,
        seeds={"episodes": config.seed, "campaigns": market.campaigns.seed},
        config=settings,
    )
    began = time.perf_counter()
    total = sum(config.episodes.values())
    with tqdm(total=total, unit="episode", desc="simulating", disable=not progress) as bar:
        for split, index, episodes in _shards(config):
            if not writer.has_shard(split, index):
                played = play_episodes(market, lineup, config.seed, episodes)
                writer.write_shard(split, index, played)
            bar.update(len(episodes))
    card = writer.finish()
    write_json(Path(out) / RUN_FILE, {"seconds": time.perf_counter() - began})
    return card


def _shards(config: DatasetConfig) -> Iterator[tuple[str, int, range]]:
    """Yield split, shard index and episodes of every shard."""
    for split in SPLITS:
        episodes = config.episode_range(split)
        for index, first in enumerate(range(0, len(episodes), config.shard_episodes)):
            yield split, index, episodes[first : first + config.shard_episodes]
