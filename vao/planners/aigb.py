"""AIGB: a causal Transformer plans the next state from the requirements and the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from vao.batch import Batch, History
from vao.models.step_transformer import Spread, StepTransformer, check_spread, gaussian_errors
from vao.models.transformer import KeyValueCache
from vao.planners.protocol import Memory, Shape, Stage, mean_over_active
from vao.planners.settings import check_counts, check_width
from vao.planners.state_planner import StatePlanner, StatePlannerSettings

__all__ = ["Aigb", "AigbSettings"]


@dataclass(frozen=True)
class AigbSettings(StatePlannerSettings):
    """Settings of the AIGB planner.

    Attributes:
        width: Size of the hidden features.
        blocks: Transformer blocks.
        heads: Attention heads; they divide the width.
        film: Whether FiLM layers stand between the blocks.
        spread: Of the Gaussian: "constant", whose likelihood is the squared error, or "learned",
            one a step and feature.
    """

    width: int = 64
    blocks: int = 2
    heads: int = 4
    film: bool = True
    spread: Spread = "constant"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "width", "blocks", "heads")
        check_width(self.width, self.heads)
        check_spread(self.spread)


class NextState(StepTransformer):
    """Predicts the next state at every step as a Gaussian; its mean as the change."""

    def __init__(self, settings: AigbSettings, shape: Shape) -> None:
        super().__init__(
            requirements=shape.requirements,
            features=shape.features,
            static=shape.static,
            steps=shape.steps,
            outputs=shape.features,
            width=settings.width,
            blocks=settings.blocks,
            heads=settings.heads,
            film=settings.film,
            spread=settings.spread,
        )

    def forward(
        self,
        requirements: Tensor,
        states: Tensor,
        static: Tensor,
        cache: KeyValueCache | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Predict the state after each step; see `StepTransformer.forward`."""
        change, log_variance = super().forward(requirements, states, static, cache)
        return states + change, log_variance


class Aigb(StatePlanner):
    """The planner of the VAO paper (sec. 4.3, Fig. 3c), after AIGB (Guo et al., 2024).

    Its loss is the negative log-likelihood of the next state, up to a constant that makes it
    positive (with constant spread: the squared error), plus the consistency of the plan with the
    action taken: the frozen inverse dynamics are asked for the action that leads to the planned
    state, and it is compared with the true one. It acts on the mean.
    """

    Settings: ClassVar[type[AigbSettings]] = AigbSettings
    settings: AigbSettings
    heads = ("next_state.mean", "next_state.spread")

    def __init__(self, settings: AigbSettings, shape: Shape) -> None:
        super().__init__(settings, shape)
        self.next_state = NextState(settings, shape)

    def stages(self) -> tuple[Stage, ...]:
        """See `Planner.stages`."""
        return self.inverse_stage, Stage("planner", "loss", ("next_state",))

    def loss(self, batch: Batch) -> Tensor:
        """See `Planner.loss`."""
        states, next_states = batch.states[:, :-1], batch.states[:, 1:]
        mean, log_variance = self.next_state(batch.requirements.unsqueeze(1), states, batch.static)
        error = gaussian_errors(mean, log_variance, next_states).mean(dim=-1)
        if self.settings.consistency > 0.0:
            error = error + self.consistency_error(states, mean, batch.actions)
        return mean_over_active(error, batch.active)

    def plan(self, history: History, memory: Memory) -> Tensor:
        """See `StatePlanner.plan`."""
        return self.next_state.latest(history, memory)
