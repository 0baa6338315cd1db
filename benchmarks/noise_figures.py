"""From alignments drawn many times to figures of their noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from benchmarks.noise_draws import Draws
from vao.weighting.settings import VaoSettings
from vao.weighting.softmax import alignment_weights

TEMPERATURE = VaoSettings().temperature


@dataclass(frozen=True)
class Pair:
    """What is measured of a source for a target.

    Attributes:
        update: Updates before.
        target: Its name.
        source: Its name.
        samples: Trajectories of the source in a batch; 0 for all.
        held_out: Held-out trajectories of the target in a batch; 0 for all.
        alignment: Mean cosine.
        deviation: Its standard deviation over draws.
        weight: Mean weight.
        weight_deviation: Its standard deviation.
        scale: How many samples' mean gradient is as much noise as signal.
    """

    update: int
    target: str
    source: str
    samples: int
    held_out: int
    alignment: float
    deviation: float
    weight: float
    weight_deviation: float
    scale: float


@dataclass(frozen=True)
class Noise:
    """The noise of a size of batches, over all targets and sources.

    Attributes:
        update: Updates before.
        samples: Trajectories a source in a batch; 0 for all.
        held_out: Held-out trajectories in a batch; 0 for all.
        alignment: Mean cosine.
        signal: Standard deviation over sources of their mean cosines; mean over targets.
        noise: Standard deviation of a cosine over draws; root mean square.
        differences: The same of what weights are made of: cosines less the mean of their target's.
        misplaced: Share of a target's weight that lies on the wrong sources: half the sum of
            |w - w*|; mean over targets and draws.
        bias: The same of the mean weights over draws.
        moved: Share of a target's weight that moves from one draw to the next.
        another: How often another source than the truly best aligned weighs most.
    """

    update: int
    samples: int
    held_out: int
    alignment: float
    signal: float
    noise: float
    differences: float
    misplaced: float
    bias: float
    moved: float
    another: float


@dataclass(frozen=True)
class SmallSet:
    """How wrong weights stay that are measured on one small held-out set, over redrawn sets.

    Training gradients are those of all there is, so that all of the error is the set's.

    Attributes:
        update: Updates before.
        size: Trajectories in it; 0 for the dataset's own `val_align`.
        alignment: Mean cosine.
        error: Root mean square error of cosines.
        differences: The same of cosines less the mean of their target's.
        misplaced: Share of a target's weight on the wrong sources.
        another: How often another source weighs most.
    """

    update: int
    size: int
    alignment: float
    error: float
    differences: float
    misplaced: float
    another: float


def pairs(
    draws: Draws, update: int, targets: tuple[str, ...], sources: tuple[str, ...], held_out: int
) -> Iterator[Pair]:
    """Yield figures of each pair at one size of held-out batches, and the true ones."""
    for (n, v), found in draws.batches.items():
        if v != held_out and (n, v) != (0, 0):
            continue
        weights = _weights(found)
        for k, target in enumerate(targets):
            for i, source in enumerate(sources):
                m, w = found[:, k, i], weights[:, k, i]
                yield Pair(
                    update, target, source, n, v, float(m.mean()), _deviation(m), float(w.mean()),
                    _deviation(w), float(draws.scales[k, i]),
                )  # fmt: skip


def noises(draws: Draws, update: int) -> Iterator[Noise]:
    """Yield figures of each size of batches."""
    right = _weights(draws.true[None])
    for (n, v), found in draws.batches.items():
        weights = _weights(found)
        yield Noise(
            update, n, v, float(found.mean()),
            float(found.mean(dim=0).std(dim=1, correction=0).mean()), _spread(found),
            _spread(_centred(found)), misplaced(weights, right),
            misplaced(weights.mean(dim=0, keepdim=True), right), moved(weights),
            another(weights, right),
        )  # fmt: skip


def small_sets(draws: Draws, update: int) -> Iterator[SmallSet]:
    """Yield figures of each size of held-out sets."""
    true = draws.true[None]
    right = _weights(true)
    for size, found in draws.sets.items():
        weights = _weights(found)
        yield SmallSet(
            update, size, float(found.mean()), _size(found - true),
            _size(_centred(found) - _centred(true)), misplaced(weights, right),
            another(weights, right),
        )  # fmt: skip


def misplaced(weights: Tensor, right: Tensor) -> float:
    """Return the share of a target's weight on the wrong sources, mean over the rest."""
    return float(0.5 * (weights - right).abs().sum(dim=-1).mean())


def moved(weights: Tensor) -> float:
    """Return the share of a target's weight that moves from one draw to the next."""
    return misplaced(weights[1:], weights[:-1]) if len(weights) > 1 else 0.0


def another(weights: Tensor, right: Tensor) -> float:
    """Return how often another source than the right one weighs most."""
    return float((weights.argmax(dim=-1) != right.argmax(dim=-1)).double().mean())


def _weights(alignment: Tensor) -> Tensor:
    return alignment_weights(alignment.flatten(0, 1), TEMPERATURE).view(alignment.shape)


def _centred(alignment: Tensor) -> Tensor:
    return alignment - alignment.mean(dim=2, keepdim=True)


def _deviation(values: Tensor) -> float:
    return float(values.std()) if len(values) > 1 else 0.0


def _spread(alignment: Tensor) -> float:
    """Root mean square over pairs of the standard deviation over draws."""
    return _size(alignment - alignment.mean(dim=0)) if len(alignment) > 1 else 0.0


def _size(values: Tensor) -> float:
    return float(values.square().mean().sqrt())
