"""The direct-action variant of AIGB: the Transformer predicts the action itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from vao.batch import Batch, History
from vao.models.step_transformer import Spread, StepTransformer, check_spread, gaussian_errors
from vao.planners.protocol import Memory, Planner, Shape, Stage, mean_over_active
from vao.planners.settings import check_counts, check_width

__all__ = ["Direct", "DirectSettings"]


@dataclass(frozen=True)
class DirectSettings:
    """Settings of the direct planner.

    Attributes:
        width: Size of the hidden features.
        blocks: Transformer blocks.
        heads: Attention heads; they divide the width.
        film: Whether FiLM layers stand between the blocks.
        spread: Of the Gaussian: "constant", whose likelihood is the squared error, or "learned",
            one a step.
    """

    width: int = 64
    blocks: int = 2
    heads: int = 4
    film: bool = True
    spread: Spread = "constant"

    def __post_init__(self) -> None:
        check_counts(self, "width", "blocks", "heads")
        check_width(self.width, self.heads)
        check_spread(self.spread)


class Direct(Planner):
    """AIGB's tokens and Transformer, but with the action as output and no inverse dynamics.

    Given the same requirements and past as AIGB, it imitates what bidders that achieved them did
    next. Its loss is the negative log-likelihood of the standardised log multiplier, up to a
    constant that makes it positive. It does not see past actions other than through the states,
    so it cannot merely repeat them. It acts on the mean.
    """

    Settings: ClassVar[type[DirectSettings]] = DirectSettings
    settings: DirectSettings
    heads = ("action.mean", "action.spread")

    def __init__(self, settings: DirectSettings, shape: Shape) -> None:
        super().__init__(settings, shape)
        self.action = StepTransformer(
            requirements=shape.requirements,
            features=shape.features,
            static=shape.static,
            steps=shape.steps,
            outputs=1,
            width=settings.width,
            blocks=settings.blocks,
            heads=settings.heads,
            film=settings.film,
            spread=settings.spread,
        )

    def stages(self) -> tuple[Stage, ...]:
        """See `Planner.stages`."""
        return (Stage("planner", "loss", ("action",)),)

    def loss(self, batch: Batch) -> Tensor:
        """See `Planner.loss`."""
        mean, log_variance = self.action(
            batch.requirements.unsqueeze(1), batch.states[:, :-1], batch.static
        )
        error = gaussian_errors(mean, log_variance, batch.actions.unsqueeze(-1)).squeeze(-1)
        return mean_over_active(error, batch.active)

    def act(self, history: History, memory: Memory) -> Tensor:
        """See `Planner.act`."""
        return self.action.latest(history, memory).squeeze(-1)
