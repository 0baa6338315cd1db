"""`auctionsim convert`: AuctionNet logs to trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from auctionsim.cli.command import Command

__all__ = ["Convert"]


@dataclass(frozen=True, kw_only=True)
class Convert(Command):
    """Turn AuctionNet logs (CSV or Parquet), or those of `generate`, into a trajectory dataset.

    Of a log of `generate` all is read back but who played, which no log tells, and the splits;
    means of bids may differ in the last digit.

    Attributes:
        source: A log file, or a folder of them.
        out: Folder of the dataset to write.
        tasks: File that names the task of each advertiser; by default the one that `generate` left
            beside its logs. In AuctionNet's all play cpa_mcb.
        val_align: Delivery periods to hold out for VAO's weights; all others are for training.
        overwrite: Replace a dataset that stands in that folder already.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    tasks: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    val_align: Annotated[tuple[int, ...], tyro.conf.arg(metavar="PERIOD ...")] = ()
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Convert; returns what was read and written."""
        from auctionsim.cli.output import plain
        from auctionsim.dataset import convert_log

        report = convert_log(
            self.source,
            self.out,
            tasks=self.tasks,
            overwrite=self.overwrite,
            progress=self.progress,
            splits={"val_align": self.val_align},
        )
        result: Mapping[str, Any] = plain(report)
        return result
