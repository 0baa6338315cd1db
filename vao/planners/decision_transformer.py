"""The Decision Transformer, conditioned on the return to go and on the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from vao.batch import Batch, History
from vao.models.transformer import CausalTransformer, KeyValueCache
from vao.planners.protocol import Memory, Planner, Shape, Stage, mean_over_active
from vao.planners.settings import check_counts, check_width

__all__ = ["DecisionTransformer", "DecisionTransformerSettings"]

_STEP = 3
"""Tokens a step: condition, state, action."""


@dataclass(frozen=True)
class DecisionTransformerSettings:
    """Settings of the Decision Transformer.

    Attributes:
        width: Size of the hidden features.
        blocks: Transformer blocks.
        heads: Attention heads; they divide the width.
    """

    width: int = 64
    blocks: int = 2
    heads: int = 4

    def __post_init__(self) -> None:
        check_counts(self, "width", "blocks", "heads")
        check_width(self.width, self.heads)


class ActionSequence(nn.Module):
    """Predicts the action of every step from all tokens up to that step's state.

    A step has three tokens: return to go with the requirements, state with the static features,
    and action; a learned embedding tells the step.
    """

    def __init__(self, settings: DecisionTransformerSettings, shape: Shape) -> None:
        super().__init__()
        width = settings.width
        self.steps = shape.steps
        self.condition = nn.Linear(1 + shape.requirements, width)
        self.state = nn.Linear(shape.features + shape.static, width)
        self.action = nn.Linear(1, width)
        self.time = nn.Parameter(0.02 * torch.randn(shape.steps, width))
        self.transformer = CausalTransformer(
            requirements=0, width=width, blocks=settings.blocks, heads=settings.heads
        )
        self.head = nn.Linear(width, 1)

    def forward(self, batch: Batch) -> Tensor:
        """Predict the actions of whole trajectories, (n, T)."""
        tokens = self._tokens(
            batch.to_go,
            batch.requirements.unsqueeze(1),
            batch.states[:, :-1],
            batch.static,
            batch.actions,
            0,
        )
        hidden = self.transformer(tokens, batch.requirements.unsqueeze(1))
        actions: Tensor = self.head(hidden[:, 1::_STEP]).squeeze(-1)
        return actions

    def latest(self, history: History, memory: Memory) -> Tensor:
        """Predict the action of the step about to be played, (n,).

        The memory holds what is known of all tokens seen so far. The action of a step becomes
        known, and with it its token, once it is played: at the step after.
        """
        if "cache" not in memory:
            samples, most = len(history.states), _STEP * self.steps
            memory["cache"] = self.transformer.new_cache(samples, most, history.states)
        cache: KeyValueCache = memory["cache"]
        first, seen = divmod(cache.length, _STEP)
        tokens = self._tokens(
            history.to_go[:, first:],
            history.requirements[:, first:],
            history.states[:, first:],
            history.static,
            pad(history.actions[:, first:], (0, 1)),
            first,
        )
        hidden = self.transformer(tokens[:, seen:-1], history.requirements[:, -1:], cache)
        action: Tensor = self.head(hidden[:, -1]).squeeze(-1)
        return action

    def _tokens(
        self,
        to_go: Tensor,
        requirements: Tensor,
        states: Tensor,
        static: Tensor,
        actions: Tensor,
        first: int,
    ) -> Tensor:
        """Return the tokens of t steps from `first` on, (n, 3 t, width)."""
        samples, steps, _ = states.shape
        known, fixed = (
            part.expand(samples, steps, part.shape[-1])
            for part in (requirements, static.unsqueeze(1))
        )
        kinds = (
            self.condition(torch.cat([to_go.unsqueeze(-1), known], dim=-1)),
            self.state(torch.cat([states, fixed], dim=-1)),
            self.action(actions.unsqueeze(-1)),
        )
        time = self.time[first : first + steps]
        return torch.stack([kind + time for kind in kinds], dim=2).flatten(1, 2)


class DecisionTransformer(Planner):
    """Chen et al. (2021), with constraints: it models actions given what is still to come.

    Beside the return to go, the condition has the requirements, those on cost included, as asked
    at each step. A token attends to all earlier ones of the day: at 48 steps a shorter context
    saves little, and the keys and values kept while acting would no longer be those of training.
    Its loss is the squared error of the standardised log multiplier. At acting, the return to go
    falls by what is achieved, and past actions enter as they were played.
    """

    Settings: ClassVar[type[DecisionTransformerSettings]] = DecisionTransformerSettings
    settings: DecisionTransformerSettings
    heads = ("sequence.head",)

    def __init__(self, settings: DecisionTransformerSettings, shape: Shape) -> None:
        super().__init__(settings, shape)
        self.sequence = ActionSequence(settings, shape)

    def stages(self) -> tuple[Stage, ...]:
        """See `Planner.stages`."""
        return (Stage("planner", "loss", ("sequence",)),)

    def loss(self, batch: Batch) -> Tensor:
        """See `Planner.loss`."""
        error: Tensor = (self.sequence(batch) - batch.actions).square()
        return mean_over_active(error, batch.active)

    def act(self, history: History, memory: Memory) -> Tensor:
        """See `Planner.act`."""
        return self.sequence.latest(history, memory)
