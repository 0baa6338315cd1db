"""The training loop, one for all planners and all ways of sharing data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from auctionsim.dataset import Trajectories
from auctionsim.errors import invalid_argument
from auctionsim.observation import FEATURES
from auctionsim.tasks import TASKS
from vao.config import TrainingConfig
from vao.planners import Stage
from vao.policy import PlannerBidder, TrainedModel
from vao.request import Request
from vao.team import SOLO, Team
from vao.training.building import build_learners
from vao.training.checkpoint import Checkpoint, Place
from vao.training.learner import Learner

__all__ = ["Record", "Score", "TrainingResult", "checked_scores", "train"]

Record = dict[str, Any]
Score = Callable[[PlannerBidder], Mapping[str, float]]
"""Plays a bidder on the selection set and returns its Score by task name; larger is better."""


_PAIRS = 1024
"""Pairs of target and source whose every renewal is recorded."""

_APART = 5
"""Steps between records of more pairs, times how often they are as many."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained policy and how it came about.

    Attributes:
        policy: The policy, at its chosen checkpoint.
        history: Records in order of time, each with `kind`, `stage` and `step`: "loss" (losses by
            target), "weights" (of a model's `sources` for its `tasks`, with what was measured for
            them: matrices, see `vao.weighting.StepReport`), "balance" (weights of `tasks` against
            each other), "select" (scores; the tasks whose model was kept), "stopped" (the tasks of
            a model that ended early).
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
    checkpoint: Path | str | None = None,
    checkpoint_every: int = 200,
    team: Team = SOLO,
    progress: bool = True,
) -> TrainingResult:
    """Train planners on trajectories of several tasks, sharing data by `config.method`.

    All methods get the same samples a target and step, steps, learning rates and clipping, and
    minimise a sum over targets of mean losses; a step is one update of a model, but for rules that
    make one a target (VAO's `update: per_target`). Normalisers and what is learned beside the
    planner itself (inverse dynamics, say) follow the data setting (a model's own tasks' data, or
    the pool), unweighted. On one machine's CPU and with as many threads, the same seed gives the
    same weights bit for bit, also when a run is cut short and taken up again.

    Args:
        training: Training trajectories; the tasks among them are the ones learned.
        config: Settings.
        validation: Held-out trajectories of the same tasks, for weights that are measured on them
            (or to train on, see `TrainingConfig.train_on_validation`).
        features: Names of the columns of the trajectories' states.
        select: Scores a snapshot every `config.select_every` updates and at the end; the checkpoint
            with the best Score is kept, of each task's model where each has one (mdmm, odmm), by
            the mean over tasks where they share one. Without it the last weights are kept.
        record: Called with each record of the history as it is made; after a resumption first with
            those made before.
        checkpoint: Folder where the state of the run is kept; if one lies there, the run goes on
            from it, else it begins anew. None keeps none.
        checkpoint_every: Updates between its renewals.
        team: The processes that train together (see `vao.team`).
        progress: Whether to show a progress bar.

    Raises:
        InvalidArgumentError: If the config asks for what the data cannot give, or the checkpoint is
            of another run.
        InvalidDataError: If the data hold what cannot be learned from, or the checkpoint is
            damaged.
        DivergedError: If losses run away.
    """
    if checkpoint_every < 1:
        raise invalid_argument("checkpoint_every", "must be >= 1", checkpoint_every, "Try 200.")
    learners = build_learners(training, validation, config, features, team)
    saved = Checkpoint.of(
        checkpoint, config, training, validation, features, every=checkpoint_every
    )
    run = _Run(learners, config, select, record, saved, team)
    run.take_up()
    total = sum(run.learners[0].steps(stage) for stage in run.stages)
    with tqdm(total=total, desc=_title(config), disable=not (progress and team.leads)) as bar:
        run.all_stages(bar)
    return TrainingResult(_policy([learner.best() for learner in learners], config), run.history)


def _title(config: TrainingConfig) -> str:
    return f"train {config.planner} {config.method}"


