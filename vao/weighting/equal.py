"""Equal weights: every sample of a target counts the same."""

from __future__ import annotations

import torch
from torch import nn

from vao.team import SOLO, Team
from vao.weighting.protocol import Sampler, StepReport, trainable

__all__ = ["EqualWeights"]


class EqualWeights:
    """The gradient of the sum over targets of the mean loss of samples drawn from the pool.

    With one source this is training on own data; with several it is naive sharing, whose sources
    weigh in proportion to their sizes (VAO paper, sec. 3.3).

    Args:
        team: The processes that share the work.
    """

    def __init__(self, team: Team = SOLO) -> None:
        self._team = team

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        batches = [sampler.pooled(target) for target in range(sampler.targets)]
        totals = [len(batch[0]) for batch in batches]
        batches = [self._team.share(batch) for batch in batches]
        joined = type(batches[0])(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
        parts = objective(joined).split([len(batch[0]) for batch in batches])
        losses = torch.stack([p.sum() / total for p, total in zip(parts, totals, strict=True)])
        objective.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        self._team.add_up_gradients(trainable(objective).values())
        return StepReport(self._team.add_up(losses.detach()))

    def state(self) -> None:
        """See `Weighting.state`."""
        return

    def resume(self, state: torch.Tensor | None) -> None:
        """See `Weighting.resume`."""
