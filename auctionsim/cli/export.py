"""`auctionsim export`: datasets in the forms that other programs read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from auctionsim.cli.command import Command

__all__ = ["Export"]


@dataclass(frozen=True, kw_only=True)
class Export(Command):
    """Write trajectories for Minari, or as AuctionNet's training CSV.

    Attributes:
        folder: Folder of the dataset.
        format: minari (HDF5, in the environment's spaces), or auctionnet (its baselines' CSV).
        out: The CSV file; for minari the folder of Minari datasets, by default Minari's own.
        id: For minari: the dataset's name there, such as auctionsim/small-v0.
        observation: For minari: in the environment's scale, or in natural units.
        split: Which split to write.
        task: Only trajectories of these tasks.
        bidder: Only trajectories that these bidders played.
        quality: Only those whose strict Score of expected values has its place in this range among
            its task's; 0.9 1 is the best tenth.
        limit: Write at most so many trajectories, the first of those chosen.
        overwrite: Replace what stands there already.
    """

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    format: Literal["minari", "auctionnet"]
    out: Annotated[Path | None, tyro.conf.arg(metavar="PATH")] = None
    id: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    observation: Literal["scaled", "natural"] | None = None
    split: Annotated[str, tyro.conf.arg(metavar="NAME")] = "train"
    task: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...")] = ()
    bidder: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...")] = ()
    quality: Annotated[tuple[float, float] | None, tyro.conf.arg(metavar="LOW HIGH")] = None
    limit: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Export; returns what was written."""
        from auctionsim.cli.output import plain
        from auctionsim.dataset import Selection, export_auctionnet, export_minari
        from auctionsim.errors import invalid_argument

        selection = Selection(self.task or None, self.bidder or None, self.quality)
        common: dict[str, Any] = {
            "split": self.split,
            "selection": selection,
            "limit": self.limit,
            "overwrite": self.overwrite,
            "progress": self.progress,
        }
        if self.format == "minari":
            found = export_minari(
                self.folder, self.id, root=self.out, observation=self.observation, **common
            )
        else:
            for name in ("id", "observation"):
                if getattr(self, name) is not None:
                    rule = "must be left out for auctionnet"
                    raise invalid_argument(f"--{name}", rule, getattr(self, name), "Remove it.")
            if self.out is None:
                mend = "Write --out trajectories.csv, say."
                raise invalid_argument("--out", "must be given for auctionnet", None, mend)
            found = export_auctionnet(self.folder, self.out, **common)
        result: Mapping[str, Any] = plain(found)
        return result
