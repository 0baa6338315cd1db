"""`auctionsim inspect`: what a dataset holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from auctionsim.cli.command import Command

__all__ = ["Inspect"]


@dataclass(frozen=True, kw_only=True)
class Inspect(Command):
    """Show what a dataset holds, and check it against its card.

    Attributes:
        folder: Folder of the dataset.
        verify: Also read every shard and compare its checksum with the card.
    """

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    verify: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Read the card and the columns; returns counts and summaries."""
        from auctionsim.cli.output import plain
        from auctionsim.dataset import inspect

        result: Mapping[str, Any] = plain(inspect(self.folder, verify=self.verify))
        return result
