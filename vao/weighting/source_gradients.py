"""Gradients of every sample of a mixed batch at once, summed by source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

from vao.team import SOLO, Team
from vao.weighting.gradients import batched
from vao.weighting.protocol import Samples

__all__ = ["SourceGradients", "source_gradients"]

_CHUNK = 2**23
"""Numbers in the gradients of single samples held at a time (32 MiB in float32)."""


@dataclass(frozen=True, eq=False)
class SourceGradients:
    """What the samples of each source sum up to; sources without a sample are left out.

    Attributes:
        sources: (present,) places of the sources, ascending.
        counts: (present,) samples of each.
        gradients: (present, numbers in the parameters) sums of the samples' gradients.
        squares: (present,) sums of their squared norms.
        losses: (present,) sums of their losses.
    """

    sources: Tensor
    counts: Tensor
    gradients: Tensor
    squares: Tensor
    losses: Tensor


def source_gradients(
    objective: nn.Module,
    parameters: Mapping[str, Tensor],
    samples: Samples,
    sources: NDArray[np.int64],
    team: Team = SOLO,
) -> SourceGradients:
    """Differentiate each sample's loss, and sum up by source.

    One vectorised pass gives what a backward pass over the batch would, and the inner products
    within it, for some one and a half times its cost. A forward-mode pass along one direction
    costs as much on top of a backward pass, and gives no norms (benchmarks/growth.py).

    Args:
        objective: Maps samples to their losses, (n,).
        parameters: What to differentiate by, by name in the objective.
        samples: n samples.
        sources: (n,) the source of each.
        team: Processes that hold the same samples and share the work.
    """
    present, rows, counts = np.unique(sources, return_inverse=True, return_counts=True)
    values = {name: parameter.detach() for name, parameter in parameters.items()}
    like = next(iter(values.values()))
    own: Samples = team.share(samples)
    places = torch.from_numpy(rows[team.rank :: team.size]).to(like.device)
    size = sum(parameter.numel() for parameter in values.values())
    gradients = like.new_zeros((len(present), size))
    squares, losses = like.new_zeros(len(present)), like.new_zeros(len(present))

    def loss(values: dict[str, Tensor], sample: Samples) -> Tensor:
        single = type(sample)(*(tensor.unsqueeze(0) for tensor in sample))
        found: Tensor = functional_call(objective, values, (single,))
        return found.sum()

    chunk = max(1, _CHUNK // size)
    for begin in range(0, len(places), chunk):
        part = type(own)(*(tensor[begin : begin + chunk] for tensor in own))
        with batched():
            found, value = vmap(grad_and_value(loss), in_dims=(None, 0))(values, part)
        each = torch.cat([found[name].flatten(1) for name in values], dim=1).to(gradients)
        where = places[begin : begin + chunk]
        gradients.index_add_(0, where, each)
        squares.index_add_(0, where, each.square().sum(dim=1))
        losses.index_add_(0, where, value.to(losses))
    return SourceGradients(
        torch.from_numpy(present).to(like.device),
        torch.from_numpy(counts).to(like),
        team.add_up(gradients),
        team.add_up(squares),
        team.add_up(losses),
    )
