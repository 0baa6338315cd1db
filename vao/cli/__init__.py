"""The `vao` command, built like `auctionsim`'s (see `auctionsim.cli`)."""

from __future__ import annotations

from collections.abc import Sequence

from auctionsim.cli import Program

__all__ = ["COMMANDS", "main"]

# Command name -> "module:Class"; read only when asked for, so that --help stays quick.
COMMANDS: dict[str, str] = {
    "quickstart": "vao.cli.quickstart:Quickstart",
    "train": "vao.cli.train:Train",
    "evaluate": "vao.cli.evaluate:Evaluate",
    "diagnose": "vao.cli.diagnose:Diagnose",
    "report": "vao.cli.report:Report",
    "reproduce": "vao.cli.reproduce:Reproduce",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `vao COMMAND ...`; returns the exit code."""
    summary = "Train, score and report planners that share data across bidding tasks."
    return Program("vao", summary, COMMANDS).main(arguments)
