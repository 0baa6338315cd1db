"""Planners of states: they say where to go, and the inverse dynamics which action leads there."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from vao.batch import Batch, History
from vao.models import InverseDynamics
from vao.planners.protocol import Memory, Planner, Shape, Stage, mean_over_active
from vao.planners.settings import check_counts, check_numbers

__all__ = ["StatePlanner", "StatePlannerSettings"]


@dataclass(frozen=True)
class StatePlannerSettings:
    """Settings of the inverse dynamics, common to all planners of states.

    Attributes:
        inverse_steps: Updates of the inverse dynamics, before the planner's.
        inverse_width: Size of their hidden layers.
        consistency: Weight of the consistency term in the planner's loss.
    """

    inverse_steps: int = 600
    inverse_width: int = 128
    consistency: float = 0.1

    def __post_init__(self) -> None:
        check_counts(self, "inverse_steps", least=0)
        check_counts(self, "inverse_width")
        check_numbers(self, "consistency")


class StatePlanner(Planner):
    """A planner that predicts the next state and lets the inverse dynamics find the action.

    The inverse dynamics are trained first, on all samples alike, then rest (VAO paper, sec. 4.3).
    """

    Settings: ClassVar[type[StatePlannerSettings]] = StatePlannerSettings
    settings: StatePlannerSettings

    def __init__(self, settings: StatePlannerSettings, shape: Shape) -> None:
        super().__init__(settings, shape)
        self.inverse = InverseDynamics(features=shape.features, width=settings.inverse_width)

    @property
    def inverse_stage(self) -> Stage:
        """The stage in which the inverse dynamics are trained."""
        steps = self.settings.inverse_steps
        # A small network on plain regression bears larger updates than a Transformer.
        return Stage(
            "inverse", "inverse_loss", ("inverse",), steps, shared=False, learning_rate=3.0
        )

    def inverse_loss(self, batch: Batch) -> Tensor:
        """Squared errors of the actions found for the true next states, (n,)."""
        found = self.inverse(batch.states[:, :-1], batch.states[:, 1:])
        return mean_over_active((found - batch.actions).square(), batch.active)

    def consistency_error(self, states: Tensor, planned: Tensor, actions: Tensor) -> Tensor:
        """Squared error of the action that leads to the planned state, (n, T), weighted.

        Args:
            states: (n, T, features) before the steps.
            planned: (n, T, features) planned for after them.
            actions: (n, T) true ones.
        """
        error: Tensor = (self.inverse(states, planned) - actions).square()
        return self.settings.consistency * error

    @abstractmethod
    def plan(self, history: History, memory: Memory) -> Tensor:
        """Return the next states it means to reach, (n, features)."""

    def act(self, history: History, memory: Memory) -> Tensor:
        """See `Planner.act`."""
        action: Tensor = self.inverse(history.states[:, -1], self.plan(history, memory))
        return action
