"""Validation-aligned weights: sources count as far as their gradients point the target's way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from vao.weighting.alignments import alignments, compared_columns, cosines
from vao.weighting.finite import check_finite, finite_losses
from vao.weighting.gradients import accumulate, batch_gradients, joined_means, set_gradients
from vao.weighting.protocol import (
    ALONE,
    Context,
    Sampler,
    StepReport,
    Weighting,
    check_same_tasks,
    trainable,
)
from vao.weighting.running import RunningAlignment
from vao.weighting.settings import VaoSettings
from vao.weighting.softmax import alignment_weights
from vao.weighting.temperature import temperatures

__all__ = ["ValidationAligned"]

Parameters = Mapping[str, Tensor]

_CHUNK = 2**26
"""Numbers in the per-pair gradients held at a time (256 MiB in float32)."""

_DEFAULT = VaoSettings()


class ValidationAligned(Weighting):
    """VAO: the update is sum_k sum_i w_ik g_ik (VAO paper, algorithm 1 and eq. 9).

    g_ik is the gradient of target k's loss on source i's relabelled samples. Every `refresh` steps
    m_ik, the alignment of g_ik with the gradient on held-out samples of target k, is measured and
    w_.k = softmax(m_.k / lambda) renewed; that step's update is made of the very gradients
    measured. In between the weights rest. A gradient of 0 aligns with nothing: its cosine counts
    as 0. With one target this is algorithm 1; with `update` "per_target" each target has an update
    of its own, one after the other, as algorithm 2 is printed.
    """

    Settings = VaoSettings
    weighs = "sources"

    def __init__(self, settings: VaoSettings = _DEFAULT, context: Context = ALONE) -> None:
        self.settings = settings
        self._team, self._device = context.team, context.device
        self._weights: Tensor | None = None
        self._running = RunningAlignment(settings.smoothing)

    def updates(self, targets: int) -> int:
        """See `Weighting.updates`."""
        return targets if self.settings.update == "per_target" else 1

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        check_same_tasks(self._weights, sampler)
        targets = sampler.targets
        round_, part = divmod(step, self.updates(targets))
        rows = range(targets) if self.updates(targets) == 1 else range(part, part + 1)
        if self._weights is None or round_ % self.settings.refresh == 0:
            return self._renew(objective, sampler, rows, step)
        weights = self._weights[rows.start : rows.stop]
        batches = [batch for k in rows for batch in sampler.by_source(k)]
        means = joined_means(objective, batches, self._team)
        losses = (weights * means.view(weights.shape)).sum(dim=1)
        accumulate(objective, losses.sum(), step, self._team)
        return StepReport(finite_losses(losses, self._team, step))

    def state(self) -> dict[str, Tensor]:
        """See `Weighting.state`."""
        if self._weights is None:
            return {}
        return {"weights": self._weights.clone(), **self._running.state()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """See `Weighting.resume`."""
        kept = dict(state)
        weights = kept.pop("weights", None)
        # Copies: what is remembered here is written in place.
        self._weights = None if weights is None else weights.to(self._device, copy=True)
        self._running.resume({name: t.to(self._device, copy=True) for name, t in kept.items()})

    @classmethod
    def validates(cls, settings: VaoSettings) -> bool:
        """See `Weighting.validates`."""
        return settings.signal == "validation"

    @classmethod
    def smallest_batch(cls, settings: VaoSettings, samples: int, sources: int) -> int:
        """See `Weighting.smallest_batch`."""
        drawn = [samples, settings.refresh_batch or samples]
        return min(*(n // sources for n in drawn), settings.validation_batch or samples)

    def _renew(self, objective: nn.Module, sampler: Sampler, rows: range, step: int) -> StepReport:
        """Measure the alignment, renew the weights, and update with the gradients measured."""
        parameters = trainable(objective)
        size = sum(p.numel() for p in parameters.values())
        chunk = max(1, _CHUNK // (size * sampler.sources))
        compared = compared_columns(objective, parameters, self.settings.parameters)
        update: Tensor | None = None
        found: list[StepReport] = []
        conflicts: Tensor | None = None
        for begin in range(rows.start, rows.stop, chunk):
            targets = range(begin, min(begin + chunk, rows.stop))
            pairs, losses = self._pairs(objective, parameters, sampler, targets)
            wanted = self._wanted(objective, parameters, sampler, targets)
            measured = alignments(pairs, wanted, compared, self.settings.alignment)
            check_finite("alignment", measured, step)
            weights, noise = self._weigh(measured, targets, sampler.targets)
            part = torch.einsum("ks,ksp->p", weights, pairs)
            update = part if update is None else update + part
            weighted = (weights * losses.view(weights.shape)).sum(dim=1)
            found.append(StepReport(weighted, measured, weights, noise))
            if len(targets) == sampler.targets > 1:
                conflicts = cosines(wanted.expand(len(wanted), -1, -1), wanted)
        assert update is not None
        set_gradients(objective, update, step)
        return replace(StepReport.joined(found), conflicts=conflicts)

    def _pairs(
        self, objective: nn.Module, parameters: Parameters, sampler: Sampler, targets: range
    ) -> tuple[Tensor, Tensor]:
        """Gradients g_ik (targets, sources, numbers) and mean losses (targets x sources,)."""
        samples = self.settings.refresh_batch or None
        batches = [batch for k in targets for batch in sampler.by_source(k, samples)]
        pairs, losses = batch_gradients(objective, parameters, batches, self._team)
        return pairs.view(len(targets), sampler.sources, -1), losses

    def _wanted(
        self, objective: nn.Module, parameters: Parameters, sampler: Sampler, targets: range
    ) -> Tensor:
        """The gradients that sources shall align with, (targets, numbers)."""
        size = self.settings.validation_batch or None
        if self.settings.signal == "training":
            batches = [sampler.own_training(k, size) for k in targets]
        else:
            batches = [sampler.validation(k, size) for k in targets]
        return batch_gradients(objective, parameters, batches, self._team)[0]

    def _weigh(self, measured: Tensor, targets: range, total: int) -> tuple[Tensor, Tensor | None]:
        """New weights of some targets, and the noise of their alignments."""
        mean, noise = self._running.add(measured, targets, total)
        weights = alignment_weights(mean, temperatures(self.settings, mean, noise))
        if self._weights is None:
            sources = weights.shape[1]
            self._weights = weights.new_full((total, sources), 1.0 / sources)
        self._weights[targets.start : targets.stop] = weights
        return weights, noise
