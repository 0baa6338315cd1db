"""Processes that train one planner together, each on its share of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

__all__ = ["SOLO", "Team", "join_team", "leave_team", "own_device"]


_PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class Team:
    """The processes of a run.

    All draw the same batches from the same seeds; each works on every `size`-th sample, and sums
    over samples become sums over processes. So a run of several processes makes the updates of a
    run of one, up to rounding, and nothing but gradients and Scores is exchanged.

    Attributes:
        rank: Place of this process, from 0; the first one scores, records and saves.
        size: Number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that scores, records and saves."""
        return self.rank == 0

    def share(self, samples: Any) -> Any:
        """Return this process's part of a named tuple of tensors."""
        if self.size == 1:
            return samples
        return type(samples)(*(tensor[self.rank :: self.size] for tensor in samples))

    def add_up(self, tensor: Tensor) -> Tensor:
        """Replace a tensor by its sum over the processes, and return it."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def add_up_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace gradients by their sums over the processes, in one exchange."""
        if self.size == 1:
            return
        held = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self.add_up(torch.cat([gradient.flatten() for gradient in held]))
        parts = torch.split(flat, [gradient.numel() for gradient in held])
        for gradient, part in zip(held, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def tell(self, numbers: list[float], device: torch.device | str) -> list[float]:
        """Return the first process's numbers to all of them; the count is the same everywhere."""
        if self.size == 1:
            return numbers
        tensor = torch.tensor(numbers, dtype=torch.float64, device=device)
        dist.broadcast(tensor, src=0)
        told: list[float] = tensor.tolist()
        return told


SOLO = Team()
"""A run of one process."""


def join_team(device: str) -> Team:
    """Join the processes that `torchrun` started, or work alone if it did not start this one.

    Args:
        device: Where this process computes; on CUDA they exchange by NCCL, else by gloo.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return SOLO
    if not dist.is_initialized():
        if device.startswith("cuda"):
            torch.cuda.set_device(own_device(device))
        # While the first process scores or chooses, the others wait.
        backend = "nccl" if device.startswith("cuda") else "gloo"
        dist.init_process_group(backend, timeout=_PATIENCE)
    return Team(dist.get_rank(), dist.get_world_size())


def own_device(device: str) -> str:
    """Return the device of this process: "cuda" means a GPU of its own to each of a team's."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device


def leave_team() -> None:
    """End the exchange with other processes, if there was one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
