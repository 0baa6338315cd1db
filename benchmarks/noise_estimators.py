"""How far the weights of several estimators are from those at the true cosines, in a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmarks.noise_figures import another, misplaced
from benchmarks.noise_world import World, measured_alignment
from vao.weighting.protocol import Weighting
from vao.weighting.registry import make
from vao.weighting.running import RunningAlignment
from vao.weighting.settings import VaoSettings
from vao.weighting.softmax import alignment_weights
from vao.weighting.temperature import temperatures

UNIFORM, SAMPLED = "uniform", "sampled_vao"
#: Settings of VAO beside their defaults, by what they are called.
VARIANTS: Mapping[str, VaoSettings] = {
    "vao": VaoSettings(),
    "vao, smoothing 0.9": VaoSettings(smoothing=0.9),
    "vao, refresh_batch 96, validation_batch 32": VaoSettings(
        refresh_batch=96, validation_batch=32
    ),
    "vao, both": VaoSettings(smoothing=0.9, refresh_batch=96, validation_batch=32),
    "vao, adapt noise": VaoSettings(adapt="noise"),
    "vao, adapt sources": VaoSettings(adapt="sources"),
}
#: How often each estimator is measured side by side.
REPEATS = 2


@dataclass(frozen=True)
class Estimate:
    """How good an estimator's weights are at one renewal.

    Attributes:
        rule: What it is called.
        update: Updates before.
        misplaced: Share of a target's weight on the wrong sources: half the sum of |w - w*|, with
            w* the rule's own weights of the true cosines; mean over targets and repeats.
        another: How often another source than the truly best aligned weighs most.
        moved: Share of a target's weight that moved at a renewal, mean over those since the last
            of these.
        own: Weight of a target's own source, mean over targets and repeats.
        truly: What w* gives it.
    """

    rule: str
    update: int
    misplaced: float
    another: float
    moved: float
    own: float
    truly: float


class Estimators:
    """Estimators that watch one training, and change nothing in it.

    Args:
        world: What they watch.
        samples: A target's in a step.
        repeats: How often each is there.
    """

    def __init__(self, world: World, samples: int, repeats: int = REPEATS) -> None:
        self._world, self._samples = world, samples
        self._running = {
            name: [RunningAlignment(settings.smoothing) for _ in range(repeats)]
            for name, settings in VARIANTS.items()
        }
        self._sampled: list[Weighting] = [make(SAMPLED) for _ in range(repeats)]
        self._repeats = repeats
        self._seen: dict[str, _Seen] = {}

    def renew(self) -> None:
        """Have all of them renew their weights."""
        learner = self._world.learner
        measured: dict[tuple[int, int], list[Tensor]] = {}
        for name, settings in VARIANTS.items():
            key = settings.refresh_batch or self._samples, settings.validation_batch
            if key not in measured:
                measured[key] = [measured_alignment(learner, *key) for _ in range(self._repeats)]
            self._see(
                name,
                [
                    _renewed(settings, running, alignment)
                    for running, alignment in zip(self._running[name], measured[key], strict=True)
                ],
            )
        found = []
        for rule in self._sampled:
            # Step 0 renews the weights whatever came before.
            weights = rule.accumulate(learner.objective, learner.sampler, 0).weights
            assert weights is not None
            found.append(weights.double())
        self._see(SAMPLED, found)
        self._see(UNIFORM, [torch.full_like(found[0], 1.0 / found[0].shape[1])] * len(found))

    def judge(self, update: int, true: Tensor) -> list[Estimate]:
        """Compare the weights they have now with those at the true cosines."""
        own = [self._world.learner.sampler.own(target) for target in range(len(true))]
        rows = torch.arange(len(true))
        estimates = []
        for name in (UNIFORM, *VARIANTS, SAMPLED):
            seen = self._seen[name]
            settings = VARIANTS.get(name, VaoSettings())
            right = alignment_weights(true, temperatures(settings, true, None))
            estimates.append(
                Estimate(
                    name, update, misplaced(seen.weights, right), another(seen.weights, right),
                    sum(seen.moves) / max(1, len(seen.moves)),
                    float(seen.weights[:, rows, own].mean()), float(right[rows, own].mean()),
                )
            )  # fmt: skip
            seen.moves.clear()
        return estimates

    def _see(self, name: str, weights: list[Tensor]) -> None:
        new = torch.stack(weights)
        if name in self._seen:
            self._seen[name].moves.append(misplaced(new, self._seen[name].weights))
            self._seen[name].weights = new
        else:
            self._seen[name] = _Seen(new)


@dataclass(eq=False)
class _Seen:
    """An estimator's weights, (repeats, targets, sources), and how far they moved at renewals."""

    weights: Tensor
    moves: list[float] = field(default_factory=list)


def _renewed(settings: VaoSettings, running: RunningAlignment, measured: Tensor) -> Tensor:
    """Renew weights as `ValidationAligned` does, (targets, sources)."""
    mean, noise = running.add(measured, range(len(measured)), len(measured))
    return alignment_weights(mean, temperatures(settings, mean, noise))