@dataclass
class _Run:
    """A run of the loop and where it stands."""

    learners: list[Learner]
    config: TrainingConfig
    select: Score | None
    record: Callable[[Record], object]
    saved: Checkpoint | None
    team: Team
    history: list[Record] = field(default_factory=list)
    place: Place = field(default_factory=Place)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of all models, which are of one family."""
        return self.learners[0].stages

    @property
    def stopped(self) -> bool:
        """Whether all models were stopped early in the present stage."""
        return all(learner.stopped for learner in self.learners)

    def take_up(self) -> None:
        """Go to where a checkpoint left off, if there is one."""
        if self.saved is None:
            return
        if self.team.leads:
            self.saved.tidy()
        self.team.tell([0.0], self.config.device)  # the others wait: the leader may still write
        found = self.saved.read(self.learners)
        if found:
            self.place, earlier = found
            for entry in earlier:
                self.keep(entry)
        place = [float(self.place.stage), float(self.place.step)]
        told = self.team.tell(place, self.config.device)
        if told != place:
            rule = "must be where every process can read it"
            raise invalid_argument("checkpoint", rule, str(self.saved.folder), "Share the folder.")

    def keep(self, entry: Record) -> None:
        """Add a record."""
        self.history.append(entry)
        if self.team.leads:
            self.record(entry)

    def all_stages(self, bar: Any) -> None:
        """Run what is left of the stages."""
        for index, stage in enumerate(self.stages):
            steps = self.learners[0].steps(stage)
            if index < self.place.stage:
                bar.update(steps)
                continue
            if not self.place.begun:
                for learner in self.learners:
                    learner.begin(stage)
                self.place = Place(index, 0, begun=True)
            bar.update(self.place.step)
            for step in range(self.place.step, steps):
                # Before the step, so that a run taken up where all had stopped makes none.
                if self.stopped:
                    break
                self._step(stage, step, steps, bar)
            for learner in self.learners:
                learner.end()
            self.place = Place(index + 1, 0, begun=False)

    def _step(self, stage: Stage, step: int, steps: int, bar: Any) -> None:
        losses: dict[str, float] = {}
        for learner in self.learners:
            if not learner.stopped:
                losses |= self._update(learner, stage, step, steps)
        if losses:
            self.keep({"kind": "loss", "stage": stage.name, "step": step, "losses": losses})
            bar.set_postfix(loss=sum(losses.values()) / len(losses), refresh=False)
        done = step + 1
        due = done % self.config.select_every == 0 or done == steps
        if stage.shared and self.select is not None and due:
            self._choose(stage, done)
        self.place = Place(self.place.stage, done, begun=True)
        last = done == steps or self.stopped
        if self.saved is not None and self.team.leads and (self.saved.due(done) or last):
            self.saved.write(self.learners, self.place, self.history)
        bar.update()

    def _update(self, learner: Learner, stage: Stage, step: int, steps: int) -> dict[str, float]:
        """Update one model; record renewed weights; return its losses by task if they are due."""
        report = learner.update(step)
        place = {"stage": stage.name, "step": step, "tasks": list(learner.targets)}
        if report.weights is not None and self._shown(place, report.weights.numel()):
            measured = {"alignment": report.alignment, "noise": report.noise}
            measured |= {"weights": report.weights, "conflicts": report.conflicts}
            told = {name: t.tolist() for name, t in measured.items() if t is not None}
            self.keep({"kind": "weights", **place, "sources": list(learner.sources), **told})
        if step % self.config.log_every and step + 1 < steps:
            return {}
        if report.balance is not None:
            told = {"balance": report.balance.tolist()}
            if report.conflicts is not None:
                told["conflicts"] = report.conflicts.tolist()
            self.keep({"kind": "balance", **place, **told})
        losses = report.losses.tolist()
        # A stage that does not share has one loss for all of a model's tasks.
        names = learner.targets
        return dict(zip(names, losses if stage.shared else losses * len(names), strict=True))

    def _shown(self, place: Mapping[str, Any], pairs: int) -> bool:
        """Whether renewed weights are recorded: those of many pairs only now and then."""
        if pairs <= _PAIRS:
            return True
        same = {"kind": "weights", "stage": place["stage"], "tasks": place["tasks"]}
        last = next((e for e in reversed(self.history) if same.items() <= e.items()), None)
        return last is None or place["step"] - last["step"] >= _APART * math.ceil(pairs / _PAIRS)

    def _choose(self, stage: Stage, done: int) -> None:
        """Score a snapshot; every model that is at its best remembers its weights."""
        assert self.select is not None
        names = [TASKS[task] for learner in self.learners for task in learner.tasks]
        values = [0.0] * len(names)
        if self.team.leads:
            policy = _policy([learner.snapshot() for learner in self.learners], self.config)
            scores = checked_scores(self.select(policy), names)
            values = [scores[name] for name in names]
        told = self.team.tell(values, self.config.device)
        scores = dict(zip(names, told, strict=True))
        kept: list[str] = []
        playing = [learner for learner in self.learners if not learner.stopped]
        for learner in playing:
            tasks = [TASKS[task] for task in learner.tasks]
            if learner.consider(sum(scores[task] for task in tasks) / len(tasks)):
                kept += tasks
        entry = {"stage": stage.name, "step": done}
        self.keep({"kind": "select", **entry, "scores": scores, "kept": kept})
        ended = [TASKS[task] for learner in playing if learner.stopped for task in learner.tasks]
        if ended:
            self.keep({"kind": "stopped", **entry, "tasks": ended})


def _policy(models: Sequence[TrainedModel], config: TrainingConfig) -> PlannerBidder:
    request = Request(config.quantile, config.ratio)
    requests = {TASKS[task]: request for model in models for task in model.tasks}
    return PlannerBidder(models, requests, config, torch.device(config.device))


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
