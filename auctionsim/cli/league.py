"""`auctionsim league`: many bidders on the same seats and days."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from auctionsim.cli.command import Command

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["League"]

_SHARES = {"utilisation": "spent %", "violation_rate": "broken %", "share_of_optimum": "optimum %"}


@dataclass(frozen=True, kw_only=True)
class League(Command):
    """Score many bidders on the same seats and days, task by task, beside what was possible.

    Attributes:
        league: League name, or a YAML file: who plays, where, and on what.
        bidders: More bidders: registered names, or module:Class, also of the working directory.
        market: Market name, or a YAML file, instead of the league's.
        lineup: Line-up name, or a YAML file, instead of the league's.
        episodes: How many episodes, instead of the league's.
        first_episode: Number of the first one, instead of the league's.
        protocol: Seats that the market gives a task (paper), or all (wide); instead of the
            league's.
        seed: Seed of the episodes, instead of the league's.
        frozen: Whether the other bidders do not respond (yes or no), instead of the league's.
        budget_factor: Budgets of the seats taken over, over the market's, instead of the league's.
    """

    config_kind: ClassVar[str | None] = None

    league: str = "rules"
    bidders: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME")] = ()
    market: str | None = None
    lineup: str | None = None
    episodes: int | None = None
    first_episode: int | None = None
    protocol: Literal["paper", "wide"] | None = None
    seed: int | None = None
    frozen: Literal["yes", "no"] | None = None
    budget_factor: float | None = None

    def run(self) -> Mapping[str, Any]:
        """Play the league; returns its settings, and a table a task."""
        from dataclasses import replace

        import auctionsim
        from auctionsim.cli.imports import working_directory
        from auctionsim.evaluation import load_league, play_league
        from auctionsim.registry import make

        given = {
            "market": self.market,
            "lineup": self.lineup,
            "episodes": self.episodes,
            "first_episode": self.first_episode,
            "protocol": self.protocol,
            "seed": self.seed,
            "budget_factor": self.budget_factor,
            "frozen": None if self.frozen is None else self.frozen == "yes",
        }
        changes = {name: value for name, value in given.items() if value is not None}
        config = replace(load_league(self.league), **changes)  # type: ignore[arg-type]
        began = time.perf_counter()
        with working_directory():
            entrants = {name: make(name) for name in self.bidders}
            found = play_league(config, entrants, progress=self.progress)
        return {
            "league": asdict(config),
            "semantics": auctionsim.SEMANTICS,
            "tasks": {task: found.rows(task) for task in found.results},
            "trajectories": {
                task: len(next(iter(results.values())).trajectories)
                for task, results in found.results.items()
            },
            "seconds": time.perf_counter() - began,
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table a task; stars say that the difference to the best is not luck."""
        from auctionsim.cli.output import table

        headings = ["", "Score", "95 %", "to best", *_SHARES.values()]
        settings = result["league"]
        for task, rows in result["tasks"].items():
            title = (
                f"{task}: expected Score in market {settings['market']}, "
                f"{result['trajectories'][task]:,} trajectories a bidder, "
                f"others {'frozen' if settings['frozen'] else 'responding'}"
            )
            console.print(table(headings, [_cells(row) for row in rows], title), markup=False)


def _cells(row: Mapping[str, Any]) -> list[object]:
    metrics, behind = row["metrics"], row.get("behind_best")
    ends = ""
    if "expected_score" in row:
        _, low, high = row["expected_score"]
        ends = f"{low:.1f} to {high:.1f}"
    gap = "" if behind is None else f"{behind[0]:+.1f}{_stars(row['p_value'])}"
    shares = [metrics.get(name) for name in _SHARES]
    whole = (None if share is None else round(100 * share) for share in shares)
    return [row["bidder"], f"{metrics['expected_score']:.1f}", ends, gap, *whole]


def _stars(p_value: float | None) -> str:
    """Mark differences that are not luck: * at 5 %, ** at 1 %."""
    if p_value is None or p_value > 0.05:
        return ""
    return "*" if p_value > 0.01 else "**"
