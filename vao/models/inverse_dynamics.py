"""The inverse dynamics: which action led from one state to the next."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["InverseDynamics"]


class InverseDynamics(nn.Module):
    """A three-layer perceptron on (s_t, s_{t+1}) that gives the standardised log multiplier a_t.

    Args:
        features: State features.
        width: Size of the two hidden layers.
    """

    def __init__(self, *, features: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * features, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 1),
        )

    def forward(self, state: Tensor, next_state: Tensor) -> Tensor:
        """Infer actions (...,) from normalised states (..., features) before and after."""
        action: Tensor = self.layers(torch.cat([state, next_state], dim=-1)).squeeze(-1)
        return action
