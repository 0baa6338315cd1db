"""Equal weights: every sample of a target counts the same."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from vao.weighting.finite import finite_losses
from vao.weighting.gradients import accumulate, joined_means
from vao.weighting.protocol import ALONE, Context, Sampler, StepReport, Weighting

__all__ = ["NO_SETTINGS", "EqualWeights", "NoSettings"]


@dataclass(frozen=True)
class NoSettings:
    """Settings of a rule that has none."""


NO_SETTINGS = NoSettings()


class EqualWeights(Weighting):
    """The gradient of the sum over targets of the mean loss of a target's samples.

    On each target's own data this is plain multi-task training, on pooled data naive sharing, whose
    sources weigh in proportion to their sizes (VAO paper, sec. 3.3).
    """

    Settings = NoSettings
    weighs = "nothing"

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        self._team = context.team

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        batches = [sampler.batch(target) for target in range(sampler.targets)]
        losses = joined_means(objective, batches, self._team)
        accumulate(objective, losses.sum(), step, self._team)
        return StepReport(finite_losses(losses, self._team, step))
