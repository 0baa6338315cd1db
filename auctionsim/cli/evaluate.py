"""`auctionsim evaluate`: score a bidder by roll-outs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from auctionsim.cli.roll_out import RollOutCommand, show_incidents

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Evaluate"]


@dataclass(frozen=True, kw_only=True)
class Evaluate(RollOutCommand):
    """Score a bidder: it takes over one seat of a task at a time, the line-up plays the others.

    Attributes:
        bidder: A registered name, or module:Class, also of a file in the working directory.
        task: Task it plays.
        market: Market name, or a YAML file.
        episodes: How many episodes.
        first_episode: Number of the first one.
        protocol: Take over the seats that the market gives this task (paper), or all (wide).
        lineup: Line-up name, or a YAML file; plays the other seats.
        seed: Seed of all randomness; equal seeds give every bidder the same traffic.
    """

    bidder: Annotated[str, tyro.conf.arg(metavar="NAME")]
    task: Literal["cpa_mcb", "target_roas", "bcb"] = "bcb"
    market: str = "small"
    episodes: int = 10
    first_episode: int = 0
    protocol: Literal["paper", "wide"] = "paper"
    lineup: str = "mixed"
    seed: int = 0

    def run(self) -> Mapping[str, Any]:
        """Evaluate; returns the metrics, their standard errors, and incidents."""
        import auctionsim
        from auctionsim.cli.episodes import episode_range
        from auctionsim.cli.imports import working_directory
        from auctionsim.evaluation import evaluate
        from auctionsim.lineup import load_lineup
        from auctionsim.market import load_market

        numbers = episode_range(self.first_episode, self.episodes)
        market, lineup = load_market(self.market), load_lineup(self.lineup)
        began = time.perf_counter()
        with working_directory():
            found = evaluate(
                self.bidder, self.task, market, numbers, self.seed,
                protocol=self.protocol, lineup=lineup, on_error=self.on_error,
                time_limit=self.time_limit, isolate=self.isolate, progress=self.progress,
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
            "semantics": auctionsim.SEMANTICS,
            "trajectories": len(found.trajectories),
            "metrics": found.metrics,
            "standard_errors": found.standard_errors,
            "incidents": [asdict(incident) for incident in found.incidents],
            "seconds": time.perf_counter() - began,
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table of the metrics, and incidents."""
        from auctionsim.cli.output import table

        errors = result["standard_errors"]
        rows = [
            [name.replace("_", " "), value, errors[name]]
            for name, value in result["metrics"].items()
        ]
        title = (
            f"{result['bidder']} on {result['task']}: market {result['market']}, "
            f"{result['trajectories']} trajectories of {result['episodes']} episodes"
        )
        console.print(table(["", "mean", "standard error"], rows, title), markup=False)
        show_incidents(result["incidents"], console)
