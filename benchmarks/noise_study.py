"""One training with equal weights, and all that is measured along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from auctionsim.dataset import Dataset
from benchmarks.noise_draws import Sizes, draw
from benchmarks.noise_estimators import Estimate, Estimators
from benchmarks.noise_figures import Noise, Pair, SmallSet, noises, pairs, small_sets
from benchmarks.noise_world import World, true_alignment, world_of
from vao.weighting.settings import VaoSettings

_DEFAULT = VaoSettings()
#: The held-out batch at which pairs of target and source are shown one by one.
HELD_OUT = _DEFAULT.validation_batch


@dataclass(frozen=True)
class Plan:
    """What is measured when.

    Attributes:
        drawn: Updates after which cosines are drawn many times; the training ends with the last.
        judged: Updates after which estimators are compared with the true cosines.
        refresh: Updates between the estimators' renewals.
        samples: A target's in a step.
        sizes: What is drawn.
        pool: Trajectories a source that the true cosines are of, where nothing is drawn.
    """

    drawn: tuple[int, ...] = (0, 60, 240)
    judged: tuple[int, ...] = (0, 60, 120, 180, 240)
    refresh: int = _DEFAULT.refresh
    samples: int = 32
    sizes: Sizes = field(default_factory=Sizes)
    pool: int = 1000


PLAN = Plan()


def measure(dataset: Dataset, plan: Plan = PLAN) -> dict[str, Sequence[Any]]:
    """Train, and measure on the way; the lists of the record by name."""
    torch.set_num_threads(1)
    return follow(world_of(dataset), plan)


def follow(world: World, plan: Plan) -> dict[str, Sequence[Any]]:
    """Measure along the training of a world."""
    learner, rng = world.learner, np.random.default_rng(0)
    estimators = Estimators(world, plan.samples)
    of_pairs: list[Pair] = []
    of_sizes: list[Noise] = []
    of_sets: list[SmallSet] = []
    of_rules: list[Estimate] = []
    for update in range(max(plan.drawn) + 1):
        if update % plan.refresh == 0:
            estimators.renew()
        true = None
        if update in plan.drawn:
            found = draw(world, rng, plan.sizes)
            of_pairs += pairs(found, update, learner.targets, learner.sources, HELD_OUT)
            of_sizes += noises(found, update)
            of_sets += small_sets(found, update)
            true = found.true
        if update in plan.judged:
            true = true_alignment(world, plan.pool) if true is None else true
            of_rules += estimators.judge(update, true)
        if update < max(plan.drawn):
            learner.update(update)
    return {"pairs": of_pairs, "noises": of_sizes, "sets": of_sets, "estimates": of_rules}
