"""The training loop, one for all ways of sharing data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from auctionsim.dataset import Trajectories
from auctionsim.errors import invalid_argument
from auctionsim.observation import FEATURES
from auctionsim.tasks import TASKS
from vao.config import TrainingConfig
from vao.learner import Learner
from vao.policy import PlannerBidder
from vao.preparation import build_learners
from vao.request import Request

__all__ = ["Record", "Score", "TrainingResult", "train"]

Record = dict[str, Any]
Score = Callable[[PlannerBidder], Mapping[str, float]]
"""Plays a bidder on the selection set and returns its Score by task name; larger is better."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained policy and how it came about.

    Attributes:
        policy: The policy, at its chosen checkpoint.
        history: Records in order of time, each with `kind` and `step`: "inverse" (error), "loss"
            (losses, learning rate), "weights" (alignment and weights matrices, targets x sources),
            "select" (scores; the tasks whose model was kept).
    """

    policy: PlannerBidder
    history: list[Record]


def train(
    training: Trajectories,
    config: TrainingConfig,
    *,
    validation: Trajectories | None = None,
    features: Sequence[str] = FEATURES,
    select: Score | None = None,
    record: Callable[[Record], object] = lambda record: None,
    progress: bool = True,
) -> TrainingResult:
    """Train planners on trajectories of several tasks, sharing data by `config.method`.

    All methods get the same samples a target and step, updates, learning rates and clipping, and
    minimise a sum over targets of mean losses. Normalisers and inverse dynamics follow the data
    setting (own data for "none", else the pool), unweighted; the latter train first, then rest.
    On one machine's CPU and with as many threads, the same seed gives the same weights bit for bit.

    Args:
        training: Training trajectories; the tasks among them are the ones learned.
        config: Settings.
        validation: Held-out trajectories of the same tasks, for VAO's weights only.
        features: Names of the columns of the trajectories' states.
        select: Scores a snapshot every `config.select_every` updates and at the end; the checkpoint
            with the best Score is kept, of each task's model for "none", by the mean over tasks
            for the others. Without it the last weights are kept. It must not keep the snapshot.
        record: Called with each record of the history as it is made.
        progress: Whether to show a progress bar.

    Raises:
        InvalidArgumentError: If the config asks for what the data cannot give.
        InvalidDataError: If the data hold what cannot be learned from.
        DivergedError: If losses run away.
    """
    history: list[Record] = []

    def keep(entry: Record) -> None:
        history.append(entry)
        record(entry)

    learners = build_learners(training, validation, config, features, keep, progress)
    with tqdm(total=config.steps, desc=f"train {config.method}", disable=not progress) as bar:
        for step in range(config.steps):
            losses: dict[str, float] = {}
            for learner in learners:
                losses |= _update(learner, step, config, keep)
            if losses:
                keep({"kind": "loss", "step": step, "losses": losses})
                bar.set_postfix(loss=sum(losses.values()) / len(losses), refresh=False)
            done = step + 1
            if select is not None and (done % config.select_every == 0 or done == config.steps):
                keep(_choose(learners, _policy(learners, config), select, done))
            bar.update()
    for learner in learners:
        learner.restore_best()
    return TrainingResult(_policy(learners, config), history)


def _update(
    learner: Learner, step: int, config: TrainingConfig, keep: Callable[[Record], None]
) -> dict[str, float]:
    """Update one model; record renewed weights; return its losses by task if they are due."""
    report = learner.update(step)
    tasks = [TASKS[task] for task in learner.tasks]
    if report.weights is not None and report.alignment is not None:
        keep(
            {
                "kind": "weights",
                "step": step,
                "tasks": tasks,
                "alignment": report.alignment.tolist(),
                "weights": report.weights.tolist(),
            }
        )
    if step % config.log_every and step + 1 < config.steps:
        return {}
    return dict(zip(tasks, report.losses.tolist(), strict=True))


def _policy(learners: Sequence[Learner], config: TrainingConfig) -> PlannerBidder:
    request = Request(config.quantile, config.ratio)
    requests = {TASKS[task]: request for learner in learners for task in learner.tasks}
    models = [learner.model() for learner in learners]
    return PlannerBidder(models, requests, config, config.device)


def _choose(learners: Sequence[Learner], policy: PlannerBidder, select: Score, step: int) -> Record:
    """Score a snapshot and let every model that is at its best remember its weights."""
    scores = checked_scores(select(policy), policy.tasks)
    kept: list[str] = []
    for learner in learners:
        tasks = [TASKS[task] for task in learner.tasks]
        if learner.consider(sum(scores[task] for task in tasks) / len(tasks), step):
            kept += tasks
    return {"kind": "select", "step": step, "scores": scores, "kept": kept}


def checked_scores(scores: Mapping[str, float], tasks: Sequence[str]) -> dict[str, float]:
    """Return the scores of the tasks as plain numbers; raise for one missing or not finite."""
    for task in tasks:
        if task not in scores or not math.isfinite(scores[task]):
            raise invalid_argument(
                f"score of {task}",
                "must be a finite number",
                scores.get(task, "none"),
                "Return one a task of the policy from the scoring function.",
            )
    return {task: float(scores[task]) for task in tasks}
