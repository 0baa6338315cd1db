"""A temporal U-Net: convolutions over the steps of a day, at several resolutions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["GROUP", "TemporalUNet", "mish"]

GROUP = 8
"""Channels that a GroupNorm takes together; widths are multiples of it."""

_FREQUENCIES, _PERIOD = 16, 1000.0
_KERNEL = 5


def mish(x: Tensor) -> Tensor:
    """x tanh(softplus(x)) (Misra, 2019), by one exponential: on a CPU half of PyTorch's own time.

    tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2), which is 1 to rounding where e = exp(20).
    """
    power = x.clamp(max=20.0).exp()
    product = power * (power + 2.0)
    return x * (product / (product + 2.0))


class _Embedding(nn.Module):
    """A two-layer perceptron with Mish."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(inputs, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        embedded: Tensor = self.outer(mish(self.inner(x)))
        return embedded


class ResidualBlock(nn.Module):
    """Two convolutions, each with GroupNorm and Mish; the embedding is added after the first."""

    def __init__(self, inputs: int, width: int, embedding: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(inputs, width, _KERNEL, padding=_KERNEL // 2)
        self.first_norm = nn.GroupNorm(width // GROUP, width)
        self.embedded = nn.Linear(embedding, width)
        self.second = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2)
        self.second_norm = nn.GroupNorm(width // GROUP, width)
        self.skip = nn.Identity() if inputs == width else nn.Conv1d(inputs, width, 1)

    def forward(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        """Transform (n, inputs, steps), given an embedding (n, embedding), to (n, width, steps)."""
        inner = mish(self.first_norm(self.first(hidden))) + self.embedded(embedding).unsqueeze(-1)
        result: Tensor = self.skip(hidden) + mish(self.second_norm(self.second(inner)))
        return result


class TemporalUNet(nn.Module):
    """The denoiser of DiffBid (Guo et al., 2024), after Diffuser (Janner et al., 2022).

    Residual blocks on the way down, one at the bottom, and on the way up, where each sees what its
    level held on the way down. Each level has half the steps of the one above, rounded up. A
    learned embedding tells the place in the day, which convolutions do not see.

    Args:
        inputs: Features of a step that go in.
        outputs: Features of a step that come out.
        condition: Size of the condition.
        steps: Steps of a path.
        width: Channels, a multiple of `GROUP`.
        depth: How often the steps are halved.
    """

    frequencies: Tensor

    def __init__(
        self, *, inputs: int, outputs: int, condition: int, steps: int, width: int, depth: int
    ) -> None:
        super().__init__()
        powers = torch.arange(_FREQUENCIES) / _FREQUENCIES
        frequencies = torch.exp(-math.log(_PERIOD) * powers)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.level = _Embedding(2 * _FREQUENCIES, width)
        self.condition = _Embedding(condition, width)
        self.enter = nn.Conv1d(inputs, width, _KERNEL, padding=_KERNEL // 2)
        self.place = nn.Parameter(0.5 * torch.randn(width, steps))
        self.down = nn.ModuleList(ResidualBlock(width, width, 2 * width) for _ in range(depth))
        self.halve = nn.ModuleList(
            nn.Conv1d(width, width, 3, stride=2, padding=1) for _ in range(depth)
        )
        self.bottom = ResidualBlock(width, width, 2 * width)
        self.up = nn.ModuleList(ResidualBlock(2 * width, width, 2 * width) for _ in range(depth))
        self.leave = nn.Conv1d(width, outputs, 1)
        # The first estimate is 0, the mean of what is standardised.
        for parameter in self.leave.parameters():
            nn.init.zeros_(parameter)

    def _embed(self, levels: Tensor, condition: Tensor) -> Tensor:
        angles = levels.unsqueeze(-1) * self.frequencies
        waves = torch.cat([angles.sin(), angles.cos()], dim=-1)
        return torch.cat([self.level(waves), self.condition(condition)], dim=-1)

    def forward(self, path: Tensor, levels: Tensor, condition: Tensor) -> Tensor:
        """Transform paths; what comes out at a step depends on all steps.

        Args:
            path: (n, steps, inputs).
            levels: (n,) levels of the noise.
            condition: (n, condition).

        Returns:
            (n, steps, outputs).
        """
        embedding = self._embed(levels, condition)
        hidden = self.enter(path.transpose(1, 2)) + self.place
        seen = []
        for block, halve in zip(self.down, self.halve, strict=True):
            hidden = block(hidden, embedding)
            seen.append(hidden)
            hidden = halve(hidden)
        hidden = self.bottom(hidden, embedding)
        for block, beside in zip(self.up, reversed(seen), strict=True):
            doubled = hidden.repeat_interleave(2, dim=-1)[..., : beside.shape[-1]]
            hidden = block(torch.cat([doubled, beside], dim=1), embedding)
        result: Tensor = self.leave(hidden).transpose(1, 2)
        return result
