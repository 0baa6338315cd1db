"""Where planners are scored: a market, the opponents, and the episodes kept for each purpose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from agents.fixed import FixedMultiplier
from auctionsim.dataset import Dataset, Trajectories
from auctionsim.errors import InvalidArgumentError, invalid_argument, invalid_data
from auctionsim.evaluation import Evaluation, Takeover, evaluate, task_seats
from auctionsim.evaluation.contest import Contest, Entrant
from auctionsim.frozen import Recording
from auctionsim.frozen.recording import check_can_freeze
from auctionsim.generate import DatasetConfig
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.registry import AnyBidder
from auctionsim.simulator.seats import assign_tasks
from auctionsim.strict_mapping import build
from auctionsim.tasks import TASKS

__all__ = ["FACTORS", "Arena", "TaskResults", "can_freeze", "expected_score"]

TaskResults = dict[str, Evaluation]
"""Evaluations by task name."""

FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5)
"""Tried for the best constant: as many as there are trials of requests for a planner."""


@dataclass(frozen=True)
class Arena:
    """Where bidders are scored: a market, the opponents, and the episodes kept for each purpose.

    Attributes:
        market: The market.
        lineup: Plays the seats that are not taken over.
        seed: Seed of the episodes.
        selecting: Episodes for choosing checkpoints, requests and constants.
        testing: Episodes for the results; nothing is chosen on them.
        protocol: "paper" or "wide" (see `auctionsim.evaluate`).
        frozen: Whether, while something is chosen, the others bid what they bid when the line-up
            played all seats: several times faster, and nearly the same. `play` and `test` are of
            others that respond.
    """

    market: MarketConfig
    lineup: LineupConfig
    seed: int
    selecting: Sequence[int]
    testing: Sequence[int]
    protocol: str = "paper"
    frozen: bool = False
    _recordings: dict[tuple[int, ...], Recording] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(cls, dataset: Dataset, protocol: str = "paper") -> Arena:
        """Return the arena a simulated dataset comes from, with its own held-out episodes.

        Raises:
            InvalidDataError: If the dataset was not simulated.
        """
        card = dataset.card
        if card.kind != "simulated":
            rule, mend = "must be a simulated dataset", "Name a market and episodes instead."
            raise invalid_data(str(dataset.folder), rule, card.kind, mend)
        config = build(DatasetConfig, card.config["dataset"])
        market = build(MarketConfig, card.config["market"])
        return cls(
            market=market,
            lineup=build(LineupConfig, card.config["lineup"]),
            seed=config.seed,
            selecting=config.episode_range("val_select"),
            testing=config.episode_range("test"),
            protocol=protocol,
            frozen=can_freeze(market),
        )

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that have seats under the protocol, in the order of `TASKS`."""
        if self.protocol == "wide":
            return TASKS
        return tuple(TASKS[code] for code in np.unique(assign_tasks(self.market)).tolist())

    def play(
        self,
        bidder: AnyBidder,
        task: str,
        episodes: Sequence[int],
        *,
        bounds: bool = True,
        frozen: bool = False,
    ) -> Evaluation:
        """Score a bidder on one task, beside what was possible there unless that is not needed."""
        return evaluate(
            bidder,
            task,
            self.market,
            episodes,
            self.seed,
            protocol=self.protocol,
            lineup=self.lineup,
            bounds=bounds,
            frozen=frozen,
        )

    def test(
        self, bidder: AnyBidder, tasks: Iterable[str] | None = None, *, progress: bool = False
    ) -> TaskResults:
        """Score a bidder on the test episodes.

        Args:
            bidder: Who plays.
            tasks: What it plays; if None its own `tasks`, if it has such, out of the arena's.
            progress: Whether to show a progress bar.

        Raises:
            InvalidArgumentError: If no task is left to play, or one has no seats.
        """
        names = tqdm(self._played(bidder, tasks), desc="testing", leave=False, disable=not progress)
        return {task: self.play(bidder, task, self.testing) for task in names}

    def select(self, bidder: AnyBidder, tasks: Iterable[str] | None = None) -> dict[str, float]:
        """Return what choices go by: Scores (strict, of expected values) on the selection episodes.

        Expected values hold no coin noise, which at this size would drown differences. Arguments
        and errors are those of `test`.
        """
        played = self.rehearse(bidder, self._played(bidder, tasks))
        return {task: expected_score(result.trajectories) for task, result in played.items()}

    def rehearse(self, bidder: AnyBidder, tasks: Iterable[str]) -> TaskResults:
        """Play a bidder on the selection episodes, without bounds."""
        names = tuple(tasks)
        played = self.contest(bidder, [(task, self.protocol) for task in names], self.selecting)
        return dict(zip(names, played, strict=True))

    def contest(
        self,
        bidder: AnyBidder,
        seats: Iterable[tuple[str, str]],
        episodes: Sequence[int],
        *,
        bounds: bool = False,
    ) -> list[Evaluation]:
        """Play a bidder on several tasks and protocols at once, as the arena has its opponents.

        What frozen opponents bid in these episodes is recorded once, however often it is used.

        Args:
            bidder: Who plays.
            seats: Task and protocol of each result.
            episodes: Which episodes.
            bounds: Whether to find out what was possible.
        """
        contest = Contest(
            self.market,
            self.lineup,
            self.seed,
            episodes,
            frozen=self.frozen,
            bounds=bounds,
            recordings=self._recordings,
        )
        entrant = Entrant.of(bidder, self.market)
        takeovers = [
            Takeover(self.market, self.seed, task, task_seats(self.market, task, protocol), 1.0)
            for task, protocol in seats
        ]
        if not takeovers:
            return []
        played = contest.play([entrant], takeovers, lambda steps: None)
        return [found[entrant.name] for found in played]

    def _played(self, bidder: AnyBidder, tasks: Iterable[str] | None) -> tuple[str, ...]:
        """Tasks that a bidder plays here (see `test`)."""
        if tasks is not None:
            wanted = played = tuple(tasks)
        else:
            wanted = tuple(getattr(bidder, "tasks", self.tasks))
            played = tuple(task for task in self.tasks if task in wanted)
        if not played:
            seated = ", ".join(self.tasks)
            raise invalid_argument(
                "tasks",
                f"must hold one with seats in market {self.market.name!r} ({seated})",
                ", ".join(wanted) or "none",
                "Use protocol wide, or a market whose task_shares give it seats.",
            )
        return played

    def best_constant(self, *, progress: bool = True) -> tuple[TaskResults, dict[str, float]]:
        """Score the best constant multiplier a task: its factor over the targets is selected.

        Returns:
            Test results, and the factors chosen by task.
        """
        best = self.best_factors(progress=progress)
        results = {
            task: self.play(FixedMultiplier(best[task]), task, self.testing) for task in self.tasks
        }
        return results, best

    def best_factors(self, *, progress: bool = False) -> dict[str, float]:
        """Return the factor over the target that is best on the selection episodes, by task."""
        factors = tqdm(FACTORS, desc="constant multipliers", disable=not progress)
        scores = {factor: self.select(FixedMultiplier(factor)) for factor in factors}
        return {task: max(scores, key=lambda f: scores[f][task]) for task in self.tasks}


def can_freeze(market: MarketConfig) -> bool:
    """Return whether opponents can be frozen under a market's rules."""
    try:
        check_can_freeze(market)
    except InvalidArgumentError:
        return False
    return True


def expected_score(trajectories: Trajectories) -> float:
    """Return the mean strict Score of expected values."""
    return float(trajectories.totals(expected=True).score_strict.mean())
