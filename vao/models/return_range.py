"""Which returns can be had by whom, as the data show them, and how a planner is asked for them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vao.models.normaliser import LIMIT

__all__ = ["ReturnRange"]

_LEVELS = 101
_LEAST = 0.01


class ReturnRange(nn.Module):
    """Quantiles of the return given the static features, and the field that asks for a return.

    Returns are over the budget, in units of the data's mean. Their mean is linear in the static
    features (log budget, category); quantiles of what is left are the same for all. The field is
    the standardised logarithm of the return, of which only the scale has to be found.

    Args:
        static: Static features.
    """

    weights: Tensor
    residuals: Tensor
    scale: Tensor

    def __init__(self, static: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(static + 1))
        self.register_buffer("residuals", torch.linspace(0.5, 1.5, _LEVELS))
        self.register_buffer("scale", torch.tensor([0.0, 1.0]))

    def fit(self, static: Tensor, returns: Tensor, field: Tensor) -> None:
        """Measure them on n trajectories.

        Args:
            static: (n, static).
            returns: (n,) >= 0.
            field: (n,) the requirement vector's field of the return.
        """
        # Near 0 the field's logarithm holds an offset that is not known here.
        upper = returns >= returns.median()
        logs = returns[upper].clamp(min=_LEAST).log()[:, None]
        scale = regression(logs, field[upper, None])[:, 0]
        self.scale.copy_(scale.flip(0))
        weights = regression(static, returns[:, None])
        self.weights.copy_(weights[:, 0])
        levels = torch.linspace(0.0, 1.0, _LEVELS, dtype=returns.dtype, device=returns.device)
        self.residuals.copy_(torch.quantile(returns - self.mean(static), levels))

    def mean(self, static: Tensor) -> Tensor:
        """Mean returns, (n,), of those with static features (n, static)."""
        return static @ self.weights[:-1] + self.weights[-1]

    def quantile(self, static: Tensor, level: Tensor) -> Tensor:
        """Quantiles of the returns, (n,), at levels (n,) in [0, 1]; interpolated, > 0."""
        place = level * (_LEVELS - 1)
        below = place.floor().clamp(0.0, _LEVELS - 2.0)
        low = self.residuals[below.long()]
        high = self.residuals[below.long() + 1]
        found = self.mean(static) + low + (place - below) * (high - low)
        return found.clamp(min=_LEAST)

    def field(self, returns: Tensor) -> Tensor:
        """The field that asks for returns (n,) > 0; within +-5 as in training."""
        return (self.scale[0] + self.scale[1] * returns.log()).clamp(-LIMIT, LIMIT)


def regression(inputs: Tensor, outputs: Tensor) -> Tensor:
    """Least squares with intercept, (inputs + 1, outputs); the intercept comes last.

    A ridge of a millionth keeps it defined when inputs depend on each other, as one-hot codes do.

    Args:
        inputs: (n, inputs).
        outputs: (n, outputs).
    """
    ones = inputs.new_ones(len(inputs), 1)
    design = torch.cat([inputs, ones], dim=1)
    ridge = 1e-6 * len(inputs) * torch.eye(design.shape[1]).to(design)
    found: Tensor = torch.linalg.solve(design.T @ design + ridge, design.T @ outputs)
    return found
