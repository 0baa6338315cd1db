"""`auctionsim league`: many bidders on the same seats and days."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from auctionsim.cli.roll_out import RollOutCommand, show_incidents

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["League"]

_SHARES = {"utilisation": "spent", "expected_violation_rate": "broken"}
_LEGEND = (
    "Score and broken limits are those of expected values. * (**): behind the best with p < 5 % "
    "(1 %), corrected for all pairs of bidders.\nspent: of the budget, in %; broken: limits, % of "
    "trajectories; optimum: % of what was possible, and the range of 90 % of the trajectories.\n"
    "The last three rows are what hindsight, knowing the day, could have had; within limits: with "
    "none broken."
)


@dataclass(frozen=True, kw_only=True)
class League(RollOutCommand):
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
        from auctionsim.errors import invalid_argument
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
        if len(set(self.bidders)) < len(self.bidders):
            mend = "Name each once."
            raise invalid_argument("--bidders", "must differ", ", ".join(self.bidders), mend)
        began = time.perf_counter()
        entrants = {name: make(name) for name in self.bidders}
        found = play_league(config, entrants, conduct=self.conduct(), progress=self.progress)
        return {
            "league": asdict(config),
            "semantics": auctionsim.SEMANTICS,
            "tasks": {task: found.rows(task) for task in found.results},
            "trajectories": {
                task: len(next(iter(results.values())).trajectories)
                for task, results in found.results.items()
            },
            "incidents": [
                asdict(incident)
                for results in found.results.values()
                for result in results.values()
                for incident in result.incidents
            ],
            "seconds": time.perf_counter() - began,
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table a task, and what its columns are."""
        from auctionsim.cli.output import counted, table

        headings = ["", "Score (95 %)", "to best", *_SHARES.values(), "optimum"]
        settings = result["league"]
        for task, rows in result["tasks"].items():
            title = (
                f"{task}: expected Score in market {settings['market']}, "
                f"{counted(result['trajectories'][task], 'trajectory')} a bidder, "
                f"others {'frozen' if settings['frozen'] else 'responding'}"
            )
            console.print(table(headings, [_cells(row) for row in rows], title), markup=False)
        console.print(_LEGEND, markup=False, highlight=False, soft_wrap=True)
        show_incidents(result["incidents"], console)


def _cells(row: Mapping[str, Any]) -> list[object]:
    metrics, behind = row["metrics"], row.get("behind_best")
    score = f"{metrics['expected_score']:.1f}"
    if "expected_score" in row and not math.isnan(row["expected_score"][1]):
        score += f" ({row['expected_score'][1]:.1f}–{row['expected_score'][2]:.1f})"
    gap = "" if behind is None else f"{behind[0]:+.1f}{_stars(row['p_value'])}"
    shares = [metrics.get(name) for name in _SHARES]
    whole = (None if share is None else round(100 * share) for share in shares)
    return [row["bidder"], score, gap, *whole, _optimum(row)]


def _optimum(row: Mapping[str, Any]) -> str:
    share, spread = row["metrics"].get("share_of_optimum"), row.get("shares_of_optimum")
    if share is None or math.isnan(share):
        return "–"
    text = f"{100 * share:.0f}"
    return text if spread is None else f"{text} ({100 * spread[0]:.0f}–{100 * spread[2]:.0f})"


def _stars(p_value: float) -> str:
    if not p_value < 0.05:  # nan as well
        return ""
    return "*" if p_value >= 0.01 else "**"
