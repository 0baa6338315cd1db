"""What a way of weighting shared data does in a training step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from auctionsim.errors import AuctionSimError

__all__ = ["DivergedError", "Sampler", "StepReport", "Weighting", "trainable"]

Samples = Any
"""A named tuple of tensors whose first dimension counts samples; the objective's only argument."""


class DivergedError(AuctionSimError):
    """Training ran away: a loss, gradient or alignment is no longer finite."""


class Sampler(Protocol):
    """Draws the samples of a step; targets and sources are counted from 0."""

    @property
    def targets(self) -> int:
        """Number of target tasks."""

    @property
    def sources(self) -> int:
        """Number of sources."""

    def pooled(self, target: int) -> Samples:
        """Draw a target's samples from all sources together."""

    def by_source(self, target: int) -> list[Samples]:
        """Draw a target's samples, an even share from each source."""

    def validation(self, target: int) -> Samples:
        """Draw held-out samples of a target."""


@dataclass(frozen=True)
class StepReport:
    """What happened in a step.

    Attributes:
        losses: (targets,) the loss of each target, as it was weighted.
        alignment: (targets, sources) cosines m_ik, if they were measured in this step.
        weights: (targets, sources) w_ik, if they were renewed in this step.
    """

    losses: Tensor
    alignment: Tensor | None = None
    weights: Tensor | None = None


class Weighting(Protocol):
    """A rule that turns samples into the direction of an update."""

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """Draw samples and leave the update's gradient in the trainable parameters' `.grad`.

        The gradient is that of a sum over targets, each target's part being an average over its
        samples, whatever the rule; so all rules work at the same scale.

        Args:
            objective: Module that maps samples to their losses, (n,).
            sampler: Where samples come from.
            step: Index of the step, from 0.

        Raises:
            DivergedError: If the rule measures something that is not finite.
        """

    def state(self) -> Tensor | None:
        """Return what the rule remembers from step to step, for `resume`."""

    def resume(self, state: Tensor | None) -> None:
        """Go on as the rule would that gave this `state`."""


def trainable(objective: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that learn, by name."""
    return {name: p for name, p in objective.named_parameters() if p.requires_grad}
