"""The `auctionsim` command, and the base on which it and `vao` are built.

A command is one file with one frozen dataclass (see `Command`), named in the table below.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `auctionsim COMMAND ...`; returns the exit code."""
    summary = "Simulate ad auctions, and make, read and score auto-bidding data."
    return Program("auctionsim", summary, COMMANDS).main(arguments)
