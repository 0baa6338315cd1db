"""`auctionsim export`: datasets in the forms that other programs read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from auctionsim.cli.command import Command
from auctionsim.errors import invalid_argument

if TYPE_CHECKING:
    from auctionsim.dataset import ExportReport

__all__ = ["Export"]

Names = tuple[tuple[str, ...] | str, ...]


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
    out: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    id: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    observation: Literal["scaled", "natural"] | None = None
    split: Annotated[str, tyro.conf.arg(metavar="NAME")] = "train"
    task: Annotated[Names, tyro.conf.UseAppendAction, tyro.conf.arg(metavar="NAME ...")] = ()
    bidder: Annotated[Names, tyro.conf.UseAppendAction, tyro.conf.arg(metavar="NAME ...")] = ()
    quality: Annotated[tuple[float, float] | None, tyro.conf.arg(metavar="LOW HIGH")] = None
    limit: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Export; returns what was written."""
        from auctionsim.cli.output import check_json_apart, in_flags
        from auctionsim.dataset import Selection
        from auctionsim.plain_values import plain

        self._check()
        check_json_apart(self.json, self.folder)
        tasks, bidders = _names(self.task), _names(self.bidder)
        chosen = {"--task": tasks, "--bidder": bidders, "--quality": self.quality}
        given = [flag for flag, value in chosen.items() if value]
        with in_flags(FLAGS | {"selection": ", ".join(given or ["--split"])}):
            report = self._export(
                split=self.split,
                selection=Selection(tasks, bidders, self.quality),
                limit=self.limit,
                overwrite=self.overwrite,
                progress=self.progress,
            )
        result: Mapping[str, Any] = plain(report)
        return result

    def _check(self) -> None:
        if self.out == "":
            mend = "Write --out trajectories.csv, say."
            raise invalid_argument("--out", "must name a file or folder", "", mend)
        if self.format == "minari":
            return
        for name in ("id", "observation"):
            if getattr(self, name) is not None:
                rule = "must be left out for auctionnet"
                raise invalid_argument(f"--{name}", rule, getattr(self, name), "Remove it.")
        if self.out is None:
            mend = "Write --out trajectories.csv, say."
            raise invalid_argument("--out", "must be given for auctionnet", None, mend)

    def _export(self, **common: Any) -> ExportReport:
        from auctionsim.dataset import export_auctionnet, export_minari

        if self.format == "auctionnet" and self.out is not None:
            return export_auctionnet(self.folder, self.out, **common)
        return export_minari(
            self.folder, self.id, root=self.out, observation=self.observation, **common
        )


FLAGS = {
    "bidders": "--bidder",
    "dataset_id": "--id",
    "limit": "--limit",
    "observation": "--observation",
    "out": "--out",
    "quality": "--quality",
    "root": "--out",
    "split": "--split",
    "task": "--task",
    "tasks": "--task",
}


def _names(given: Names) -> tuple[str, ...] | None:
    """Return all names of a flag that may be given several times; None for none.

    Names from a file stand alone, those of each flag together: flags win over the file.
    """
    typed = [part for part in given if not isinstance(part, str)]
    if typed:
        return tuple(name for part in typed for name in part) or None
    return tuple(part for part in given if isinstance(part, str)) or None
