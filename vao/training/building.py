"""From trajectories and a config to models ready to train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auctionsim.dataset import Trajectories
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.tasks import TASKS
from vao.conditions import REQUIREMENTS
from vao.config import TrainingConfig
from vao.devices import check_device
from vao.planners import Shape, new_planner
from vao.scales import Scales, feature_columns
from vao.sharing import Source, TaskSampler
from vao.team import SOLO, Team
from vao.training.learner import Learner

__all__ = ["build_learners", "shape_of"]


@dataclass(frozen=True)
class _Workshop:
    """What all models of a run are built from; see `vao.training.train`."""

    training: Trajectories
    validation: Trajectories | None
    config: TrainingConfig
    features: tuple[str, ...]
    columns: list[int]
    team: Team

    def source(self, trajectories: Trajectories, task: int, scales: Scales) -> Source:
        """Prepare the trajectories of one task."""
        own = _of_tasks(trajectories, (task,))
        return Source.prepare(own, scales, self.columns, self.config.device)

    def held_out(self, targets: Sequence[int], scales: Scales) -> list[Source]:
        """Prepare each target's held-out trajectories, if the method wants them."""
        if self.config.method != "vao":
            return []
        present = [] if self.validation is None else np.unique(self.validation.task).tolist()
        missing = [TASKS[task] for task in targets if task not in present]
        if self.validation is None or missing:
            raise invalid_argument(
                "validation",
                "must hold trajectories of every task for method 'vao'",
                f"none of {', '.join(missing)}",
                "Pass the val_align split of a dataset with these tasks.",
            )
        return [self.source(self.validation, task, scales) for task in targets]

    def learner(self, targets: tuple[int, ...]) -> Learner:
        """Build one model for some targets, whose data are its sources."""
        config = self.config
        # Seeds are drawn anew for every model, so that each starts from the same weights.
        seeds = np.random.SeedSequence(config.seed)
        planner_seed = int(seeds.generate_state(1)[0])
        pool_stream, stream = (np.random.default_rng(s) for s in seeds.spawn(2))

        own = _of_tasks(self.training, targets)
        categories = int(self.training.category.max()) + 1
        scales = Scales.fit(own, self.features, self.columns, categories)
        sources = [self.source(own, task, scales) for task in targets]
        planner = new_planner(config.planner, config.settings, shape_of(scales), planner_seed)
        noise = planner.loss_noise
        pool = TaskSampler(sources, targets[:1], config.batch, pool_stream, noise=noise)
        sampler = TaskSampler(
            sources,
            targets,
            config.batch,
            stream,
            validation=self.held_out(targets, scales),
            validation_samples=config.validation_batch,
            noise=noise,
        )
        planner = planner.to(config.device)
        return Learner(targets, scales, planner, pool, sampler, config, self.team)


def build_learners(
    training: Trajectories,
    validation: Trajectories | None,
    config: TrainingConfig,
    features: Sequence[str],
    team: Team = SOLO,
) -> list[Learner]:
    """Build the models of a method: one a task for "none", one for all tasks otherwise.

    See `vao.training.train` for arguments and errors.
    """
    _check(training, config, features, team)
    check_device(config.device)
    columns = feature_columns(config.features, features)
    names = tuple(features[column] for column in columns)
    workshop = _Workshop(training, validation, config, names, columns, team)
    tasks = tuple(np.unique(training.task).tolist())
    settings = [(task,) for task in tasks] if config.method == "none" else [tasks]
    return [workshop.learner(targets) for targets in settings]


def shape_of(scales: Scales) -> Shape:
    """Return the sizes of a planner that fits a model's scales."""
    return Shape(
        requirements=REQUIREMENTS,
        features=len(scales.states.features),
        static=scales.static_size,
        steps=scales.steps,
    )


def _of_tasks(trajectories: Trajectories, tasks: Sequence[int]) -> Trajectories:
    mine = np.isin(trajectories.task, list(tasks))
    return trajectories if mine.all() else trajectories.take(np.flatnonzero(mine))


def _check(
    training: Trajectories, config: TrainingConfig, features: Sequence[str], team: Team
) -> None:
    if not len(training):
        raise invalid_data("training", "must hold trajectories", "none", "Load a split with some.")
    width = training.state.shape[2]
    if len(features) != width:
        raise invalid_argument(
            "features", f"must name the {width} columns of `state`", len(features), "Name them all."
        )
    vao = config.method == "vao"
    sources = len(np.unique(training.task)) if vao else 1
    if config.batch < sources:
        rule = f"must be >= {sources}, the number of sources"
        raise invalid_argument("batch", rule, config.batch, "Raise it.")
    smallest = min(config.batch // sources, config.validation_batch if vao else config.batch)
    if smallest < team.size:
        rule = f"must give each of {team.size} processes a sample of every source"
        raise invalid_argument("batch", rule, smallest, "Raise it, or use fewer processes.")
