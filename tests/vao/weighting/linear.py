"""A linear regression in float64, whose gradients are known in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.vao.weighting.samplers import GivenSampler

SIZE = 4


class Points(NamedTuple):
    """n inputs (n, SIZE) and their outputs (n,)."""

    inputs: Tensor
    outputs: Tensor


class Regression(nn.Module):
    """Squared errors of a linear model, one a sample; its parameters come in two tensors."""

    heads = ("head",)

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


class FixedSampler(GivenSampler):
    """Gives the same samples at every draw: `counts[i]` points of source i for each target."""

    points: list[list[Points]]
    held_out: list[Points]

    def __init__(self, seed: int, targets: int, counts: Sequence[int]) -> None:
        rng = np.random.default_rng(seed)
        points = [[_points(rng, count) for count in counts] for _ in range(targets)]
        super().__init__(points, [_points(rng, 6) for _ in range(targets)])


def closed_form(weights: Sequence[float], points: Points) -> NDArray[np.float64]:
    """Gradient of the mean loss: mean of x (x.w - y)."""
    inputs, outputs = points.inputs.numpy(), points.outputs.numpy()
    result: NDArray[np.float64] = inputs.T @ (inputs @ np.array(weights) - outputs) / len(outputs)
    return result


def _points(rng: np.random.Generator, count: int) -> Points:
    return Points(
        torch.from_numpy(rng.normal(size=(count, SIZE))), torch.from_numpy(rng.normal(size=count))
    )
