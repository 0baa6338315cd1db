"""A few numbers that a rule learns for itself."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from auctionsim.errors import invalid_argument

__all__ = ["Learned"]

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class Learned:
    """Numbers (targets,) that begin at 0 and follow gradients by Adam, in float64.

    Args:
        learning_rate: Adam's.
        weight_decay: Added to the gradients in proportion to the numbers.
    """

    def __init__(self, learning_rate: float, weight_decay: float = 0.0) -> None:
        self._learning_rate, self._weight_decay = learning_rate, weight_decay
        self._values: Tensor | None = None

    def values(self, count: int) -> Tensor:
        """Return a copy of the numbers, `count` of them."""
        return self._held(count).detach().clone()

    def descend(self, gradient: Tensor) -> None:
        """Step against a gradient, (targets,)."""
        self._held(len(gradient)).grad = gradient
        self._adam.step()

    def state(self) -> dict[str, Tensor]:
        """Return the numbers and Adam's moments, for `resume`; nothing before the first use."""
        if self._values is None:
            return {}
        moments = self._adam.state.get(self._values, {})
        kept = {name: moments[name].clone() for name in _MOMENTS if name in moments}
        return {"learned": self._values.detach().clone(), **kept}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Go on as the one that gave this `state` would; other entries are left alone."""
        if "learned" not in state:
            self._values = None
            return
        values = self._begin(state["learned"].clone())
        if "step" in state:
            self._adam.state[values] = {name: state[name].clone() for name in _MOMENTS}

    def _held(self, count: int) -> Tensor:
        if self._values is None:
            return self._begin(torch.zeros(count, dtype=torch.float64))
        if len(self._values) != count:
            rule = f"must have as many targets as before, {len(self._values)}"
            raise invalid_argument("sampler", rule, count, "Make a rule for each sampler.")
        return self._values

    def _begin(self, values: Tensor) -> Tensor:
        self._values = values.requires_grad_()
        rate, decay = self._learning_rate, self._weight_decay
        self._adam = torch.optim.Adam([self._values], lr=rate, weight_decay=decay)
        return values
