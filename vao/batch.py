"""What a planner sees: batches of trajectories to learn from, and of histories to act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Batch", "History", "join"]


class Batch(NamedTuple):
    """n relabelled trajectories of T steps.

    Attributes:
        states: (n, T + 1, features) normalised, the final state included.
        actions: (n, T) standardised log multipliers.
        active: (n, T) 1 where the step counts, else 0.
        static: (n, static features).
        requirements: (n, requirements) masked for the target task.
        to_go: (n, T) return still to come at the start of each step: expected value from there to
            the end over the budget, in units of the training data's mean return.
        noise: (n, `Planner.loss_noise`) standard normals, all the chance a loss may use.
    """

    states: Tensor
    actions: Tensor
    active: Tensor
    static: Tensor
    requirements: Tensor
    to_go: Tensor
    noise: Tensor


class History(NamedTuple):
    """n seats' episodes up to the step t that is about to be played, and what is asked of them.

    Attributes:
        states: (n, t + 1, features) normalised, the present one last.
        actions: (n, t) standardised log multipliers played so far.
        static: (n, static features).
        requirements: (n, t + 1, requirements) masked, as they were asked at each step.
        to_go: (n, t + 1) return asked for, less what was achieved before each step; in the units
            of `Batch.to_go`.
        noise: (n, `Planner.action_noise`) standard normals, each seat's own for the whole episode.
    """

    states: Tensor
    actions: Tensor
    static: Tensor
    requirements: Tensor
    to_go: Tensor
    noise: Tensor

    @property
    def step(self) -> int:
        """Index t of the step about to be played."""
        return self.states.shape[1] - 1


def join(batches: Sequence[Batch]) -> Batch:
    """Put batches end to end."""
    return Batch(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
