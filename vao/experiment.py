"""From a dataset to scored planners: train, choose what to ask for, roll out on test episodes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from agents.fixed import FixedMultiplier
from auctionsim.dataset import Dataset, Trajectories
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.evaluation import Evaluation, evaluate, summarise
from auctionsim.generate import DatasetConfig
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.registry import AnyBidder
from auctionsim.simulator.seats import assign_tasks
from auctionsim.strict_mapping import build
from auctionsim.tasks import TASKS
from vao.conditions import Request
from vao.config import TrainingConfig
from vao.metrics import delta_m
from vao.policy import PlannerBidder
from vao.selection import Trial, choose_requests
from vao.sharing import TRAINING_COLUMNS
from vao.training import Record, train

__all__ = [
    "Arena",
    "Experiment",
    "MethodRun",
    "TaskResults",
    "delta_of",
    "expected_score",
    "fit",
    "requests_in_words",
]

TaskResults = dict[str, Evaluation]
"""Evaluations by task name."""

_FACTORS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.7)


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
    """

    market: MarketConfig
    lineup: LineupConfig
    seed: int
    selecting: Sequence[int]
    testing: Sequence[int]
    protocol: str = "paper"

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
        return cls(
            market=build(MarketConfig, card.config["market"]),
            lineup=build(LineupConfig, card.config["lineup"]),
            seed=config.seed,
            selecting=config.episode_range("val_select"),
            testing=config.episode_range("test"),
            protocol=protocol,
        )

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that have seats under the protocol, in the order of `TASKS`."""
        if self.protocol == "wide":
            return TASKS
        return tuple(TASKS[code] for code in np.unique(assign_tasks(self.market)).tolist())

    def play(
        self, bidder: AnyBidder, task: str, episodes: Sequence[int], *, bounds: bool = True
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
        names = self._played(bidder, tasks)
        played = {task: self.play(bidder, task, self.selecting, bounds=False) for task in names}
        return {task: expected_score(result.trajectories) for task, result in played.items()}

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
        factors = tqdm(_FACTORS, desc="constant multipliers", disable=not progress)
        scores = {factor: self.select(FixedMultiplier(factor)) for factor in factors}
        best = {task: max(scores, key=lambda f: scores[f][task]) for task in self.tasks}
        results = {
            task: self.play(FixedMultiplier(best[task]), task, self.testing) for task in self.tasks
        }
        return results, best


def expected_score(trajectories: Trajectories) -> float:
    """Return the mean strict Score of expected values."""
    return float(trajectories.totals(expected=True).score_strict.mean())


def delta_of(results: TaskResults, baseline: TaskResults, score: str = "score_strict") -> float:
    """Return delta-m over the tasks' Value and Score against a baseline, in percent.

    Args:
        results: A method's results.
        baseline: Those of training without sharing.
        score: Which Score stands beside the Value.
    """

    def cells(of: TaskResults) -> dict[tuple[str, str], float]:
        return {(t, m): r.metrics[m] for t, r in of.items() for m in ("value", score)}

    return delta_m(cells(results), cells(baseline))


def fit(
    dataset: Dataset, config: TrainingConfig, arena: Arena | None, *, progress: bool = True
) -> tuple[PlannerBidder, list[Record], list[Trial]]:
    """Train one method on a dataset and choose what to ask it for.

    Args:
        dataset: Its `train` split is trained on; vao also needs `val_align`.
        config: Settings.
        arena: Where checkpoints and requests are chosen, on the selection episodes; None keeps the
            last weights and the config's request.
        progress: Whether to show progress bars.

    Returns:
        The policy, the history of its training, and the requests tried.
    """
    vao = config.method == "vao"
    trained = train(
        dataset.load("train", TRAINING_COLUMNS),
        config,
        validation=dataset.load("val_align", TRAINING_COLUMNS) if vao else None,
        features=dataset.card.features,
        select=None if arena is None else arena.select,
        progress=progress,
    )
    if arena is None:
        return trained.policy, trained.history, []
    policy, trials = choose_requests(trained.policy, arena.select, progress=progress)
    return policy, trained.history, trials


@dataclass(frozen=True)
class MethodRun:
    """One trained method and its results.

    Attributes:
        config: How it was trained.
        policy: The planner, asking for what was chosen.
        history: Training records (see `vao.TrainingResult`).
        trials: Requests tried on the selection episodes.
        results: Test results by task.
        seconds: Wall time of training, choosing and testing.
    """

    config: TrainingConfig
    policy: PlannerBidder
    history: list[Record]
    trials: list[Trial]
    results: TaskResults
    seconds: float


@dataclass(frozen=True)
class Experiment:
    """A dataset, and the arena in which all methods trained on it are scored.

    Attributes:
        dataset: Simulated dataset.
        arena: Where to score.
    """

    dataset: Dataset
    arena: Arena

    def behaviour(self) -> TaskResults:
        """Sum up what the behaviour bidders themselves did in the test episodes."""
        played = self.dataset.load("test")
        return {
            TASKS[code]: summarise(TASKS[code], played.take(np.flatnonzero(played.task == code)))
            for code in np.unique(played.task).tolist()
        }

    def run(self, config: TrainingConfig, *, progress: bool = True) -> MethodRun:
        """Train one method, choose what to ask it for, and score it on the test episodes."""
        began = time.perf_counter()
        policy, history, trials = fit(self.dataset, config, self.arena, progress=progress)
        results = self.arena.test(policy, progress=progress)
        return MethodRun(config, policy, history, trials, results, time.perf_counter() - began)


def requests_in_words(requests: Mapping[str, Request]) -> str:
    """Write requests down in a line: task, quantile, ratio."""
    return ", ".join(
        f"{t}: quantile {r.quantile:g}, ratio {r.ratio:g}" for t, r in requests.items()
    )
