"""`auctionsim simulate`: play episodes and see what came of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from auctionsim.cli.roll_out import RollOutCommand, show_incidents

if TYPE_CHECKING:
    from rich.console import Console

    from auctionsim.conduct import Conduct, Incident
    from auctionsim.dataset.schema import Trajectories
    from auctionsim.evaluation import Evaluation
    from auctionsim.lineup import LineupConfig
    from auctionsim.market import MarketConfig

__all__ = ["Simulate"]

# Episodes played together: enough to keep all cores busy, few enough to stay small in memory.
_AT_ONCE = 16
# Metric and its heading, short enough for a terminal of 80 columns.
_COLUMNS = {
    "value": "value",
    "expected_value": "expected",
    "score_strict": "strict",
    "score_paper": "paper",
    "utilisation": "utilised",
    "violation_rate": "violated",
}


@dataclass(frozen=True, kw_only=True)
class Simulate(RollOutCommand):
    """Play episodes of a market, and show what each task's seats got and how fast it went.

    Attributes:
        market: Market name, or a YAML file.
        episodes: How many episodes.
        first_episode: Number of the first one.
        bidder: Plays all seats: a registered name, or module:Class; without one the line-up plays.
        lineup: Line-up name, or a YAML file.
        seed: Seed of all randomness.
    """

    market: str = "small"
    episodes: int = 1
    first_episode: int = 0
    bidder: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    lineup: str = "mixed"
    seed: int = 0

    def run(self) -> Mapping[str, Any]:
        """Play; returns means by task, incidents, and the speed."""
        import auctionsim
        from auctionsim.cli.episodes import episode_range
        from auctionsim.lineup import load_lineup
        from auctionsim.market import load_market
        from auctionsim.mechanism.arguments import check_integer

        episode_range(self.first_episode, self.episodes)
        check_integer("--seed", self.seed, 0, 2**64 - 1, "Pick another seed.")
        market, lineup = load_market(self.market), load_lineup(self.lineup)
        self._check_isolation()
        conduct = self.conduct()
        played, incidents, seconds = self._play(market, lineup, conduct)
        return {
            "market": market.name,
            "lineup": None if self.bidder else lineup.name,
            "bidder": self.bidder,
            "seed": self.seed,
            "first_episode": self.first_episode,
            "episodes": self.episodes,
            "semantics": auctionsim.SEMANTICS,
            "tasks": _by_task(played),
            "incidents": [asdict(incident) for incident in incidents],
            "speed": _speed(market, self.episodes, seconds),
        }

    def _check_isolation(self) -> None:
        if self.isolate and self.bidder is None:
            from auctionsim.errors import invalid_argument

            mend = "Name a bidder; those of line-ups are never isolated."
            raise invalid_argument("--isolate", "must go with --bidder", "a line-up alone", mend)

    def _play(
        self, market: MarketConfig, lineup: LineupConfig, conduct: Conduct
    ) -> tuple[Trajectories, list[Incident], float]:
        """Return what was played, and the seconds it took, compiling and loading left out."""
        from tqdm import tqdm

        from auctionsim.dataset import Trajectories
        from auctionsim.registry import make
        from auctionsim.simulator import Simulation

        lineup.check() if self.bidder is None else make(self.bidder)
        warm_up = Simulation(replace(market, opportunities=min(market.opportunities, 64)), [0])
        warm_up.step([0.0] * len(warm_up.campaigns))
        began = time.perf_counter()
        total = self.episodes * market.steps
        with tqdm(total=total, unit="step", desc="simulating", disable=self.quiet) as bar:
            groups = [
                self._play_group(market, lineup, conduct, group, bar.update)
                for group in self._groups()
            ]
        seconds = time.perf_counter() - began
        incidents = [incident for _, of_group in groups for incident in of_group]
        return Trajectories.concatenate([played for played, _ in groups]), incidents, seconds

    def _groups(self) -> Iterator[list[int]]:
        end = self.first_episode + self.episodes
        for first in range(self.first_episode, end, _AT_ONCE):
            yield list(range(first, min(first + _AT_ONCE, end)))

    def _play_group(
        self, market: MarketConfig, lineup: LineupConfig, conduct: Conduct, group: list[int],
        update: Any,
    ) -> tuple[Trajectories, list[Incident]]:  # fmt: skip
        import numpy as np

        from auctionsim.cast import Cast
        from auctionsim.registry import make, prepare
        from auctionsim.rollout import roll_out
        from auctionsim.simulator import Simulation

        simulation = Simulation(market, group, self.seed)
        everyone = np.arange(len(simulation.campaigns))
        taken = []
        if self.bidder is not None:
            taken = [(self.bidder, prepare(self.bidder, make(self.bidder), market), everyone)]
        with Cast(
            simulation.campaigns, lineup, taken, conduct=conduct,
            episodes=simulation.seat_episode, market=market,
        ) as cast:  # fmt: skip
            played = roll_out(simulation, cast, on_step=lambda: update(len(group)))
        return played.without_states(), cast.incidents

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table of the tasks, incidents, and the speed."""
        from auctionsim.cli.output import counted, table

        who = result["bidder"] or f"line-up {result['lineup']}"
        rows = [
            [task, found["trajectories"], *(found["metrics"][name] for name in _COLUMNS)]
            for task, found in result["tasks"].items()
        ]
        headings = ["task", "seats", *_COLUMNS.values()]
        title = f"Market {result['market']}, {who}, {counted(result['episodes'], 'episode')}"
        console.print(table(headings, rows, title), markup=False)
        speed = result["speed"]
        console.print(
            "Means over seats: conversion value, its expectation, Scores (strict, paper), share of "
            "the budget spent, share of seats that broke their limit.\n"
            f"{speed['seconds']:.3g} s, {speed['seconds_per_episode']:.3g} s an episode, "
            f"{speed['bids_per_second']:.3g} bids a second",
            markup=False,
            highlight=False,
        )
        show_incidents(result["incidents"], console)


def _by_task(trajectories: Trajectories) -> dict[str, dict[str, Any]]:
    import numpy as np

    from auctionsim.evaluation import summarise
    from auctionsim.tasks import TASKS

    seats = {task: np.flatnonzero(trajectories.task == code) for code, task in enumerate(TASKS)}
    return {
        task: _plain(summarise(task, trajectories.take(places)))
        for task, places in seats.items()
        if len(places)
    }


def _plain(found: Evaluation) -> dict[str, Any]:
    return {
        "trajectories": len(found.trajectories),
        "metrics": found.metrics,
        "standard_errors": found.standard_errors,
    }


def _speed(market: MarketConfig, episodes: int, seconds: float) -> dict[str, float]:
    opportunities = market.opportunities * episodes
    return {
        "seconds": seconds,
        "seconds_per_episode": seconds / episodes,
        "opportunities_per_second": opportunities / seconds,
        "bids_per_second": opportunities * market.advertisers / seconds,
    }
