"""The `auctionsim` command, and the base on which it and `vao` are built.

A command is one file with one frozen dataclass (see `Command`), named in the table below.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auctionsim.cli.command import Command
    from auctionsim.cli.program import Program

__all__ = ["COMMANDS", "Command", "Program", "main"]

# Command name -> "module:Class"; read only when asked for, so that --help stays quick.
COMMANDS: dict[str, str] = {
    "simulate": "auctionsim.cli.simulate:Simulate",
    "generate": "auctionsim.cli.generate:Generate",
    "evaluate": "auctionsim.cli.evaluate:Evaluate",
    "league": "auctionsim.cli.league:League",
    "convert": "auctionsim.cli.convert:Convert",
    "inspect": "auctionsim.cli.inspect:Inspect",
    "export": "auctionsim.cli.export:Export",
    "bench": "auctionsim.cli.bench:Bench",
}

_HOMES = {"Command": "auctionsim.cli.command", "Program": "auctionsim.cli.program"}
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `auctionsim COMMAND ...`; returns the exit code."""
    try:
        # Takes a third of a second, in which somebody may have second thoughts.
        from auctionsim.cli.program import Program
    except KeyboardInterrupt:
        return _INTERRUPTED
    summary = "Simulate ad auctions, and make, read and score auto-bidding data."
    return Program("auctionsim", summary, COMMANDS).main(arguments)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
