"""From a dataset to scored planners: train, choose what to ask for, roll out on test episodes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from agents.fixed import FixedMultiplier
from auctionsim.dataset import Dataset, Trajectories
from auctionsim.errors import invalid_data
from auctionsim.evaluation import Evaluation, evaluate, summarise
from auctionsim.generate import DatasetConfig
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.registry import AnyBidder
from auctionsim.strict_mapping import build
from auctionsim.tasks import TASKS
from vao.conditions import Request
from vao.config import TrainingConfig
from vao.metrics import delta_m
from vao.policy import PlannerBidder
from vao.selection import Trial, choose_requests
from vao.training import Record, train

__all__ = [
    "Arena",
    "Experiment",
    "MethodRun",
    "TaskResults",
    "delta_of",
    "expected_score",
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

    def play(self, bidder: AnyBidder, task: str, episodes: Sequence[int]) -> Evaluation:
        """Score a bidder on one task."""
        return evaluate(
            bidder,
            task,
            self.market,
            episodes,
            self.seed,
            protocol=self.protocol,
            lineup=self.lineup,
        )

    def test(self, bidder: AnyBidder, *, progress: bool = False) -> TaskResults:
        """Score a bidder on all tasks, on the test episodes."""
        tasks = tqdm(TASKS, desc="testing", leave=False, disable=not progress)
        return {task: self.play(bidder, task, self.testing) for task in tasks}

    def select(self, bidder: AnyBidder) -> dict[str, float]:
        """Return what choices go by: Scores (strict, of expected values) on the selection episodes.

        Expected values hold no coin noise, which at this size would drown differences.
        """
        played = {task: self.play(bidder, task, self.selecting) for task in TASKS}
        return {task: expected_score(result.trajectories) for task, result in played.items()}

    def best_constant(self, *, progress: bool = True) -> tuple[TaskResults, dict[str, float]]:
        """Score the best constant multiplier a task: its factor over the targets is selected.

        Returns:
            Test results, and the factors chosen by task.
        """
        factors = tqdm(_FACTORS, desc="constant multipliers", disable=not progress)
        scores = {factor: self.select(FixedMultiplier(factor)) for factor in factors}
        best = {task: max(scores, key=lambda f: scores[f][task]) for task in TASKS}
        results = {
            task: self.play(FixedMultiplier(best[task]), task, self.testing) for task in TASKS
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
    """A dataset, the arena to score in, and the grid of requests every method may choose from.

    Attributes:
        dataset: Simulated dataset.
        arena: Where to score.
        quantiles: Returns to try (see `vao.Request`).
        ratios: CPA and ROAS ratios to try.
    """

    dataset: Dataset
    arena: Arena
    quantiles: tuple[float, ...] = (0.5, 0.9)
    ratios: tuple[float, ...] = (0.75, 0.9, 1.0)
    _loaded: dict[str, Trajectories] = field(default_factory=dict, repr=False)

    def split(self, name: str) -> Trajectories:
        """Load a split once."""
        if name not in self._loaded:
            self._loaded[name] = self.dataset.load(name)
        return self._loaded[name]

    def behaviour(self) -> TaskResults:
        """Sum up what the behaviour bidders themselves did in the test episodes."""
        played = self.split("test")
        return {
            task: summarise(task, played.take(np.flatnonzero(played.task == code)))
            for code, task in enumerate(TASKS)
        }

    def run(self, config: TrainingConfig, *, progress: bool = True) -> MethodRun:
        """Train one method, choose what to ask it for, and score it on the test episodes."""
        began = time.perf_counter()
        trained = train(
            self.split("train"),
            config,
            validation=self.split("val_align") if config.method == "vao" else None,
            features=self.dataset.card.features,
            select=self.arena.select,
            progress=progress,
        )
        policy, trials = choose_requests(
            trained.policy, self.arena.select, self.quantiles, self.ratios
        )
        results = self.arena.test(policy, progress=progress)
        return MethodRun(
            config, policy, trained.history, trials, results, time.perf_counter() - began
        )


def requests_in_words(requests: Mapping[str, Request]) -> str:
    """Write requests down in a line: task, quantile, ratio."""
    return ", ".join(
        f"{t}: quantile {r.quantile:g}, ratio {r.ratio:g}" for t, r in requests.items()
    )
