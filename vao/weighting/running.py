"""Running means of the alignments, and their noise, from one measurement to the next."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["RunningAlignment"]

_MEMORY = 0.9
"""Share of the old in the running mean of squared changes."""

_NAMES = "mean", "last", "square"


class RunningAlignment:
    """What is known of m_ik after several measurements.

    The noise is told from how much alignments change from one measurement to the next: for
    measurements of the same thing, half the mean squared change is their variance. It costs nothing
    and holds what the alignments themselves drift by between two measurements as well. What all
    sources of a target change by together changes no weight and is left out.

    Args:
        smoothing: Share of the old in the running mean, in [0, 1).
    """

    def __init__(self, smoothing: float) -> None:
        self._smoothing = smoothing
        self._seen: dict[str, Tensor] = {}

    def add(self, alignment: Tensor, rows: range, targets: int) -> tuple[Tensor, Tensor | None]:
        """Add a measurement of some targets.

        Args:
            alignment: (rows, sources).
            rows: Which targets.
            targets: How many there are in all.

        Returns:
            The rows' running means, without bias towards where they began; and the standard
            deviation of these means (rows, sources), less what the sources of a target have in
            common; None where one was measured but once.
        """
        if not self._seen:
            zeros = alignment.new_zeros((targets, alignment.shape[1]))
            self._seen = {name: zeros.clone() for name in _NAMES}
            self._seen["count"] = alignment.new_zeros((targets, 1))
        own = slice(rows.start, rows.stop)
        seen = {name: tensor[own] for name, tensor in self._seen.items()}
        count, first = seen["count"], seen["count"] == 0.0
        change = torch.where(first, 0.0, alignment - seen["last"])
        change = change - change.mean(dim=1, keepdim=True)
        new = {
            "mean": self._smoothing * seen["mean"] + (1.0 - self._smoothing) * alignment,
            "last": alignment,
            "square": _MEMORY * seen["square"] + (1.0 - _MEMORY) * 0.5 * change.square(),
            "count": count + 1.0,
        }
        mean = new["mean"] / (1.0 - self._smoothing ** new["count"])
        noise = None
        if not bool(first.any()):
            # Changes come from the second measurement on.
            single = new["square"] / (1.0 - _MEMORY**count)
            noise = (single * _variance_left(self._smoothing, new["count"])).sqrt()
        # Last, for `count` and the other old ones are views of what is written here.
        for name, tensor in new.items():
            self._seen[name][own] = tensor
        return mean, noise

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered, for `resume`; nothing before the first measurement."""
        return {name: tensor.clone() for name, tensor in self._seen.items()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Go on as the one that gave this `state` would."""
        self._seen = {name: tensor.clone() for name, tensor in state.items()}


def _variance_left(smoothing: float, count: Tensor) -> Tensor:
    """Variance of a running mean of so many independent measurements, over that of one."""
    if smoothing == 0.0:
        return torch.ones_like(count)
    weights = (1.0 - smoothing) / (1.0 - smoothing**count)
    return weights.square() * (1.0 - smoothing ** (2.0 * count)) / (1.0 - smoothing**2)
