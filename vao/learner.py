"""One model in training: its data, its networks, and one update at a time."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from vao.config import TrainingConfig
from vao.models import InverseDynamics
from vao.networks import new_inverse
from vao.objective import PlanningObjective
from vao.policy import TrainedModel
from vao.scales import Scales
from vao.sharing import TaskSampler
from vao.weighting import DivergedError, StepReport, Weighting

__all__ = ["DivergedError", "Learner", "fit_inverse"]


@dataclass(eq=False)
class Learner:
    """A planner, the tasks it learns, and the rule that weights its data.

    Attributes:
        tasks: Codes of its target tasks.
        scales: Its normalisers.
        objective: The planner's loss, with the frozen inverse dynamics in it.
        sampler: Where its samples come from.
        weighting: Turns samples into gradients.
        config: Training settings.
    """

    tasks: tuple[int, ...]
    scales: Scales
    objective: PlanningObjective
    sampler: TaskSampler
    weighting: Weighting
    config: TrainingConfig
    best_score: float = field(default=-math.inf, init=False)
    best_step: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._parameters = [p for p in self.objective.parameters() if p.requires_grad]
        self._optimiser = torch.optim.Adam(self._parameters, lr=self.config.learning_rate)
        self._best: dict[str, Tensor] | None = None

    def update(self, step: int) -> StepReport:
        """Make one update and say what happened.

        Raises:
            DivergedError: If the gradient, or what its weights go by, is not finite.
        """
        report = self.weighting.accumulate(self.objective, self.sampler, step)
        _descend(self._optimiser, self._parameters, step, self.config.steps, self.config)
        return report

    def model(self) -> TrainedModel:
        """Return the model as it is now; later updates change it."""
        return TrainedModel(self.tasks, self.scales, self.objective.planner, self.objective.inverse)

    def consider(self, score: float, step: int) -> bool:
        """Remember the present weights if their score is the best so far; say whether it is."""
        if score <= self.best_score:
            return False
        self.best_score, self.best_step = score, step
        self._best = copy.deepcopy(self.objective.planner.state_dict())
        return True

    def restore_best(self) -> None:
        """Go back to the best weights, if any were considered."""
        if self._best is not None:
            self.objective.planner.load_state_dict(self._best)


def fit_inverse(
    sampler: TaskSampler,
    scales: Scales,
    config: TrainingConfig,
    seed: int,
    advance: Callable[[], object] = lambda: None,
) -> tuple[InverseDynamics, float]:
    """Train inverse dynamics on the pool of a sampler, all active steps alike.

    Args:
        sampler: Where trajectories come from.
        scales: Normalisers of the model.
        config: Training settings.
        seed: Seed of the initial weights.
        advance: Called after every update.

    Returns:
        The inverse dynamics, and the mean squared error over the last tenth of the updates.
    """
    inverse = new_inverse(config, scales, seed).to(config.device)
    parameters = list(inverse.parameters())
    optimiser = torch.optim.Adam(parameters, lr=config.learning_rate)
    errors = []
    for step in range(config.inverse_steps):
        batch = sampler.pooled(0)
        inferred = inverse(batch.states[:, :-1], batch.states[:, 1:])
        squares = (inferred - batch.actions).square() * batch.active
        loss = squares.sum() / batch.active.sum().clamp(min=1.0)
        optimiser.zero_grad()
        loss.backward()
        _descend(optimiser, parameters, step, config.inverse_steps, config)
        errors.append(loss.detach())
        advance()
    last = torch.stack(errors[-max(1, len(errors) // 10) :])
    return inverse, float(last.mean())


def _descend(
    optimiser: torch.optim.Optimizer,
    parameters: Iterable[nn.Parameter],
    step: int,
    steps: int,
    config: TrainingConfig,
) -> None:
    """Step along the gradients held, clipped, at the cosine schedule's learning rate."""
    norm = nn.utils.clip_grad_norm_(parameters, config.gradient_clip)
    if not math.isfinite(norm):
        raise DivergedError(
            f"The gradient is not finite at step {step}. Lower `learning_rate` "
            f"({config.learning_rate}) or look for extreme values in the data."
        )
    for group in optimiser.param_groups:
        group["lr"] = config.learning_rate * 0.5 * (1.0 + np.cos(np.pi * step / steps))
    optimiser.step()
