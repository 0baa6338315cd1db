"""What every command has in common: its flags from a file, a quiet mode, a result as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Command"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Base of all commands: a subclass adds its flags as fields and does its work in `run`.

    The subclass's docstring is the help text: its first line stands in the list of commands, and
    its `Attributes:` explain the flags. Import heavy libraries inside `run`.

    Attributes:
        config: YAML file with values for these flags; flags given on the command line win.
        json: Also write the result as JSON to this file; - is standard output.
        quiet: Show no progress.
    """

    config_kind: ClassVar[str | None] = None
    """Folder of `configs/` whose names `--config` accepts beside paths; None for paths only."""

    own_classes: ClassVar[bool] = False
    """Whether flags, or files that they name, may name classes of the working directory."""

    config: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    json: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    @property
    def progress(self) -> bool:
        """Whether to show progress on standard error."""
        return not self.quiet

    def run(self) -> Mapping[str, Any]:
        """Do the work; returns the result, of plain values, arrays, dataclasses and mappings.

        Raises:
            AuctionSimError: Whatever the user can mend; shown as one line, exit code 2.
        """
        raise NotImplementedError

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print the result for a person; by default a table of names and values."""
        from auctionsim.cli.output import key_value_table

        console.print(key_value_table(result))
