"""From trajectories and a config to models ready to train."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from auctionsim.dataset import Trajectories
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.tasks import TASKS
from vao.config import TrainingConfig
from vao.learner import Learner, fit_inverse
from vao.networks import check_device, new_planner
from vao.objective import PlanningObjective
from vao.scales import Scales, feature_columns
from vao.sharing import Source, TaskSampler
from vao.weighting import EqualWeights, ValidationAligned, Weighting

__all__ = ["build_learners"]


@dataclass(frozen=True)
class _Preparation:
    """What all models of a run are built from; see `vao.training.train`."""

    training: Trajectories
    validation: Trajectories | None
    config: TrainingConfig
    features: tuple[str, ...]
    columns: list[int]

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

    def learner(
        self, targets: tuple[int, ...], advance: Callable[[], object]
    ) -> tuple[Learner, float]:
        """Build one model for some targets, whose data are its sources; train its inverse."""
        config = self.config
        # Seeds are drawn anew for every model, so that each starts from the same weights.
        seeds = np.random.SeedSequence(config.seed)
        planner_seed, inverse_seed = (int(seed) for seed in seeds.generate_state(2))
        inverse_stream, planner_stream = (np.random.default_rng(s) for s in seeds.spawn(2))

        own = _of_tasks(self.training, targets)
        categories = int(self.training.category.max()) + 1
        scales = Scales.fit(own, self.features, self.columns, categories)
        sources = [self.source(own, task, scales) for task in targets]
        pool = TaskSampler(sources, targets, config.batch, inverse_stream)
        inverse, error = fit_inverse(pool, scales, config, inverse_seed, advance)
        planner = new_planner(config, scales, planner_seed)
        sampler = TaskSampler(
            sources,
            targets,
            config.batch,
            planner_stream,
            validation=self.held_out(targets, scales),
            validation_samples=config.validation_batch,
        )
        objective = PlanningObjective(planner, inverse, config.consistency).to(config.device)
        return Learner(targets, scales, objective, sampler, _weighting(config), config), error


def build_learners(
    training: Trajectories,
    validation: Trajectories | None,
    config: TrainingConfig,
    features: Sequence[str],
    keep: Callable[[dict[str, Any]], object],
    progress: bool,
) -> list[Learner]:
    """Build the models of a method: one a task for "none", one for all tasks otherwise.

    The inverse dynamics are trained here; see `vao.training.train` for arguments and errors.
    """
    _check(training, features)
    check_device(config.device)
    columns = feature_columns(config.features, features)
    names = tuple(features[column] for column in columns)
    preparation = _Preparation(training, validation, config, names, columns)
    tasks = tuple(np.unique(training.task).tolist())
    settings = [(task,) for task in tasks] if config.method == "none" else [tasks]
    total = len(settings) * config.inverse_steps
    learners = []
    with tqdm(total=total, desc="inverse dynamics", disable=not progress, leave=False) as bar:
        for targets in settings:
            learner, error = preparation.learner(targets, bar.update)
            names_of_tasks = [TASKS[task] for task in targets]
            keep({"kind": "inverse", "step": 0, "tasks": names_of_tasks, "error": error})
            learners.append(learner)
    return learners


def _weighting(config: TrainingConfig) -> Weighting:
    if config.method == "vao":
        return ValidationAligned(config.temperature, config.refresh)
    return EqualWeights()


def _of_tasks(trajectories: Trajectories, tasks: Sequence[int]) -> Trajectories:
    mine = np.isin(trajectories.task, list(tasks))
    return trajectories if mine.all() else trajectories.take(np.flatnonzero(mine))


def _check(training: Trajectories, features: Sequence[str]) -> None:
    if not len(training):
        raise invalid_data("training", "must hold trajectories", "none", "Load a split with some.")
    width = training.state.shape[2]
    if len(features) != width:
        raise invalid_argument(
            "features", f"must name the {width} columns of `state`", len(features), "Name them all."
        )
