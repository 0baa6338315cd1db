"""`auctionsim evaluate`: score a bidder by roll-outs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from auctionsim.cli.roll_out import RollOutCommand, show_incidents

if TYPE_CHECKING:
    from rich.console import Console

    from auctionsim.evaluation import Evaluation

__all__ = ["Evaluate"]


@dataclass(frozen=True, kw_only=True)
class Evaluate(RollOutCommand):
    """Score a bidder: it takes over one seat of a task at a time, the line-up plays the others.

    Attributes:
        bidder: A registered name, or module:Class, also of a file in the working directory.
        task: Task it plays.
        market: Market name, or a YAML file.
        episodes: How many episodes.
        first_episode: Number of the first one; by default far from the episodes of datasets.
        protocol: Take over the seats that the market gives this task (paper), or all (wide).
        lineup: Line-up name, or a YAML file; plays the other seats.
        seed: Seed of all randomness; equal seeds give every bidder the same traffic.
        budget_factors: Budgets of the seats taken over, over the market's; several are played in
            turn.
        frozen: The others bid as they did when the line-up played all seats: several times faster.
        bounds: Work out what was possible in hindsight, for the shares of it.
        resample: What intervals hold for: other days of these seats (episode), or other advertisers
            as well (episode seat).
    """

    bidder: Annotated[str, tyro.conf.arg(metavar="NAME")]
    task: Literal["cpa_mcb", "target_roas", "bcb"] = "bcb"
    market: str = "small"
    episodes: int = 10
    first_episode: int = 1_000_000
    protocol: Literal["paper", "wide"] = "paper"
    lineup: str = "mixed"
    seed: int = 0
    budget_factors: tuple[float, ...] = (1.0,)
    frozen: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    bounds: bool = True
    resample: tuple[Literal["episode", "seat"], ...] = ("episode",)

    def run(self) -> Mapping[str, Any]:
        """Evaluate; returns metrics, standard errors and intervals by budget, and incidents."""
        import auctionsim
        from auctionsim.cli.episodes import episode_range
        from auctionsim.evaluation import evaluate_budgets
        from auctionsim.lineup import load_lineup
        from auctionsim.market import load_market

        numbers = episode_range(self.first_episode, self.episodes)
        market, lineup = load_market(self.market), load_lineup(self.lineup)
        began = time.perf_counter()
        found = evaluate_budgets(
            self.bidder, self.task, market, numbers, self.seed, self.budget_factors,
            protocol=self.protocol, lineup=lineup, frozen=self.frozen, bounds=self.bounds,
            conduct=self.conduct(), progress=self.progress,
        )  # fmt: skip
        return {
            "bidder": self.bidder,
            "task": self.task,
            "market": market.name,
            "lineup": lineup.name,
            "protocol": self.protocol,
            "seed": self.seed,
            "first_episode": self.first_episode,
            "episodes": self.episodes,
            "frozen": self.frozen,
            "semantics": auctionsim.SEMANTICS,
            "trajectories": len(found[0].trajectories),
            "metrics": found[0].metrics,
            "standard_errors": found[0].standard_errors,
            "budgets": [
                {"budget_factor": factor} | _figures(result, self.resample)
                for factor, result in zip(self.budget_factors, found, strict=True)
            ],
            "incidents": [asdict(incident) for result in found for incident in result.incidents],
            "seconds": time.perf_counter() - began,
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table of the metrics, and incidents."""
        from auctionsim.cli.output import counted, table

        title = (
            f"{result['bidder']} on {result['task']}: market {result['market']}, "
            f"{counted(result['trajectories'], 'trajectory')} of "
            f"{counted(result['episodes'], 'episode')}"
        )
        if len(result["budgets"]) == 1:
            columns = ["", "mean", "95 % from", "to"]
            rows = _one_budget(result["budgets"][0])
        else:
            columns = ["budget", *(f"x {of['budget_factor']:g}" for of in result["budgets"])]
            rows = _by_budget(result["budgets"])
        console.print(table(columns, rows, title), markup=False)
        show_incidents(result["incidents"], console)


def _figures(found: Evaluation, resample: Sequence[str]) -> dict[str, Any]:
    intervals = {name: found.interval(name, resample=resample) for name in found.metrics}
    return {
        "metrics": found.metrics,
        "standard_errors": found.standard_errors,
        "intervals": {name: [ends.low, ends.high] for name, ends in intervals.items()},
    }


def _one_budget(figures: Mapping[str, Any]) -> list[list[object]]:
    return [
        [name.replace("_", " "), value, *figures["intervals"][name]]
        for name, value in figures["metrics"].items()
    ]


def _by_budget(budgets: Sequence[Mapping[str, Any]]) -> list[list[object]]:
    names = budgets[0]["metrics"]
    return [[n.replace("_", " "), *(of["metrics"][n] for of in budgets)] for n in names]
