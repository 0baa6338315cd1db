"""What the noise of weights is measured on: a planner in training, and data it does not see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from auctionsim.dataset import Dataset, Trajectories
from vao.batch import Batch
from vao.config import TrainingConfig, load_training_config
from vao.sharing import TRAINING_COLUMNS
from vao.task_sampler import TaskSampler
from vao.training.building import build_learners
from vao.training.learner import Learner
from vao.weighting.alignments import cosines
from vao.weighting.gradients import batch_gradients
from vao.weighting.protocol import trainable
from vao.weighting.registry import make

#: Training episodes kept back, and how many of a task's trajectories in them stand for all there
#: could be.
KEPT_BACK, TRULY = 300, 600
#: Trajectories a source that stand for all of it.
POOL = 2000
_AT_ONCE = 200


@dataclass(frozen=True, eq=False)
class World:
    """A planner that learns with equal weights.

    Attributes:
        learner: It, in the stage that shares data; its sampler's held-out data are `val_align`.
        apart: Draws from the same sources by streams of its own; its held-out data were kept back
            from the training data, and are many.
    """

    learner: Learner
    apart: TaskSampler


def world_of(
    dataset: Dataset,
    config: TrainingConfig | None = None,
    kept_back: int = KEPT_BACK,
    truly: int = TRULY,
) -> World:
    """Prepare data and planner, and train what comes before the stage that shares data.

    Args:
        dataset: With splits `train` and `val_align`.
        config: How it is trained; None for configs/training/small.yaml.
        kept_back: Episodes kept back.
        truly: Trajectories of a task in them that are used, at most.
    """
    config = load_training_config("small", method="vao") if config is None else config
    data = dataset.load("train", TRAINING_COLUMNS)
    later = data.episode >= np.unique(data.episode)[-kept_back]
    training = data.take(np.flatnonzero(~later))
    unseen = _first(data.take(np.flatnonzero(later)), truly)
    aligning = dataset.load("val_align", TRAINING_COLUMNS)
    features = dataset.card.features
    (learner,) = build_learners(training, aligning, config, features)
    other = replace(config, seed=config.seed + 1)
    (double,) = build_learners(training, unseen, other, features)
    for stage in learner.stages:
        learner.begin(stage)
        if stage.shared:
            break
        for step in range(learner.steps(stage)):
            learner.update(step)
        learner.end()
    learner.weighting = make("equal")
    return World(learner, double.sampler)


def _first(trajectories: Trajectories, most: int) -> Trajectories:
    """Return the first trajectories of each task."""
    tasks = trajectories.task
    places = [np.flatnonzero(tasks == task)[:most] for task in np.unique(tasks)]
    return trajectories.take(np.sort(np.concatenate(places)))


def mean_gradient(learner: Learner, batch: Batch) -> Tensor:
    """Return the mean gradient of many samples, (numbers,), in float64."""
    parameters = trainable(learner.objective)
    total: Tensor | None = None
    for part in _parts(batch):
        gradient = batch_gradients(learner.objective, parameters, [part])[0][0].double() * len(
            part.states
        )
        total = gradient if total is None else total + gradient
    assert total is not None
    return total / len(batch.states)


def true_alignment(world: World, pool: int = POOL) -> Tensor:
    """Return the cosines of mean gradients of very many samples, (targets, sources).

    Args:
        world: Where.
        pool: Samples a source.
    """
    apart, learner = world.apart, world.learner
    rows = []
    for target in range(apart.targets):
        batches = apart.by_source(target, pool * apart.sources)
        pairs = torch.stack([mean_gradient(learner, batch) for batch in batches])
        wanted = mean_gradient(learner, apart.validation(target))
        rows.append(cosines(pairs[None], wanted[None])[0])
    return torch.stack(rows)


def measured_alignment(learner: Learner, samples: int, held_out: int) -> Tensor:
    """Measure cosines as validation-aligned weights do, (targets, sources).

    Args:
        learner: Its sampler is drawn from.
        samples: A target's, from all sources together.
        held_out: A target's.
    """
    sampler, objective = learner.sampler, learner.objective
    parameters, targets = trainable(objective), range(sampler.targets)
    batches = [batch for target in targets for batch in sampler.by_source(target, samples)]
    pairs, _ = batch_gradients(objective, parameters, batches)
    held = [sampler.validation(target, held_out) for target in targets]
    wanted, _ = batch_gradients(objective, parameters, held)
    return cosines(pairs.view(len(targets), sampler.sources, -1), wanted).double()


def _parts(batch: Batch) -> Iterator[Batch]:
    for begin in range(0, len(batch.states), _AT_ONCE):
        yield Batch(*(tensor[begin : begin + _AT_ONCE] for tensor in batch))
