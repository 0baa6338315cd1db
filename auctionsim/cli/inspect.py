"""`auctionsim inspect`: what a dataset holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from auctionsim.cli.command import Command

if TYPE_CHECKING:
    from rich.console import Console

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

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print what the dataset is, and a line of medians a split and task."""
        from auctionsim.cli.output import key_value_table, table

        card, counts = result["card"], result["counts"]
        facts = {
            "folder": result["folder"],
            "kind": card["kind"],
            "semantics, schema": [card["semantics"], card["schema_version"]],
            "seeds": card["seeds"] or None,
            "trajectories": result["trajectories"],
            "bidders": ", ".join(f"{name} ({n:,})" for name, n in counts["bidder"].items()),
            "steps, features": [card["steps"], len(card["features"])],
            "size": f"{result['bytes'] / 2**20:,.1f} MiB in {result['shards']} shards",
            "checksums": "agree with the card" if result["verified"] else "not read (--verify)",
        }
        console.print(key_value_table(facts))
        columns = ("split", "task", "rows", *MEDIANS.values(), "active %", "broken %")
        rows = [
            [
                split,
                task,
                summary["trajectories"],
                *(_median(summary[name]) for name in MEDIANS),
                _percent(summary["share_active"]),
                _percent(summary["share_violated"]),
            ]
            for split, tasks in result["statistics"].items()
            for task, summary in tasks.items()
        ]
        console.print(table(columns, rows, title=TITLE))


TITLE = "Medians (CPA and ROAS over target, spent over budget) and shares"
MEDIANS = {
    "value": "value",
    "utilisation": "spent",
    "cpa_ratio": "CPA",
    "roas_ratio": "ROAS",
}


def _median(quantiles: Mapping[str, float] | None) -> float | None:
    return None if quantiles is None else quantiles["0.5"]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
