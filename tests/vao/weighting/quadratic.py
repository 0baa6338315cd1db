"""A quadratic risk in float64: gradients, first order and second order in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from tests.vao.weighting.samplers import GivenSampler

Vector = NDArray[np.float64]


class Centres(NamedTuple):
    """n centres (n, size), and a number for each that nothing reads."""

    centres: Tensor
    place: Tensor


class Quadratic(nn.Module):
    """Loss of sample j: 0.5 (theta - c_j)^T A (theta - c_j); its gradient is A (theta - c_j).

    Args:
        theta: (size,) where it starts; the first `trunk` numbers are the trunk, the rest a head.
        curvature: (size, size) A, symmetric; the identity if None.
        trunk: Size of the trunk.
    """

    heads = ("head",)

    def __init__(
        self, theta: ArrayLike, curvature: ArrayLike | None = None, trunk: int = 1
    ) -> None:
        super().__init__()
        start = torch.tensor(np.asarray(theta, np.float64))
        self.trunk, self.head = nn.Parameter(start[:trunk]), nn.Parameter(start[trunk:])
        square = np.eye(len(start)) if curvature is None else np.asarray(curvature, np.float64)
        self.register_buffer("curvature", torch.tensor(square))

    def theta(self) -> Tensor:
        """Where it stands, (size,)."""
        return torch.cat([self.trunk, self.head])

    def forward(self, samples: Centres) -> Tensor:
        """Losses, (n,)."""
        away = self.theta() - samples.centres
        assert isinstance(self.curvature, Tensor)
        return 0.5 * ((away @ self.curvature) * away).sum(dim=1)

    def gradient(self) -> Vector:
        """The gradient held by the parameters, (size,)."""
        assert self.trunk.grad is not None
        assert self.head.grad is not None
        return torch.cat([self.trunk.grad, self.head.grad]).numpy()


def centres(*rows: Sequence[float]) -> Centres:
    """Samples with these centres."""
    found = torch.tensor(np.array(rows, np.float64))
    return Centres(found, torch.arange(len(found)))


def mean_gradient(theta: Vector, curvature: Vector, samples: Centres) -> Vector:
    """Gradient of the mean loss: A (theta - the mean of the centres)."""
    result: Vector = curvature @ (theta - samples.centres.numpy().mean(axis=0))
    return result


def problem(
    seed: int, targets: int, counts: Sequence[int], size: int = 3
) -> tuple[Vector, Vector, GivenSampler]:
    """A start (size,), a positive definite curvature, and a sampler of random centres."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size))
    curvature = root @ root.T / size + 0.1 * np.eye(size)
    points = [[centres(*rng.normal(size=(n, size))) for n in counts] for _ in range(targets)]
    held_out = [centres(*rng.normal(size=(5, size))) for _ in range(targets)]
    return rng.normal(size=size), curvature, GivenSampler(points, held_out)
