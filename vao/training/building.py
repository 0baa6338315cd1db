"""From trajectories and a config to models ready to train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auctionsim.dataset import Trajectories
from auctionsim.errors import invalid_argument, invalid_data
from vao.conditions import REQUIREMENTS
from vao.config import TrainingConfig
from vao.devices import check_device
from vao.methods import Method
from vao.planners import Shape, new_planner
from vao.scales import Scales, feature_columns
from vao.sharing import Source
from vao.task_sampler import TaskSampler
from vao.team import SOLO, Team
from vao.training.learner import Learner
from vao.training.parts import Part, divide_up, of_tasks
from vao.weighting.registry import weighting_class, weighting_settings

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

    def learner(self, tasks: tuple[int, ...]) -> Learner:
        """Build one model for some tasks."""
        config, method = self.config, Method.of(self.config.method)
        # Seeds are drawn anew for every model, so that each starts from the same weights.
        seeds = np.random.SeedSequence(config.seed)
        planner_seed = int(seeds.generate_state(1)[0])
        pool_stream, stream = (np.random.default_rng(s) for s in seeds.spawn(2))

        data = self.training if method.pooled else of_tasks(self.training, tasks)
        categories = int(self.training.category.max()) + 1
        scales = Scales.fit(data, self.features, self.columns, categories)
        parts = divide_up(data, config.groups)
        sources = [self._source(part.of(data), scales) for part in parts]
        own = [place for place, part in enumerate(parts) if part.task in tasks]
        targets = [parts[place] for place in own]
        codes = [part.task for part in targets]
        planner = new_planner(config.planner, config.settings, shape_of(scales), planner_seed)
        noise = planner.loss_noise
        pool = TaskSampler(sources, codes[:1], config.batch, pool_stream, noise=noise)
        sampler = TaskSampler(
            sources,
            codes,
            config.batch,
            stream,
            own=own,
            pooled=method.pooled,
            share_above=config.share_above,
            validation=self._held_out(targets, scales),
            noise=noise,
        )
        names = tuple(part.name for part in parts)
        return Learner(
            tasks,
            tuple(part.name for part in targets),
            names,
            scales,
            planner.to(config.device),
            pool,
            sampler,
            config,
            self.team,
        )

    def _source(self, trajectories: Trajectories, scales: Scales) -> Source:
        return Source.prepare(trajectories, scales, self.columns, self.config.device)

    def _held_out(self, targets: Sequence[Part], scales: Scales) -> list[Source]:
        """Prepare each target's held-out trajectories, if the method wants them."""
        rule = Method.of(self.config.method).weighting
        settings = weighting_settings(rule, self.config.weighting)
        if not weighting_class(rule).validates(settings):
            return []
        held_out = self.validation
        found = [] if held_out is None else [part.of(held_out) for part in targets]
        missing = [p.name for p, own in zip(targets, found, strict=False) if not len(own)]
        if held_out is None or missing:
            raise invalid_argument(
                "validation",
                f"must hold trajectories of every task for method {self.config.method!r}",
                f"none of {', '.join(missing or [part.name for part in targets])}",
                "Pass the val_align split of a dataset with these tasks.",
            )
        return [self._source(own, scales) for own in found]


def build_learners(
    training: Trajectories,
    validation: Trajectories | None,
    config: TrainingConfig,
    features: Sequence[str],
    team: Team = SOLO,
) -> list[Learner]:
    """Build the models of a method: one a task, or one for all tasks.

    See `vao.training.train` for arguments and errors.
    """
    if config.train_on_validation:
        training, validation = _with_validation(training, validation), None
    _check(training, config, features, team)
    check_device(config.device)
    columns = feature_columns(config.features, features)
    names = tuple(features[column] for column in columns)
    workshop = _Workshop(training, validation, config, names, columns, team)
    tasks = tuple(np.unique(training.task).tolist())
    models = [tasks] if Method.of(config.method).joint else [(task,) for task in tasks]
    return [workshop.learner(model) for model in models]


def shape_of(scales: Scales) -> Shape:
    """Return the sizes of a planner that fits a model's scales."""
    return Shape(
        requirements=REQUIREMENTS,
        features=len(scales.states.features),
        static=scales.static_size,
        steps=scales.steps,
    )


def _with_validation(training: Trajectories, validation: Trajectories | None) -> Trajectories:
    if validation is None:
        rule, mend = "must be given to train on it", "Pass the val_align split."
        raise invalid_argument("validation", rule, "none", mend)
    return Trajectories.concatenate([training, validation])


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
    method = Method.of(config.method)
    rule = weighting_class(method.weighting)
    settings = weighting_settings(method.weighting, config.weighting)
    sources = (config.groups or len(np.unique(training.task))) if method.pooled else 1
    smallest = rule.smallest_batch(settings, config.batch, sources)
    if smallest < 1:
        renewal = int(config.weighting.get("refresh_batch", 0))
        short = 0 < renewal < config.batch
        name, found = ("refresh_batch", renewal) if short else ("batch", config.batch)
        least = f"must be >= {sources}, the number of {'groups' if config.groups else 'sources'}"
        mend = "Raise it, or lower `groups`." if config.groups else "Raise it."
        raise invalid_argument(name, least, found, mend)
    if smallest < team.size:
        least = f"must give each of {team.size} processes a sample of every source"
        raise invalid_argument("batch", least, smallest, "Raise it, or use fewer processes.")
