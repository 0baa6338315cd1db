"""Bases of rules that weigh targets by their gradients."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from vao.weighting.balance.checks import summing_to_count
from vao.weighting.finite import check_finite
from vao.weighting.gradients import batch_gradients, set_gradients
from vao.weighting.protocol import (
    ALONE,
    Context,
    DivergedError,
    Sampler,
    StepReport,
    Weighting,
    trainable,
)

__all__ = ["GradientBalance", "GramianBalance", "cosines_of", "gramian_of"]

_BLOCK = 2**22
"""Columns of gradients made float64 at a time."""


class GradientBalance(Weighting):
    """The update sum_k w_k g_k, with w_k from the inner products of the targets' gradients g_k.

    Gradients are by all parameters that learn, and summed over the team. Weights are decided on
    the CPU and in float64.
    """

    weighs = "targets"

    def __init__(self, settings: Any, context: Context = ALONE) -> None:
        self.settings = settings
        self._team = context.team
        self._seed = context.seed

    @abstractmethod
    def weigh(self, gramian: Tensor, losses: Tensor, step: int) -> Tensor:
        """Return w_k, (targets,) in float64, on the scale of a sum: all 1 are equal weights.

        Args:
            gramian: (targets, targets) inner products of the gradients, finite, float64.
            losses: (targets,) mean losses, float64.
            step: Index of the update.
        """

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        parameters = trainable(objective)
        batches = [sampler.batch(target) for target in range(sampler.targets)]
        gradients, losses = batch_gradients(objective, parameters, batches, self._team)
        gramian = gramian_of(gradients)
        if not bool(gramian.isfinite().all()):
            raise DivergedError(
                f"The gradients of targets are not finite at step {step}. Lower `learning_rate` or "
                "look for extreme values in the training data."
            )
        weights = self.weigh(gramian, losses.to("cpu", torch.float64), step)
        check_finite("balance", weights, step)
        set_gradients(objective, weights.to(gradients) @ gradients, step)
        balance = summing_to_count(weights).to(losses)
        return StepReport(losses, balance=balance, conflicts=cosines_of(gramian).to(losses))


class GramianBalance(GradientBalance):
    """A rule without memory, which goes by inner products alone.

    No rule here depends on the gradients' common scale, so that solvers get them with a mean
    square norm of 1. A target whose gradient is 0 asks for nothing: it weighs 1, and the rule
    balances the others. (Left in, it would be all that matters to rules that care for the worst
    off, and would stop them.) A target alone has none to be balanced with.
    """

    @abstractmethod
    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return w_k, (targets,), on the scale of a sum.

        Args:
            gramian: (targets, targets) of two or more gradients, none of them 0; its diagonal
                has mean 1.
            step: Index of the update.
        """

    def weigh(self, gramian: Tensor, losses: Tensor, step: int) -> Tensor:
        """See `GradientBalance.weigh`."""
        squares = gramian.diagonal()
        some = squares > 0.0
        weights = torch.ones_like(squares)
        if int(some.sum()) > 1:
            weights[some] = self.solve(gramian[some][:, some] / squares[some].mean(), step)
        return weights


def gramian_of(gradients: Tensor) -> Tensor:
    """Inner products of gradients (targets, numbers): (targets, targets), float64 on the CPU."""
    blocks = (block.to(torch.float64) for block in torch.split(gradients, _BLOCK, dim=1))
    products = torch.stack([block @ block.T for block in blocks]).sum(dim=0).cpu()
    return 0.5 * (products + products.T)


def cosines_of(gramian: Tensor) -> Tensor:
    """Cosines of gradients from their inner products; with a gradient of 0 they are 0."""
    norms = gramian.diagonal().clamp(min=0.0).sqrt()
    products = norms[:, None] * norms
    return torch.where(products == 0.0, 0.0, gramian / products)
