"""Validation-aligned weights: sources count as far as their gradients point the target's way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

from auctionsim.errors import invalid_argument
from vao.team import SOLO, Team
from vao.weighting.alignment import alignment_weights
from vao.weighting.protocol import DivergedError, Sampler, Samples, StepReport, trainable

__all__ = ["ValidationAligned"]

_CHUNK = 2**26
"""Numbers in the per-pair gradients held at a time (256 MiB in float32)."""


class ValidationAligned:
    """VAO for several tasks: one step on sum_k sum_i w_ik g_ik (VAO paper, eq. 9).

    g_ik is the gradient of target k's loss on source i's relabelled samples, over all trainable
    parameters. Every `refresh` steps m_ik, the cosine of g_ik with the gradient on held-out samples
    of target k, is measured and w_.k = softmax(m_.k / temperature) renewed; that step's update is
    made of the very gradients measured. In between the weights rest. A gradient of 0 aligns with
    nothing: its cosine counts as 0.

    Args:
        temperature: lambda of eq. 6, finite and > 0.
        refresh: Steps between renewals of the weights, >= 1.
        team: The processes that share the work.
    """

    def __init__(self, temperature: float, refresh: int, team: Team = SOLO) -> None:
        if refresh < 1:
            raise invalid_argument("refresh", "must be >= 1", refresh, "Try 5.")
        alignment_weights([[0.0]], temperature)
        self._temperature = temperature
        self._refresh = refresh
        self._team = team
        self._weights: Tensor | None = None

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        if self._weights is None or step % self._refresh == 0:
            return self._renew(objective, sampler, step)
        batches = [b for k in range(sampler.targets) for b in sampler.by_source(k)]
        means = self._means(objective, batches).view(sampler.targets, sampler.sources)
        losses = (self._weights * means).sum(dim=1)
        objective.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        self._team.add_up_gradients(trainable(objective).values())
        return StepReport(self._team.add_up(losses.detach()))

    def state(self) -> Tensor | None:
        """See `Weighting.state`."""
        return self._weights

    def resume(self, state: Tensor | None) -> None:
        """See `Weighting.resume`."""
        self._weights = state

    def _renew(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """Measure the alignment, renew the weights, and update with the gradients measured."""
        parameters = trainable(objective)
        size = sum(p.numel() for p in parameters.values())
        chunk = max(1, _CHUNK // (size * sampler.sources))
        update: Tensor | None = None
        rows: list[tuple[Tensor, Tensor, Tensor]] = []
        for begin in range(0, sampler.targets, chunk):
            targets = range(begin, min(begin + chunk, sampler.targets))
            batches = [batch for k in targets for batch in sampler.by_source(k)]
            pairs, losses = self._gradients(objective, parameters, batches)
            held_out = [sampler.validation(k) for k in targets]
            wanted, _ = self._gradients(objective, parameters, held_out)
            pairs = pairs.view(len(targets), sampler.sources, size)
            alignment = _cosines(pairs, wanted)
            _check_finite(alignment, step)
            weights = alignment_weights(alignment, self._temperature)
            part = torch.einsum("ks,ksp->p", weights, pairs)
            update = part if update is None else update + part
            losses = (weights * losses.view(weights.shape)).sum(dim=1)
            rows.append((losses, alignment, weights))
        assert update is not None
        losses, alignment, self._weights = (torch.cat(p) for p in zip(*rows, strict=True))
        _set_gradients(parameters, update)
        return StepReport(losses, alignment, self._weights)

    def _means(self, objective: nn.Module, batches: Sequence[Samples]) -> Tensor:
        """This process's part of the mean loss of each batch, by one pass over all of them."""
        totals = [len(batch[0]) for batch in batches]
        own = [self._team.share(batch) for batch in batches]
        joined = type(own[0])(*(torch.cat(parts) for parts in zip(*own, strict=True)))
        parts = objective(joined).split([len(batch[0]) for batch in own])
        return torch.stack([p.sum() / total for p, total in zip(parts, totals, strict=True)])

    def _gradients(
        self,
        objective: nn.Module,
        parameters: Mapping[str, Tensor],
        batches: Sequence[Samples],
    ) -> tuple[Tensor, Tensor]:
        """Gradient and value of each batch's mean loss, all batches in one vectorised pass.

        Returns:
            Gradients (batches, parameters), flattened; mean losses (batches,).
        """
        stacked, used = _stack([self._team.share(batch) for batch in batches])
        totals = torch.tensor([len(batch[0]) for batch in batches], device=used.device)

        def loss(values: dict[str, Tensor], samples: Samples, used: Tensor, n: Tensor) -> Tensor:
            losses: Tensor = functional_call(objective, values, (samples,))
            return (losses * used).sum() / n

        values = {name: parameter.detach() for name, parameter in parameters.items()}
        found, sums = vmap(grad_and_value(loss), in_dims=(None, 0, 0, 0))(
            values, stacked, used, totals
        )
        gradients = torch.cat([found[name].flatten(1) for name in parameters], dim=1)
        return self._team.add_up(gradients), self._team.add_up(sums)


def _stack(batches: Sequence[Samples]) -> tuple[Samples, Tensor]:
    """Stack batches of unlike sizes, filled up with copies of their first sample.

    Returns:
        Samples with a leading dimension of batches, and which of them count, (batches, samples).
    """
    counts = [len(batch[0]) for batch in batches]
    longest = max(counts)
    device = batches[0][0].device
    places = torch.arange(longest, device=device)
    used = places < torch.tensor(counts, device=device)[:, None]
    filled = [
        [tensor if count == longest else tensor[torch.where(row, places, 0)] for tensor in batch]
        for batch, row, count in zip(batches, used, counts, strict=True)
    ]
    stacked = type(batches[0])(*(torch.stack(parts) for parts in zip(*filled, strict=True)))
    return stacked, used


def _cosines(pairs: Tensor, wanted: Tensor) -> Tensor:
    """Cosines (targets, sources) of pairs (targets, sources, p) with wanted (targets, p)."""
    dots = torch.einsum("ksp,kp->ks", pairs, wanted)
    norms = pairs.norm(dim=2) * wanted.norm(dim=1, keepdim=True)
    return torch.where(norms == 0.0, 0.0, dots / norms)


def _check_finite(alignment: Tensor, step: int) -> None:
    if not bool(alignment.isfinite().all()):
        raise DivergedError(
            f"The alignment of gradients is not finite at step {step}. Lower `learning_rate` or "
            "look for extreme values in the training and validation data."
        )


def _set_gradients(parameters: Mapping[str, Tensor], flat: Tensor) -> None:
    parts = torch.split(flat, [parameter.numel() for parameter in parameters.values()])
    for parameter, part in zip(parameters.values(), parts, strict=True):
        parameter.grad = part.view_as(parameter)
