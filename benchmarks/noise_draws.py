"""Alignments drawn many times over at fixed parameters, from gradients taken once a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from benchmarks.noise_world import POOL, World, mean_gradient
from vao.batch import Batch
from vao.training.learner import Learner
from vao.weighting.protocol import trainable
from vao.weighting.source_gradients import source_gradients

#: Trajectories a source, and held out; 0 is all there are.
SAMPLES, HELD_OUT = (4, 11, 32, 128, 0), (2, 8, 32, 0)
#: Sizes of small held-out sets; 0 is the dataset's own `val_align`.
SET_SIZES = (1, 2, 5, 10, 20, 60, 0)
DRAWS = 100
ALL = 0


@dataclass(frozen=True)
class Sizes:
    """What is drawn.

    Attributes:
        samples: Trajectories a source in a batch, n / K.
        held_out: Held-out trajectories in a batch.
        sets: Trajectories in a held-out set.
        draws: How often.
        pool: Trajectories that stand for a source.
    """

    samples: tuple[int, ...] = SAMPLES
    held_out: tuple[int, ...] = HELD_OUT
    sets: tuple[int, ...] = SET_SIZES
    draws: int = DRAWS
    pool: int = POOL


@dataclass(frozen=True, eq=False)
class Draws:
    """Cosines at one point of a training.

    Attributes:
        true: (targets, sources) of mean gradients over all there is.
        batches: By samples and held-out samples, (draws, targets, sources).
        sets: By size of a held-out set, (draws, targets, sources), with the sources' mean
            gradients over all there is; one draw of `val_align`.
        scales: (targets, sources) how many samples' mean gradient is as much noise as signal: the
            gradients' variance over their squared mean.
        held_out_scales: (targets,) the same of held-out samples.
    """

    true: Tensor
    batches: Mapping[tuple[int, int], Tensor]
    sets: Mapping[int, Tensor]
    scales: Tensor
    held_out_scales: Tensor


def draw(world: World, rng: np.random.Generator, sizes: Sizes) -> Draws:
    """Draw cosines at the planner's present parameters."""
    learner, apart = world.learner, world.apart
    rows: list[list[_Cosines]] = []
    held_out_scales = []
    for target in range(apart.targets):
        held = sample_gradients(learner, apart.validation(target))
        wanted = _means(held, sizes.held_out, sizes.draws, rng)
        sets = _sets(held, [size for size in sizes.sets if size], sizes.draws, rng)
        if ALL in sizes.sets:
            own = mean_gradient(learner, learner.sampler.validation(target))
            sets[ALL] = own.to(held)[None]
        held_out_scales.append(_scale(held))
        rows.append([])
        for batch in apart.by_source(target, sizes.pool * apart.sources):
            gradients = sample_gradients(learner, batch)
            rows[-1].append(_cosines(gradients, wanted, sets, sizes, rng))
    return Draws(
        _table([[cell.batches[ALL, ALL] for cell in row] for row in rows])[0],
        {
            key: _table([[c.batches[key] for c in row] for row in rows])
            for key in rows[0][0].batches
        },
        {size: _table([[c.sets[size] for c in row] for row in rows]) for size in rows[0][0].sets},
        torch.tensor([[cell.scale for cell in row] for row in rows], dtype=torch.float64),
        torch.tensor(held_out_scales, dtype=torch.float64),
    )


@dataclass(frozen=True, eq=False)
class _Cosines:
    """Those of a pair of target and source, (draws,)."""

    batches: dict[tuple[int, int], Tensor]
    sets: dict[int, Tensor]
    scale: float


def sample_gradients(learner: Learner, batch: Batch) -> Tensor:
    """Return the gradient of every sample's loss, (samples, numbers)."""
    places = np.arange(len(batch.states))
    objective = learner.objective
    return source_gradients(objective, trainable(objective), batch, places).gradients


def _table(rows: Sequence[Sequence[Tensor]]) -> Tensor:
    """Return (draws, targets, sources) from rows of (draws,)."""
    return torch.stack([torch.stack(list(row), dim=1) for row in rows], dim=1)


def _cosines(
    gradients: Tensor,
    wanted: Mapping[int, Tensor],
    sets: Mapping[int, Tensor],
    sizes: Sizes,
    rng: np.random.Generator,
) -> _Cosines:
    found = _means(gradients, sizes.samples, sizes.draws, rng)
    whole = found.get(ALL, _means(gradients, (ALL,), 1, rng)[ALL])
    return _Cosines(
        {(n, v): _cosine(a, b) for n, a in found.items() for v, b in wanted.items()},
        {size: _cosine(whole, several) for size, several in sets.items()},
        _scale(gradients),
    )


def _cosine(some: Tensor, others: Tensor) -> Tensor:
    """Cosines of gradients (draws or 1, numbers), in float64."""
    return torch.cosine_similarity(some, others, dim=1, eps=1e-30).double()


def _means(
    gradients: Tensor, sizes: Sequence[int], draws: int, rng: np.random.Generator
) -> dict[int, Tensor]:
    """Mean gradients of samples drawn with replacement, by how many, (draws, numbers)."""
    some = [size for size in sizes if size != ALL]
    places = rng.integers(len(gradients), size=(draws, max(some, default=0)))
    found = _nested(gradients, some, places)
    if ALL in sizes:
        found[ALL] = gradients.mean(dim=0, keepdim=True)
    return found


def _sets(
    gradients: Tensor, sizes: Sequence[int], draws: int, rng: np.random.Generator
) -> dict[int, Tensor]:
    """Mean gradients of sets without repetitions, by their size, (draws, numbers)."""
    orders = np.stack([rng.permutation(len(gradients)) for _ in range(draws)])
    return _nested(gradients, sizes, orders)


def _nested(
    gradients: Tensor, sizes: Sequence[int], places: NDArray[np.int64]
) -> dict[int, Tensor]:
    """Mean gradients of the first samples of each draw, by how many: each holds the smaller ones.

    Args:
        gradients: (samples, numbers).
        sizes: How many.
        places: (draws, at least the largest size).
    """
    found: dict[int, Tensor] = {}
    total, done = gradients.new_zeros(()), 0
    for size in sorted(sizes):
        more = torch.from_numpy(np.ascontiguousarray(places[:, done:size]))
        total, done = total + embedding_bag(more, gradients, mode="sum"), size
        found[size] = total / size
    return found


def _scale(gradients: Tensor) -> float:
    """Return the variance of samples' gradients over their squared mean."""
    mean = float(gradients.mean(dim=0).square().sum())
    return float(gradients.square().sum(dim=1).mean()) / mean - 1.0
