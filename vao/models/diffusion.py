"""Diffusion: the schedule that mixes data with noise, and DDIM, which takes the noise out again.

At level k of K, x_k = signal_k x_0 + spread_k eps with standard normal eps, from data at level 0
to all but noise at level K (DDPM; Ho et al., 2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from auctionsim.errors import invalid_argument

__all__ = ["CosineSchedule", "Estimate", "Target", "ddim"]

Target = Literal["data", "velocity", "noise"]
"""What a network is trained to output: x_0, v = signal eps - spread x_0, or eps."""

Estimate = Callable[[Tensor, int], Tensor]
"""Maps noisy data x_k and the level k to an estimate of x_0."""

_OFFSET, _LARGEST_BETA = 0.008, 0.999


class CosineSchedule(nn.Module):
    """The cosine schedule of Nichol and Dhariwal (2021), eq. 17.

    abar_k = cos((k / K + g) / (1 + g) * pi / 2)^2, over its value at k = 0, with g = 0.008; the
    last step's beta is held to 0.999, so that a little of the data is left at level K.
    signal = sqrt(abar) and spread = sqrt(1 - abar).

    Args:
        levels: K.
    """

    signal: Tensor
    spread: Tensor

    def __init__(self, levels: int) -> None:
        super().__init__()
        angles = (torch.arange(levels + 1, dtype=torch.float64) / levels + _OFFSET) / (1 + _OFFSET)
        kept = (angles * math.pi / 2).cos().square()
        kept = kept / kept[0]
        kept[-1] = (1.0 - _LARGEST_BETA) * kept[-2]
        self.levels = levels
        self.register_buffer("signal", kept.sqrt().float(), persistent=False)
        self.register_buffer("spread", (1.0 - kept).sqrt().float(), persistent=False)

    def at(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Return signal and spread at levels (n,), both (n, 1, 1)."""
        return self.signal[levels, None, None], self.spread[levels, None, None]

    def mix(self, data: Tensor, noise: Tensor, levels: Tensor) -> Tensor:
        """Return x_k for x_0 and eps (n, steps, features) and levels k (n,)."""
        signal, spread = self.at(levels)
        return signal * data + spread * noise

    def data_from(self, output: Tensor, noisy: Tensor, levels: Tensor, target: Target) -> Tensor:
        """Estimate x_0 from a network's output.

        Args:
            output: (n, steps, features), an estimate of the target.
            noisy: x_k of the same shape.
            levels: k, (n,), from 1 on.
            target: What the output stands for.
        """
        signal, spread = self.at(levels)
        if target == "data":
            return output
        if target == "velocity":
            return signal * noisy - spread * output
        return (noisy - spread * output) / signal

    def weight(self, levels: Tensor, target: Target) -> Tensor:
        """Return what a squared error of x_0 weighs if that of the target weighs 1, (n, 1, 1)."""
        signal, spread = self.at(levels)
        if target == "data":
            return torch.ones_like(signal)
        ratio = 1.0 / spread if target == "velocity" else signal / spread
        return ratio.square()

    def visited(self, steps: int) -> list[int]:
        """Return the levels that a sampler of so many steps visits: K first, 0 last, even steps.

        Raises:
            InvalidArgumentError: Unless steps is in 1..K.
        """
        if not 1 <= steps <= self.levels:
            rule = f"must be in 1..{self.levels}, the levels of the diffusion"
            raise invalid_argument("steps", rule, steps, "Change it.")
        return [round(self.levels * left / steps) for left in range(steps, -1, -1)]


def ddim(
    estimate: Estimate,
    noise: Tensor,
    path: Tensor,
    known: Tensor,
    schedule: CosineSchedule,
    steps: int,
) -> Tensor:
    """Complete paths of which a part is known: DDIM with eta = 0 (Song et al., 2021, eq. 12).

    What is known replaces the noise before every step, and comes back as it was given.

    Args:
        estimate: Estimates x_0 from x_k, the known part in place.
        noise: (n, steps, features), where to start from: the only chance.
        path: (n, steps, features); entries that are not known are not read.
        known: Bool, broadcast against `path`.
        schedule: Of the noise.
        steps: Estimates to make.

    Returns:
        (n, steps, features).

    Raises:
        InvalidArgumentError: If there are more steps than levels, or none.
    """
    visited = schedule.visited(steps)
    current = torch.where(known, path, noise)
    for level, following in pairwise(visited):
        data = estimate(current, level)
        left = (current - schedule.signal[level] * data) / schedule.spread[level]
        moved = schedule.signal[following] * data + schedule.spread[following] * left
        current = torch.where(known, path, moved)
    return current
