"""A linear planner with all that the training loop must carry through, and eyes on its acting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from vao.batch import Batch, History
from vao.planners import Memory, Planner, Shape, Stage, mean_over_active

TOY = "tests.vao.toys:Toy"


@dataclass(frozen=True)
class ToySettings:
    """Settings of the toy.

    Attributes:
        warm: Updates of the first stage.
        late: Updates of the last stage, which shares data too.
        bid: Standardised log multiplier at step 0; it grows by a hundredth a step.
    """

    warm: int = 4
    late: int = 0
    bid: float = 0.0


class Toy(Planner):
    """Predicts the action from the state; noise stirs its losses, a buffer centres its states.

    Attributes:
        seen: Histories it was given to act on, when `watched`.
    """

    Settings: ClassVar[type[ToySettings]] = ToySettings
    settings: ToySettings
    loss_noise = 2
    action_noise = 5
    seen: ClassVar[list[History]] = []
    watched: ClassVar[bool] = False
    centre: Tensor

    def __init__(self, settings: ToySettings, shape: Shape) -> None:
        super().__init__(settings, shape)
        self.warm = nn.Linear(shape.features, 1)
        self.main = nn.Linear(shape.features + shape.requirements, 1)
        self.register_buffer("centre", torch.zeros(shape.features))

    def stages(self) -> tuple[Stage, ...]:
        """A stage that does not share and one that does; another that does if it has steps."""
        first = Stage("warm", "warm_loss", ("warm",), self.settings.warm, shared=False)
        main = Stage("main", "loss", ("main",))
        late = Stage("late", "loss", ("main",), self.settings.late, learning_rate=0.5)
        return (first, main, late) if self.settings.late else (first, main)

    def measure(self, sample: Batch, stage: Stage) -> None:
        """Centre states on their mean."""
        self.centre.copy_(sample.states.mean(dim=(0, 1)))

    def warm_loss(self, batch: Batch) -> Tensor:
        """Squared errors of the actions, (n,)."""
        found = self.warm(batch.states[:, :-1] - self.centre).squeeze(-1)
        errors = (found - batch.actions).square()
        return mean_over_active(errors, batch.active)

    def loss(self, batch: Batch) -> Tensor:
        """Squared errors of the actions given requirements and noise, (n,)."""
        states = batch.states[:, :-1] - self.centre
        wanted = batch.requirements.unsqueeze(1).expand(-1, states.shape[1], -1)
        found = self.main(torch.cat([states, wanted], dim=-1)).squeeze(-1)
        stirred = found + 0.3 * batch.noise.sum(dim=-1, keepdim=True)
        errors = (stirred - batch.actions - self.warm(states).squeeze(-1)).square()
        return mean_over_active(errors, batch.active)

    def act(self, history: History, memory: Memory) -> Tensor:
        """Bid as told, each seat a little more by its noise; leave a note in memory."""
        if Toy.watched:
            Toy.seen.append(History(*(part.clone() for part in history)))
        assert memory.setdefault("steps", 0) == history.step
        memory["steps"] += 1
        bid = self.settings.bid + 0.01 * history.step
        return bid + 0.1 * history.noise[:, 0]
