"""Validation-aligned weights for many tasks: sources are drawn by weight, not all worked on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from auctionsim.errors import unknown_name
from vao.planners.settings import check_counts, check_numbers
from vao.weighting.finite import check_finite, check_gradients, finite_losses
from vao.weighting.gradients import batch_gradients, joined_means, set_gradients
from vao.weighting.moments import Moments
from vao.weighting.protocol import (
    ALONE,
    Context,
    Sampler,
    Samples,
    StepReport,
    Weighting,
    check_same_tasks,
    trainable,
)
from vao.weighting.settings import Alignment
from vao.weighting.softmax import alignment_weights
from vao.weighting.source_gradients import source_gradients
from vao.weighting.temperature import temperature_for_sources

__all__ = ["SampledVao", "SampledVaoSettings"]

_AT_ONCE = 512
"""Samples worked on at a time, to bound memory; more at a time is no faster on a CPU."""

_CHUNK = 2**24
"""Numbers in the gradients of targets held at a time (64 MiB in float32)."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "alignment": ("cosine", "inner_product"),
    "adapt": ("fixed", "sources"),
}


@dataclass(frozen=True)
class SampledVaoSettings:
    """Settings of sampled validation-aligned weighting.

    Attributes:
        temperature: lambda of the VAO paper's eq. 6.
        refresh: Updates between renewals of the weights.
        validation_batch: Held-out samples of a target and renewal; 0 takes all there are.
        alignment: "cosine" of the two gradients (app. D) or their "inner_product" (eq. 5).
        smoothing: Share of what was measured before that a renewal leaves, in [0, 1): samples
            count for some 1 / (1 - smoothing) renewals.
        exploration: Share of a renewal's samples that come from all sources alike, whatever their
            weights, in (0, 1): it keeps light sources measured.
        norm_batch: The norms in cosines are those of the gradients of so many samples a source.
        guess: How many samples it is worth that a pair is like the others of its target.
        adapt: How lambda is set: "fixed" at `temperature`, or to give every target the same
            number of effective "sources".
        effective_sources: exp of the entropy of a target's weights, for adapt "sources".

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    temperature: float = 0.1
    refresh: int = 5
    validation_batch: int = 8
    alignment: Alignment = "cosine"
    smoothing: float = 0.9
    exploration: float = 0.5
    norm_batch: int = 8
    guess: float = 8.0
    adapt: Literal["fixed", "sources"] = "fixed"
    effective_sources: float = 2.0

    def __post_init__(self) -> None:
        check_numbers(self, "temperature", "guess", above=True)
        check_counts(self, "refresh", "norm_batch")
        check_counts(self, "validation_batch", least=0)
        check_numbers(self, "smoothing", most=0.9999)
        check_numbers(self, "exploration", above=True, most=0.9999)
        check_numbers(self, "effective_sources", least=1.0)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise unknown_name(f"settings.{name}", str(getattr(self, name)), choices)


_DEFAULT = SampledVaoSettings()


class SampledVao(Weighting):
    """VAO at the cost of one batch a target, however many sources there are.

    The update of the VAO paper's eq. 9, sum_k sum_i w_ik g_ik, asks for the gradient of every
    pair of target and source. Here each of a target's n samples comes from a source drawn with
    chance w_ik, and the update is the gradient of their mean loss: the same on average.

    Every `refresh` steps a target's sources are drawn with chances q_ik between w_ik and 1 / K,
    and samples count w_ik / q_ik, which leaves the update the same on average. Gradients are then
    taken sample by sample. Their inner products with the gradient on held-out samples, and with
    each other, tell the alignments of the sources drawn; running means of these, those of all
    sources (see `Moments`). The weights that follow from them hold from the next step on: were
    this step's to depend on its samples, its update would be biased. Weights begin uniform.
    """

    Settings = SampledVaoSettings
    weighs = "sources"

    def __init__(self, settings: SampledVaoSettings = _DEFAULT, context: Context = ALONE) -> None:
        self.settings = settings
        self._team, self._device = context.team, context.device
        self._weights: Tensor | None = None
        self._moments = Moments(settings.smoothing, settings.guess)

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        check_same_tasks(self._weights, sampler)
        if self._weights is None or step % self.settings.refresh == 0:
            return self._renew(objective, sampler, step)
        chances = _chances(self._weights, 0.0)
        objective.zero_grad()
        losses = []
        waiting: list[Samples] = []
        for target in range(sampler.targets):
            waiting.append(sampler.mixed(target, chances[target])[0])
            count = sum(len(batch[0]) for batch in waiting)
            if count >= _AT_ONCE or target == sampler.targets - 1:
                means = joined_means(objective, waiting, self._team)
                means.sum().backward()  # type: ignore[no-untyped-call]
                losses.append(means.detach())
                waiting.clear()
        self._team.add_up_gradients(trainable(objective).values())
        check_gradients(objective, step)
        return StepReport(finite_losses(torch.cat(losses), self._team, step))

    def state(self) -> dict[str, Tensor]:
        """See `Weighting.state`."""
        if self._weights is None:
            return {}
        return {"weights": self._weights.clone(), **self._moments.state()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """See `Weighting.resume`."""
        kept = dict(state)
        weights = kept.pop("weights", None)
        self._weights = None if weights is None else weights.to(self._device, copy=True)
        self._moments.resume({name: t.to(self._device, copy=True) for name, t in kept.items()})

    @classmethod
    def validates(cls, settings: SampledVaoSettings) -> bool:
        """See `Weighting.validates`."""
        return True

    @classmethod
    def smallest_batch(cls, settings: SampledVaoSettings, samples: int, sources: int) -> int:
        """See `Weighting.smallest_batch`."""
        return min(samples, settings.validation_batch or samples)

    def _renew(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """Update by the weights there are, measure on the way, and renew them."""
        parameters = trainable(objective)
        shape = sampler.targets, sampler.sources
        size = sum(parameter.numel() for parameter in parameters.values())
        like = next(iter(parameters.values())).detach()
        if self._weights is None:
            self._weights = like.new_full(shape, 1.0 / sampler.sources)
        weights = self._weights
        chances = _chances(weights, self.settings.exploration)
        update, losses = like.new_zeros(size), like.new_zeros(sampler.targets)
        chunk = max(
            1, min(_CHUNK // size, _AT_ONCE // (self.settings.validation_batch or _AT_ONCE))
        )
        for begin in range(0, sampler.targets, chunk):
            targets = range(begin, min(begin + chunk, sampler.targets))
            directions = self._directions(objective, parameters, sampler, targets)
            for target, direction in zip(targets, directions, strict=True):
                samples, sources = sampler.mixed(target, chances[target])
                found = source_gradients(objective, parameters, samples, sources, self._team)
                self._moments.add(found, direction, target, shape)
                drawn = torch.from_numpy(chances[target]).to(like)[found.sources]
                counting = weights[target, found.sources] / (drawn * len(sources))
                update += counting @ found.gradients
                losses[target] = counting @ found.losses
        set_gradients(objective, update, step)
        alignment = self._alignment()
        check_finite("alignment", alignment, step)
        self._weights = alignment_weights(alignment, self._temperature(alignment))
        return StepReport(losses, alignment, self._weights)

    def _directions(
        self, objective: nn.Module, parameters: Mapping[str, Tensor], sampler: Sampler, rows: range
    ) -> Tensor:
        """Where some targets' held-out samples want to go, (rows, numbers in the parameters)."""
        size = self.settings.validation_batch or None
        batches = [sampler.validation(target, size) for target in rows]
        wanted, _ = batch_gradients(objective, parameters, batches, self._team)
        if self.settings.alignment == "inner_product":
            return wanted
        norms = wanted.norm(dim=1, keepdim=True)
        return torch.where(norms == 0.0, 0.0, wanted / norms)

    def _alignment(self) -> Tensor:
        if self.settings.alignment == "inner_product":
            return self._moments.slopes()
        return self._moments.cosines(self.settings.norm_batch)

    def _temperature(self, alignment: Tensor) -> float | Tensor:
        if self.settings.adapt == "sources":
            return temperature_for_sources(alignment, self.settings.effective_sources)
        return self.settings.temperature


def _chances(weights: Tensor, exploration: float) -> NDArray[np.float64]:
    """Chances of sources, (targets, sources), in [exploration / sources, 1]; rows sum to 1."""
    exact: NDArray[np.float64] = weights.to("cpu", torch.float64).numpy()
    mixed = (1.0 - exploration) * exact + exploration / exact.shape[1]
    result: NDArray[np.float64] = mixed / mixed.sum(axis=1, keepdims=True)
    return result
