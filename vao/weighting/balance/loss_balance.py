"""Base of rules that weigh targets by their losses alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vao.weighting.balance.checks import summing_to_count
from vao.weighting.finite import check_finite
from vao.weighting.gradients import accumulate, joined_means
from vao.weighting.protocol import (
    ALONE,
    Context,
    Sampler,
    Samples,
    StepReport,
    Weighting,
)

__all__ = ["LossBalance"]


class LossBalance(Weighting):
    """The gradient of sum_k w_k l_k, l_k a target's mean loss, w_k from the losses so far.

    Weights are decided on the CPU and in float64, from losses summed over the team, and scaled to
    sum to their number.
    """

    weighs = "targets"

    def __init__(self, settings: Any, context: Context = ALONE) -> None:
        self.settings = settings
        self._team = context.team
        self._seed = context.seed

    @abstractmethod
    def weigh(self, losses: Tensor, step: int) -> Tensor:
        """Return what targets weigh, (targets,) in float64; only their proportions count.

        Args:
            losses: (targets,) mean losses, float64.
            step: Index of the update.
        """

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        batches = [sampler.batch(target) for target in range(sampler.targets)]
        means = joined_means(objective, batches, self._team)
        losses = self._team.add_up(means.detach().clone())
        exact = _exact(losses)
        check_finite("losses", exact, step)
        weights = self.weigh(exact, step)
        check_finite("balance", weights, step)
        weights = summing_to_count(weights).to(means)
        accumulate(objective, (weights * means).sum(), step, self._team)
        self.drew(batches, step)
        return StepReport(losses, balance=weights)

    def drew(self, batches: Sequence[Samples], step: int) -> None:
        """Take note of the targets' batches of an update, before it is made."""
        return

    def measure(self, objective: nn.Module, batches: Sequence[Samples]) -> Tensor:
        """Return the mean losses of targets as they are now, (targets,) in float64."""
        with torch.no_grad():
            means = joined_means(objective, batches, self._team)
        return _exact(self._team.add_up(means))


def _exact(losses: Tensor) -> Tensor:
    return losses.to("cpu", torch.float64)
