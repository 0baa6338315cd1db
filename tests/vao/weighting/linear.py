"""A linear regression in float64, whose gradients are known in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SIZE = 4


class Points(NamedTuple):
    """n inputs (n, SIZE) and their outputs (n,)."""

    inputs: Tensor
    outputs: Tensor


class Regression(nn.Module):
    """Squared errors of a linear model, one a sample; its parameters come in two tensors."""

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self.head = nn.Parameter(torch.tensor(weights[:1], dtype=torch.float64))
        self.rest = nn.Parameter(torch.tensor(weights[1:], dtype=torch.float64))
        self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)

    def forward(self, points: Points) -> Tensor:
        """Half the squared error of each point, (n,)."""
        fitted = points.inputs @ torch.cat([self.head, self.rest])
        return 0.5 * (fitted - points.outputs).square()

    def gradient(self) -> NDArray[np.float64]:
        """The gradient held by the parameters, (SIZE,)."""
        assert self.head.grad is not None
        assert self.rest.grad is not None
        return torch.cat([self.head.grad, self.rest.grad]).numpy()


class FixedSampler:
    """Gives the same samples at every draw: `counts[i]` points of source i for each target."""

    def __init__(self, seed: int, targets: int, counts: Sequence[int]) -> None:
        rng = np.random.default_rng(seed)
        self.targets, self.sources = targets, len(counts)
        self.points = [[_points(rng, count) for count in counts] for _ in range(targets)]
        self.held_out = [_points(rng, 6) for _ in range(targets)]

    def by_source(self, target: int) -> list[Points]:
        """The points of each source."""
        return self.points[target]

    def pooled(self, target: int) -> Points:
        """The points of all sources."""
        return Points(*(torch.cat(parts) for parts in zip(*self.points[target], strict=True)))

    def validation(self, target: int) -> Points:
        """The held-out points."""
        return self.held_out[target]


def closed_form(weights: Sequence[float], points: Points) -> NDArray[np.float64]:
    """Gradient of the mean loss: mean of x (x.w - y)."""
    inputs, outputs = points.inputs.numpy(), points.outputs.numpy()
    result: NDArray[np.float64] = inputs.T @ (inputs @ np.array(weights) - outputs) / len(outputs)
    return result


def _points(rng: np.random.Generator, count: int) -> Points:
    return Points(
        torch.from_numpy(rng.normal(size=(count, SIZE))), torch.from_numpy(rng.normal(size=count))
    )
