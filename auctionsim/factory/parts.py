"""The parts a dataset is made of: each is one file, and follows from the recipe alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from auctionsim.dataset.card import LOG_FOLDER, SPLITS, LogFile, Shard
from auctionsim.dataset.files import sha256_of_file, write_whole
from auctionsim.dataset.records import Records
from auctionsim.dataset.writer import shard_name, write_shard
from auctionsim.errors import AuctionSimError, describe
from auctionsim.factory.config import DatasetConfig, LogsConfig
from auctionsim.factory.play import play_episodes
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig

#: Writes a part's bytes into a file; returns its entry in the card, but for the checksum.
Writing = Callable[[BinaryIO], Shard | LogFile]


@dataclass(frozen=True)
class Recipe:
    """All that a dataset's files follow from.

    Attributes:
        market: The market.
        lineup: Who plays.
        seed: Seed of all randomness.
        logs: What is kept opportunity by opportunity.
    """

    market: MarketConfig
    lineup: LineupConfig
    seed: int
    logs: LogsConfig


@dataclass(frozen=True)
class ShardPart:
    """A file of trajectories.

    Attributes:
        split: Its split.
        index: Its place among the split's shards.
        numbers: The episodes in it.
    """

    split: str
    index: int
    numbers: range

    @property
    def file(self) -> str:
        """Its path within the dataset's folder."""
        return shard_name(self.split, self.index)

    @property
    def episodes(self) -> int:
        """Episodes to play for it."""
        return len(self.numbers)

    def prepare(self, recipe: Recipe) -> Writing:
        """Play its episodes; returns what writes them."""
        played = play_episodes(recipe.market, recipe.lineup, recipe.seed, self.numbers)
        return lambda file: write_shard(file, self.split, self.index, played)


@dataclass(frozen=True)
class LogPart:
    """A log of one episode, opportunity by opportunity.

    Attributes:
        number: The episode.
        format: One of `LOG_FORMATS`.
    """

    number: int
    format: str

    @property
    def file(self) -> str:
        """Its path within the dataset's folder."""
        return f"{LOG_FOLDER}/period-{self.number:05d}.{self.format}"

    @property
    def episodes(self) -> int:
        """Episodes to play for it."""
        return 1

    def prepare(self, recipe: Recipe) -> Writing:
        """Return what plays the episode and writes it step by step."""
        from auctionsim.factory.log_writing import write_log

        def write(file: BinaryIO) -> LogFile:
            rows = write_log(
                file, recipe.market, recipe.lineup, recipe.seed, self.number, recipe.logs
            )
            return LogFile(self.file, rows, "")

        return write


Part = ShardPart | LogPart


def shard_parts(config: DatasetConfig) -> Iterator[ShardPart]:
    """Yield every shard of a dataset."""
    for split in SPLITS:
        episodes = config.episode_range(split)
        for index, first in enumerate(range(0, len(episodes), config.shard_episodes)):
            yield ShardPart(split, index, episodes[first : first + config.shard_episodes])


def log_parts(config: DatasetConfig) -> Iterator[LogPart]:
    """Yield every log of a dataset."""
    for split in SPLITS:
        for number in config.episode_range(split)[: config.logs.episodes.get(split, 0)]:
            yield LogPart(number, config.logs.format)


def make_part(recipe: Recipe, part: Part, folder: Path, records: Records) -> Shard | LogFile:
    """Make a part, write it into the dataset's folder, whole or not at all, and record it.

    Raises:
        BidderError: If a bidder breaks its contract.
        OSError: If the file cannot be written.
    """
    return keep_part(part, part.prepare(recipe), folder, records)


def keep_part(
    part: Part, write: Writing, folder: Path, records: Records, sha256: str | None = None
) -> Shard | LogFile:
    """Write a part into the dataset's folder, whole or not at all, and record it.

    Args:
        part: The part.
        write: Writes its bytes.
        folder: The dataset's folder, which must exist.
        records: Where it is recorded.
        sha256: The checksum its bytes must have, where that is known.

    Raises:
        OSError: If the file cannot be written.
        AuctionSimError: If the bytes have another checksum; nothing is kept then.
    """
    path, written = folder / part.file, list[Shard | LogFile]()

    def write_checked(file: BinaryIO) -> None:
        entry = write(file)
        file.flush()
        found = sha256_of_file(Path(file.name))
        if sha256 is not None and found != sha256:
            raise _altered(part, found, sha256)
        written.append(replace(entry, sha256=found))

    try:
        # Of the folder itself a second one must not be made, should it have been moved away.
        if path.parent != folder:
            path.parent.mkdir(exist_ok=True)
        write_whole(path, write_checked)
        records.write(written[0])
    except OSError as error:
        # Libraries that write into an open file do not know its name.
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    return written[0]


def _altered(part: Part, found: str, sent: str) -> AuctionSimError:
    rule, found = "must arrive as it was sent", f"{found[:12]}… instead of {sent[:12]}…"
    mend = "Give the same command again: what arrived was not kept."
    return AuctionSimError(describe(part.file, rule, found, mend))
