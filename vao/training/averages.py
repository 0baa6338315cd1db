"""A moving average of weights, which is smoother than the weights themselves."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["MovingAverage"]


class MovingAverage:
    """Exponential moving average of the learning parameters of a module.

    Early on it forgets faster than `decay` says, by (1 + updates) / (10 + updates), so that the
    initial weights do not linger.

    Args:
        module: Whose parameters are averaged; those that require gradients at this moment.
        decay: Share of the old in an update, in [0, 1); 0 keeps the parameters themselves.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._updates = 0
        self._names = [name for name, p in module.named_parameters() if p.requires_grad]
        held = dict(module.named_parameters())
        self._averages = {n: held[n].detach().clone() for n in self._names} if decay else {}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the parameters as they are now."""
        if not self._averages:
            return
        self._updates += 1
        share = min(self._decay, (1 + self._updates) / (10 + self._updates))
        held = dict(module.named_parameters())
        for name, average in self._averages.items():
            average.lerp_(held[name], 1.0 - share)

    def weights(self, module: nn.Module) -> dict[str, Tensor]:
        """Return a copy of the module's state, averages in place of the parameters averaged."""
        state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        return state | {name: average.clone() for name, average in self._averages.items()}

    def state(self) -> tuple[int, dict[str, Tensor]]:
        """Return the updates so far and the averages, for `resume`."""
        return self._updates, self._averages

    def resume(self, updates: int, averages: dict[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self._updates = updates
        for name, average in self._averages.items():
            average.copy_(averages[name])
