"""`auctionsim inspect`: what a dataset holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from auctionsim.cli.command import Command
from auctionsim.errors import invalid_argument

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Inspect"]


@dataclass(frozen=True, kw_only=True)
class Inspect(Command):
    """Show what a dataset holds, check it against its card, and draw a page of it.

    The page shows how well the bidders played, how budgets were spent, which states and actions are
    covered, and how far apart the tasks are. It lies beside the folder, not in it: a dataset's
    folder holds the dataset alone.

    Attributes:
        folder: Folder of the dataset.
        verify: Also read every shard and compare its checksum with the card.
        page: HTML file to write; by default the folder's name with .html, beside it. A page of a
            dataset that lies there is drawn anew.
        no_page: Neither draw the page nor compute the numbers behind it.
        overwrite: Let the page replace a file of any other kind.
    """

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    verify: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    page: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    no_page: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Read the card and the columns; returns counts, summaries and the numbers of the page."""
        from auctionsim.cli.output import check_json_apart
        from auctionsim.dataset import Dataset, inspect
        from auctionsim.plain_values import plain

        dataset = Dataset.open(self.folder)
        check_json_apart(self.json, dataset.folder)
        found = inspect(
            self.folder,
            verify=self.verify,
            page=self._page(dataset.folder),
            overwrite=self.overwrite,
            progress=self.progress,
        )
        result: Mapping[str, Any] = plain(found)
        return result

    def _page(self, folder: Path) -> Path | None:
        """Return the page's file, checked before the work is done; None for no page."""
        from auctionsim.cli.output import in_flags

        if self.no_page and self.page is not None:
            rule, mend = "must not stand beside --no-page", "Give one of them."
            raise invalid_argument("--page", rule, self.page, mend)
        if self.no_page:
            return None
        if self.page == "":
            raise invalid_argument("--page", "must name a file", "", "Leave it out, or name one.")
        from auctionsim.report.dataset_page import check_page

        whole = folder.resolve()
        beside = whole.parent / f"{whole.name or 'dataset'}.html"
        page = beside if self.page is None else Path(self.page)
        with in_flags({"page": "--page"}):
            check_page("page", page, folder, self.overwrite)
        return page

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
        if result["page"] is not None:
            console.print(f"Page: {result['page']}", markup=False, highlight=False, soft_wrap=True)


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
