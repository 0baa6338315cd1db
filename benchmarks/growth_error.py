"""How far weights measured on few samples are from those that very many would give."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from auctionsim.bench.sizes import to_plain
from auctionsim.dataset import Dataset, Trajectories
from auctionsim.generate import DatasetConfig, generate_dataset
from auctionsim.market import load_market
from auctionsim.observation import FEATURES
from benchmarks.growth_work import MOST_EXACT, SAMPLES, objective_of, samples_of, small_planner
from vao.dividing import Division
from vao.scales import Scales
from vao.sharing import TRAINING_COLUMNS, Source
from vao.task_sampler import TaskSampler
from vao.training.building import shape_of
from vao.training.objective import StageObjective
from vao.weighting.protocol import trainable
from vao.weighting.registry import make
from vao.weighting.sampled import SampledVaoSettings
from vao.weighting.softmax import alignment_weights

POPULATIONS = 4
EPISODES = {"train": 30, "val_align": 20}
TASKS = (3, 8, 16, 32, 64, 128)
RENEWALS = (1, 3, 10)
SEEDS = (0, 1, 2)
#: Equal-weight updates before the weights are measured: of the inverse dynamics, of the planner.
WARM = (100, 60)
#: Samples whose gradients are taken together.
AT_ONCE = 512
_DEFAULT = SampledVaoSettings()
#: Rule and settings of what is compared, by name.
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "vao": ("vao", {}),
    "vao, smoothed": ("vao", {"smoothing": _DEFAULT.smoothing}),
    "sampled_vao": ("sampled_vao", {}),
}


@dataclass(frozen=True)
class Error:
    """How wrong a rule's weights are at fixed parameters.

    Attributes:
        rule: "uniform", "true", "vao" (each measurement alone), "vao, smoothed", "sampled_vao".
        tasks: K.
        samples: Samples a target and measurement.
        seed: Of the planner, its training so far, and the samples.
        renewals: Measurements so far.
        misplaced: Share of a target's weight that lies on the wrong sources, mean over targets:
            half the sum of |w - w*|, so K / 2 of its mean.
        correlation: Of m with m* over a target's sources, mean over targets; nan if not measured.
        reached: sum_i w_ik m*_ik, mean over targets: the alignment that the weights truly bring.
    """

    rule: str
    tasks: int
    samples: int
    seed: int
    renewals: int
    misplaced: float
    correlation: float
    reached: float


def measure(
    tasks: Sequence[int] = TASKS,
    renewals: Sequence[int] = RENEWALS,
    samples: int = SAMPLES,
    seeds: Sequence[int] = SEEDS,
) -> list[Error]:
    """Measure weights at a point of some trainings on simulated data, with rising patience."""
    torch.set_num_threads(1)
    training, held_out = simulated()
    return [
        error
        for count in tasks
        for seed in seeds
        for error in _errors(world_of(training, held_out, count, seed), renewals, samples)
    ]


def simulated(
    episodes: dict[str, int] | None = None, populations: int = POPULATIONS, market: str = "small"
) -> list[Trajectories]:
    """Play several populations of advertisers, tasks alike in number; return two splits."""
    base = load_market(market)
    shares = dict.fromkeys(base.campaigns.task_shares, 1.0)
    parts: list[list[Trajectories]] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(populations):
            path, out = Path(folder, f"{seed}.yaml"), Path(folder, str(seed))
            terms = replace(base.campaigns, seed=seed, task_shares=shares)
            path.write_text(yaml.safe_dump(to_plain(replace(base, campaigns=terms))), "utf-8")
            config = DatasetConfig(market=str(path), episodes=episodes or EPISODES, seed=seed)
            generate_dataset(config, out, workers=1, progress=False)
            data = Dataset.open(out)
            parts.append([data.load(split, TRAINING_COLUMNS) for split in EPISODES])
    return [Trajectories.concatenate(split) for split in zip(*parts, strict=True)]


@dataclass(frozen=True, eq=False)
class World:
    """Tasks made of trajectories, and a planner half trained on them."""

    objective: StageObjective
    sources: list[Source]
    held_out: list[Source]
    codes: list[int]
    seed: int = 0

    def sampler(self, samples: int) -> TaskSampler:
        """Return a sampler of so many samples a target and step."""
        rng = np.random.default_rng(self.seed)
        return TaskSampler(self.sources, self.codes, samples, rng, validation=self.held_out)


def world_of(
    training: Trajectories,
    held_out: Trajectories,
    tasks: int,
    seed: int = 0,
    warm: tuple[int, int] | None = None,
) -> World:
    """Divide trajectories into tasks, and train the planner a little with equal weights."""
    division = Division.fit(training, tasks)
    codes = [group.task for group in division.groups]
    columns = range(training.state.shape[2])
    scales = Scales.fit(training, FEATURES, columns, int(training.category.max()) + 1)
    prepared = []
    for data in (training, held_out):
        places = division.assign(data)
        own = [data.take(np.flatnonzero(places == place)) for place in range(tasks)]
        prepared.append([Source.prepare(part, scales, columns) for part in own])
    planner = small_planner(shape_of(scales), seed)
    world = World(objective_of(planner), prepared[0], prepared[1], codes, seed)
    sampler = world.sampler(SAMPLES)
    for stage, steps in zip(planner.stages(), warm or WARM, strict=True):
        objective = StageObjective(planner, stage)
        optimiser = torch.optim.Adam(trainable(objective).values(), 1e-3)
        for step in range(steps):
            optimiser.zero_grad()
            objective(sampler.batch(step % tasks)).mean().backward()
            optimiser.step()
    return world


def true_alignment(world: World) -> Tensor:
    """Cosines of the mean gradients of all of a target's held-out and a source's data, (K, K)."""
    kinds = sorted(set(world.codes))
    pairs = {kind: [_mean_gradient(world, s, kind) for s in world.sources] for kind in kinds}
    rows = []
    for kind, own in zip(world.codes, world.held_out, strict=True):
        wanted = _mean_gradient(world, own, kind)
        rows.append(torch.stack([wanted @ mean for mean in pairs[kind]]))
    return torch.stack(rows)


def _mean_gradient(world: World, source: Source, kind: int) -> Tensor:
    """Return the gradient of the mean loss of all samples, as a vector of length 1."""
    parameters = trainable(world.objective)
    world.objective.zero_grad()
    for places in np.split(np.arange(len(source)), range(AT_ONCE, len(source), AT_ONCE)):
        world.objective(source.relabelled(places, kind)).sum().backward()
    found = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters.values()]
    vector = torch.cat([gradient.flatten() for gradient in found])
    world.objective.zero_grad()
    unit: Tensor = vector / vector.norm()
    return unit


def _errors(world: World, renewals: Sequence[int], samples: int) -> Iterator[Error]:
    tasks = len(world.codes)
    true = true_alignment(world)
    right = alignment_weights(true, _DEFAULT.temperature)

    def error(name: str, drawn: int, done: int, weights: Tensor) -> Error:
        misplaced = 0.5 * float((weights - right).abs().sum(dim=1).mean())
        reached = float((weights * true).sum(dim=1).mean())
        together = math.nan
        if done:
            # Weights say what they are made of, up to what all sources of a target share.
            rows = zip(weights.double().log().numpy(), true.numpy(), strict=True)
            together = float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in rows]))
        return Error(name, tasks, drawn, world.seed, done, misplaced, together, reached)

    yield error("uniform", samples, 0, torch.full_like(true, 1.0 / tasks))
    yield error("true", samples, 0, right)
    for name, (rule, settings) in RULES.items():
        if rule == "vao" and tasks > MOST_EXACT:
            continue
        drawn = samples_of(rule, tasks, samples)
        weighting, sampler = make(rule, **settings), world.sampler(drawn)
        for done in range(1, max(renewals) + 1):
            report = weighting.accumulate(world.objective, sampler, 0)
            if done in renewals:
                assert report.weights is not None
                yield error(name, drawn, done, report.weights)
