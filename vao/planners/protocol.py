"""The interface of all planners: a loss a trajectory, an action a history."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from vao.batch import Batch, History

__all__ = ["Memory", "Planner", "Shape", "Stage", "mean_over_active"]

Memory = dict[str, Any]
"""What a planner keeps between the steps of an episode (a cache, say); empty at its start."""


@dataclass(frozen=True)
class Shape:
    """Sizes that follow from the data.

    Attributes:
        requirements: Size of the requirement vector, mask bits included.
        features: State features.
        static: Static features of an advertiser.
        steps: T, steps in an episode.
    """

    requirements: int
    features: int
    static: int
    steps: int


@dataclass(frozen=True)
class Stage:
    """One part of a planner's training: which loss trains which parts, for how long.

    Attributes:
        name: What it is called in records.
        loss: Name of the planner's method that maps a batch to losses, (n,).
        parts: Names of the sub-modules that learn; all others rest.
        steps: Updates; None for `TrainingConfig.steps`.
        shared: Whether the rule of sharing weights the data (and checkpoints are chosen by
            roll-outs); otherwise samples of all sources count alike.
        learning_rate: Times `TrainingConfig.learning_rate`.
    """

    name: str
    loss: str
    parts: tuple[str, ...]
    steps: int | None = None
    shared: bool = True
    learning_rate: float = 1.0


class Planner(nn.Module, ABC):
    """A policy learned from trajectories that were relabelled with what they achieved.

    A planner is a pure function of its parameters and its arguments: it draws no random numbers
    but is given them, and what it remembers within an episode lies in the `Memory` that its caller
    keeps. `tests/vao/planners/test_contract.py` holds what every planner must fulfil.

    Attributes:
        Settings: Dataclass of its settings, with defaults that work; raises on broken rules.
        settings: Its settings.
        shape: Sizes that follow from the data.
        loss_noise: Standard normals that a sample's losses need.
        action_noise: Standard normals that a seat needs for an episode.
        heads: Sub-modules that make the output; all else is the trunk that targets share.
    """

    Settings: ClassVar[type[Any]]
    settings: Any
    loss_noise: int = 0
    action_noise: int = 0
    heads: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: Any, shape: Shape) -> None:
        super().__init__()
        self.settings = settings
        self.shape = shape

    @abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages of training, in order; every parameter learns in one of them."""

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """Return what training with shared data minimises, (n,), one number >= 0 a trajectory.

        A trajectory's loss depends on no other's, and not on what follows its last active step.
        Learning rules may batch over sets of samples by `torch.func.vmap`, so it must not branch
        on values.
        """

    @abstractmethod
    def act(self, history: History, memory: Memory) -> Tensor:
        """Return standardised log multipliers for the step about to be played, (n,).

        Args:
            history: n seats; they must not influence each other.
            memory: What earlier steps of the same episode left; may be filled. A planner that is
                given the whole history and an empty memory acts the same.
        """

    def plan(self, history: History, memory: Memory) -> Tensor | None:
        """Return the next states it means to reach, (n, features); None if it plans no states.

        `memory` is as in `act`, which must not be given the same one at the same step.
        """
        return None

    def measure(self, sample: Batch, stage: Stage) -> None:
        """Take note of what a stage needs to know of the data, before its first update.

        Args:
            sample: Many trajectories of the training data, drawn from all sources alike.
            stage: The stage about to begin.
        """


def mean_over_active(errors: Tensor, active: Tensor) -> Tensor:
    """Return means over the active steps, (n,), of errors (n, T); 0 where no step is active."""
    return (errors * active).sum(dim=-1) / active.sum(dim=-1).clamp(min=1.0)
