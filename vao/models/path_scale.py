"""The scale of paths as seen from the present: how far states move in so many steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["PathScale"]

_ENOUGH = 30.0
_LEAST = 0.05


class PathScale(nn.Module):
    """Standardises the change of a state since the present, by the steps that lie between.

    A state 40 steps ahead may be anywhere, the next one is near: in units of the states
    themselves, noise would hide the next state, which decides the action, long after the far ones
    are plain. Changes since the first step have scales of their own, as many features summarise
    the past, of which there is none yet. Steps up to the present keep their change as it is.

    Args:
        features: State features.
        steps: T, steps in an episode; paths have T + 1 states.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, steps: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2, steps + 1, features))
        self.register_buffer("deviation", torch.ones(2, steps + 1, features))

    @torch.no_grad()
    def fit(self, states: Tensor, active: Tensor) -> None:
        """Measure changes up to the states that end an active step.

        Where there are too few, those over one step less are taken.

        Args:
            states: (n, T + 1, features) normalised.
            active: (n, T) 1 where the step counts, else 0.
        """
        length = states.shape[1]
        for first in (0, 1):
            for lag in range(1, length):
                begin = slice(0, 1) if first else slice(1, max(1, length - lag))
                before = states[:, begin]
                after = states[:, lag:][:, begin]
                weight = active[:, lag - 1 :][:, begin].unsqueeze(-1)
                count = weight.sum()
                if count < _ENOUGH:
                    self.mean[first, lag] = self.mean[first, lag - 1]
                    self.deviation[first, lag] = self.deviation[first, lag - 1]
                    continue
                change = after - before
                mean = (weight * change).sum((0, 1)) / count
                square = (weight * (change - mean).square()).sum((0, 1)) / count
                self.mean[first, lag] = mean
                self.deviation[first, lag] = square.sqrt().clamp(min=_LEAST)

    def at(self, states: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return what to subtract from states, and to divide by, both (n, T + 1, features).

        Args:
            states: (n, T + 1, features), read at the present only.
            present: (n,) its index.
        """
        place = present[:, None, None].expand(-1, 1, states.shape[-1])
        first = (present == 0).long().unsqueeze(-1)
        steps = torch.arange(states.shape[1], device=states.device)
        lag = (steps - present.unsqueeze(-1)).clamp(min=0)
        return states.gather(1, place) + self.mean[first, lag], self.deviation[first, lag]
