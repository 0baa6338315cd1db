"""GradNorm: targets that lag shall have larger gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vao.planners.settings import check_numbers
from vao.weighting.balance.checks import above_floor, check_floor
from vao.weighting.balance.gradient_balance import GradientBalance
from vao.weighting.balance.learned import Learned
from vao.weighting.protocol import ALONE, Context

__all__ = ["GradNorm", "GradNormSettings"]


@dataclass(frozen=True)
class GradNormSettings:
    """Settings of GradNorm; the defaults are the paper's.

    Attributes:
        alpha: How strongly a lagging target is pulled back to the common rate.
        learning_rate: Of the weights' logits.
        floor: What all losses exceed; it is subtracted from them.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    alpha: float = 1.5
    learning_rate: float = 0.025
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, "alpha", "learning_rate")
        check_floor(self)


_DEFAULT = GradNormSettings()


class GradNorm(GradientBalance):
    """Gradient normalisation (Chen et al., ICML 2018, eqs. 1 and 2).

    Minimises sum_k |w_k |g_k| - n_k| by Adam, with the target norms n_k held fixed:
    n_k = mean_j(w_j |g_j|) r_k^alpha, r_k the share of its first loss that is left to target k,
    over the mean of these. The weights are w = K softmax(logits), positive and with sum K; the
    paper renormalises after each step. Norms are those of the gradients by all that learns.
    """

    Settings = GradNormSettings

    def __init__(self, settings: GradNormSettings = _DEFAULT, context: Context = ALONE) -> None:
        super().__init__(settings, context)
        self._logits = Learned(settings.learning_rate)
        self._first: Tensor | None = None

    def weigh(self, gramian: Tensor, losses: Tensor, step: int) -> Tensor:
        """See `GradientBalance.weigh`."""
        losses = above_floor(losses, self.settings.floor, step)
        if self._first is None:
            self._first = losses
        norms = gramian.diagonal().clamp(min=0.0).sqrt()
        weights = len(losses) * self._logits.values(len(losses)).softmax(dim=0)
        left = losses / self._first
        rates = left / left.mean()
        wanted = (weights * norms).mean() * rates**self.settings.alpha
        by_weights = torch.sign(weights * norms - wanted) * norms
        mean = (weights * by_weights).mean()
        self._logits.descend(weights * (by_weights - mean))
        return weights

    def state(self) -> dict[str, Tensor]:
        """See `Weighting.state`."""
        first = {} if self._first is None else {"first": self._first.clone()}
        return {**first, **self._logits.state()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """See `Weighting.resume`."""
        self._first = state["first"].clone() if "first" in state else None
        self._logits.resume(state)
