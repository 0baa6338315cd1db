"""From a dataset to scored planners: train, choose what to ask for, roll out on test episodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from auctionsim.dataset import Dataset, Trajectories
from auctionsim.evaluation import summarise
from auctionsim.tasks import TASKS
from vao.arena import Arena, TaskResults, expected_score
from vao.config import TrainingConfig
from vao.metrics import delta_m
from vao.policy import PlannerBidder
from vao.request import Request
from vao.selection import Trial, choose_requests
from vao.sharing import TRAINING_COLUMNS
from vao.team import SOLO, Team
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


Vary = Callable[[str, Trajectories], Trajectories]


def as_they_are(split: str, trajectories: Trajectories) -> Trajectories:
    """Change nothing in a split's trajectories."""
    return trajectories


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
    dataset: Dataset,
    config: TrainingConfig,
    arena: Arena | None,
    *,
    record: Callable[[Record], object] = lambda record: None,
    checkpoint: Path | None = None,
    team: Team = SOLO,
    vary: Vary = as_they_are,
    progress: bool = True,
) -> tuple[PlannerBidder, list[Record], list[Trial]]:
    """Train one method on a dataset and choose what to ask it for.

    Args:
        dataset: Its `train` split is trained on; vao also needs `val_align`.
        config: Settings.
        arena: Where checkpoints and requests are chosen, on the selection episodes; None keeps the
            last weights and the config's request.
        record: Called with each record of the history as it is made.
        checkpoint: Where the state of the training is kept (see `vao.train`).
        team: The processes that train together; only the first one chooses requests.
        vary: Changes the data: given a split's name and trajectories, returns those to use.
        progress: Whether to show progress bars.

    Returns:
        The policy, the history of its training, and the requests tried.
    """

    def split(name: str) -> Trajectories:
        return vary(name, dataset.load(name, TRAINING_COLUMNS))

    held_out = split("val_align") if config.wants_validation else None
    trained = train(
        split("train"),
        config,
        validation=held_out,
        features=dataset.card.features,
        select=None if arena is None else arena.select,
        record=record,
        checkpoint=checkpoint,
        team=team,
        progress=progress,
    )
    if arena is None or not team.leads:
        return trained.policy, trained.history, []
    policy, trials = choose_requests(trained.policy, arena.select, progress=progress)
    tried = [request_record(place, trial) for place, trial in enumerate(trials)]
    for entry in tried:
        record(entry)
    return policy, trained.history + tried, trials


def request_record(place: int, trial: Trial) -> Record:
    """Return a trial of requests as a record of the history."""
    requests = {task: asdict(request) for task, request in trial.requests.items()}
    entry = {"kind": "request", "stage": "requests", "step": place}
    return {**entry, "requests": requests, "scores": trial.scores}


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
    """Write requests down in a line, a task after the other."""
    return "; ".join(f"{task}: {request}" for task, request in requests.items())
