"""What a simulated dataset follows from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auctionsim.dataset.card import SPLITS
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.market import MarketConfig
from auctionsim.mechanism.arguments import check_integer, check_name, shown

#: Forms of opportunity-level logs, which are the endings of their names.
LOG_FORMATS: tuple[str, ...] = ("parquet", "csv", "csv.gz")

_MOST_EPISODES = 2**31 - 1  # numbered in 32 bits
_MOST_SHARD_EPISODES = 10_000  # played side by side, in memory
_MOST_FILES = 100_000  # each is listed in the card


@dataclass(frozen=True)
class LogsConfig:
    """Which part of a dataset's episodes is also kept opportunity by opportunity.

    Attributes:
        episodes: By split: how many of its episodes, the first ones.
        steps: Steps to keep; all by default. `convert` needs all.
        advertisers: Advertisers to keep; all by default.
        format: "parquet", "csv" or "csv.gz".
    """

    episodes: dict[str, int] = field(default_factory=dict)
    steps: tuple[int, ...] = ()
    advertisers: tuple[int, ...] = ()
    format: str = "parquet"

    def __post_init__(self) -> None:
        episodes = _check_episodes("logs.episodes", self.episodes)
        # Without those of no episodes, so that what means the same is the same.
        _keep(self, episodes={split: count for split, count in episodes.items() if count})
        if sum(episodes.values()) > _MOST_FILES:
            rule = f"must be at most {_MOST_FILES} in all, as each is a file"
            found = sum(episodes.values())
            raise invalid_argument("logs.episodes", rule, found, "Ask for fewer.")
        for name in ("steps", "advertisers"):
            _keep(self, **{name: _check_places(f"logs.{name}", getattr(self, name))})
        check_name("logs.format", self.format, LOG_FORMATS)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to log."""
        return bool(self.episodes)

    def check_fits(self, market: MarketConfig) -> None:
        """Raise `InvalidArgumentError` if the market lacks a step or an advertiser to keep."""
        for name in ("steps", "advertisers"):
            held = getattr(market, name)
            for place in getattr(self, name):
                if place >= held:
                    rule = f"must name {name} of market {market.name}, 0 to {held - 1}"
                    raise invalid_argument(f"logs.{name}", rule, place, "Correct it.")


@dataclass(frozen=True)
class DatasetConfig:
    """What a simulated dataset follows from.

    Episodes are numbered through the splits in the order train, val_align, val_select, test, so the
    splits are apart.

    Attributes:
        name: What the dataset is called.
        market: Market name or path.
        lineup: Line-up name or path.
        episodes: Episodes by split; 0 in those that are not named.
        seed: Seed of all randomness.
        shard_episodes: Episodes a Parquet file.
        logs: Episodes to keep opportunity by opportunity as well; none by default.
    """

    name: str = "small"
    market: str = "small"
    lineup: str = "mixed"
    episodes: dict[str, int] = field(
        default_factory=lambda: {"train": 208, "val_align": 5, "val_select": 10, "test": 40}
    )
    seed: int = 0
    shard_episodes: int = 20
    logs: LogsConfig = field(default_factory=LogsConfig)

    def __post_init__(self) -> None:
        for name in ("name", "market", "lineup"):
            _check_text(name, getattr(self, name))
        episodes = _check_episodes("episodes", self.episodes)
        # All splits, so that what means the same is the same.
        _keep(self, episodes={split: episodes.get(split, 0) for split in SPLITS})
        if sum(self.episodes.values()) == 0:
            rule = "must ask for at least one episode"
            raise invalid_argument("episodes", rule, self.episodes, "Ask for some.")
        seed = check_integer("seed", self.seed, 0, 2**64 - 1, "Pick another.")
        most, mend = _MOST_SHARD_EPISODES, "They are played side by side: ask for fewer."
        size = check_integer("shard_episodes", self.shard_episodes, 1, most, mend)
        _keep(self, seed=seed, shard_episodes=size)
        if self.shards > _MOST_FILES:
            rule = f"must be so many that there are at most {_MOST_FILES} shards"
            found = f"{size}, which gives {self.shards}"
            raise invalid_argument("shard_episodes", rule, found, "Raise it, or ask for less.")
        _check_logs(self.logs)
        for split, count in self.logs.episodes.items():
            held = self.episodes.get(split, 0)
            if count > held:
                rule = f"must be at most the split's {held} episodes"
                raise invalid_argument(f"logs.episodes.{split}", rule, count, "Lower it.")

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return sum(-(-count // self.shard_episodes) for count in self.episodes.values())

    def episode_range(self, split: str) -> range:
        """Return the episode numbers of a split."""
        start = sum(self.episodes.get(s, 0) for s in SPLITS[: SPLITS.index(split)])
        return range(start, start + self.episodes.get(split, 0))

    def as_settings(self) -> dict[str, Any]:
        """Return the config as plain values; one without logs has no word of them."""
        content = dataclasses.asdict(self)
        return content if self.logs.wanted else {n: v for n, v in content.items() if n != "logs"}


def load_dataset_config(name_or_path: str | DatasetConfig) -> DatasetConfig:
    """Return a dataset config by name (a file in configs/datasets), by path, or as given."""
    if isinstance(name_or_path, DatasetConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(DatasetConfig, "datasets", name_or_path)


def _check_text(argument: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        rule = "must be text that is not empty"
        raise invalid_argument(argument, rule, shown(value), "Give a name.")


def _check_episodes(argument: str, value: object) -> dict[str, int]:
    """Return episodes by split as plain integers."""
    if not isinstance(value, Mapping):
        rule = "must give numbers of episodes by split"
        raise invalid_argument(argument, rule, shown(value), "Write {'train': 2}, say.")
    found = {}
    for split, count in value.items():
        if split not in SPLITS:
            raise unknown_name(argument, split, SPLITS)
        name, mend = f"{argument}.{split}", "Correct it."
        found[split] = check_integer(name, count, 0, _MOST_EPISODES, mend)
    if sum(found.values()) > _MOST_EPISODES:
        rule = f"must be at most {_MOST_EPISODES} in all"
        raise invalid_argument(argument, rule, sum(found.values()), "Ask for fewer.")
    return found


def _check_logs(value: object) -> None:
    if not isinstance(value, LogsConfig):
        rule, mend = "must be a LogsConfig", "Build it: LogsConfig({'train': 2})."
        raise invalid_argument("logs", rule, shown(value), mend)


def _check_places(argument: str, value: object) -> tuple[int, ...]:
    """Return whole numbers >= 0 in order, none twice."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        rule = "must be a list of whole numbers"
        raise invalid_argument(argument, rule, shown(value), "Write [0, 1], say.")
    places = [check_integer(argument, v, 0, _MOST_EPISODES, "Count from 0.") for v in value]
    if len(set(places)) < len(places):
        raise invalid_argument(argument, "must name each once", places, "Remove the others.")
    return tuple(sorted(places))


def _keep(config: object, **values: Any) -> None:
    """Set fields of a frozen dataclass to their plain form."""
    for name, value in values.items():
        object.__setattr__(config, name, value)
