"""Equal weights: every sample of a target counts the same."""

from __future__ import annotations

import torch
from torch import nn

from vao.weighting.protocol import Sampler, StepReport

__all__ = ["EqualWeights"]


class EqualWeights:
    """The gradient of the sum over targets of the mean loss of samples drawn from the pool.

    With one source this is training on own data; with several it is naive sharing, whose sources
    weigh in proportion to their sizes (VAO paper, sec. 3.3).
    """

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        batches = [sampler.pooled(target) for target in range(sampler.targets)]
        joined = type(batches[0])(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
        counts = [len(batch[0]) for batch in batches]
        losses = torch.stack([part.mean() for part in objective(joined).split(counts)])
        objective.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call]
        return StepReport(losses.detach())
