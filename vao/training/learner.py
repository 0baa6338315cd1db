"""One model in training: its data, its networks, and one update at a time."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from torch import Tensor, nn

from vao.config import TrainingConfig
from vao.methods import Method
from vao.planners import Planner, Stage
from vao.policy import TrainedModel
from vao.scales import Scales
from vao.task_sampler import TaskSampler
from vao.team import SOLO, Team
from vao.training.averages import MovingAverage
from vao.training.objective import StageObjective
from vao.weighting import Context, DivergedError, EqualWeights, StepReport, Weighting, make

__all__ = ["Learner"]

_MEASURED = 2048
"""Trajectories that a planner may look at before a stage."""


class Learner:
    """A planner, the tasks it learns, and where its training stands.

    Args:
        tasks: Codes of the tasks it shall be asked to play.
        targets: Names of its targets, in the sampler's order; where tasks are not divided, theirs.
        sources: Names of its sources, likewise.
        scales: Its normalisers.
        planner: On the device it trains on.
        pool: Where samples come from in stages that do not share by rule.
        sampler: Where they come from in stages that do.
        config: Training settings.
        team: The processes that share the work.

    Attributes:
        stage: The stage it is in.
        stopped: Whether it was stopped early in this stage.
        best_score: Best Score so far, -inf without one.
        best_weights: The planner's state then.
    """

    def __init__(
        self,
        tasks: tuple[int, ...],
        targets: tuple[str, ...],
        sources: tuple[str, ...],
        scales: Scales,
        planner: Planner,
        pool: TaskSampler,
        sampler: TaskSampler,
        config: TrainingConfig,
        team: Team = SOLO,
    ) -> None:
        self.tasks = tasks
        self.targets, self.sources = targets, sources
        self.scales = scales
        self.planner = planner
        self.pool, self.sampler = pool, sampler
        self._config, self._team = config, team
        self.stages = planner.stages()
        self.best_score = -math.inf
        self.best_weights: dict[str, Tensor] | None = None
        self.misses = 0
        self.stopped = False

    def begin(self, stage: Stage, *, measure: bool = True) -> None:
        """Begin a stage: only its parts learn from here on.

        The best weights of an earlier stage stay candidates: they are where this one begins.

        Args:
            stage: One of the planner's.
            measure: Whether the planner looks at the data first; not if it will be resumed.
        """
        self.stage = stage
        config = self._config
        if measure:
            with torch.no_grad():
                self.planner.measure(self.pool.batch(0, _MEASURED), stage)
        self.objective = StageObjective(self.planner, stage, config.precision)
        self.parameters = [p for p in self.objective.parameters() if p.requires_grad]
        self.optimiser = torch.optim.Adam(self.parameters, lr=config.learning_rate)
        self.average = MovingAverage(self.planner, config.ema)
        self.weighting = self._weighting(stage)
        self.misses, self.stopped = 0, False

    def end(self) -> None:
        """End a stage with the best weights so far, or the moving average if it has no Scores."""
        if not self.stage.shared:
            self.planner.load_state_dict(self.average.weights(self.planner))
            self._amend_best()
        self.planner.load_state_dict(self.best_weights or self.average.weights(self.planner))

    def _amend_best(self) -> None:
        """Bring into the best weights what this stage has learned beside what was scored."""
        if self.best_weights is not None:
            learned = [n for n, p in self.planner.named_parameters() if p.requires_grad]
            state = self.planner.state_dict()
            self.best_weights |= {name: state[name].clone() for name in learned}

    def _weighting(self, stage: Stage) -> Weighting:
        if not stage.shared:
            # Small networks: each process learns from whole batches, alike in all of them.
            return EqualWeights()
        config = self._config
        context = Context(self._team, self.steps(stage), config.seed, config.device)
        return make(Method.of(config.method).weighting, context=context, **config.weighting)

    def steps(self, stage: Stage) -> int:
        """Return the updates of a stage."""
        return self._config.steps if stage.steps is None else stage.steps

    def update(self, step: int) -> StepReport:
        """Make one step, of one update or one a target, and say what happened.

        Args:
            step: Index of the step in this stage, from 0.

        Raises:
            DivergedError: If the gradient, or what its weights go by, is not finite.
        """
        source = self.sampler if self.stage.shared else self.pool
        updates = self.weighting.updates(source.targets)
        reports = []
        for update in range(step * updates, (step + 1) * updates):
            reports.append(self.weighting.accumulate(self.objective, source, update))
            self._descend(step)
            self.weighting.stepped(self.objective)
        self.average.update(self.planner)
        return StepReport.joined(reports)

    def _descend(self, step: int) -> None:
        """Step along the gradients held, clipped, at the cosine schedule's learning rate."""
        config = self._config
        norm = float(nn.utils.clip_grad_norm_(self.parameters, config.gradient_clip))
        if not math.isfinite(norm):
            raise DivergedError(
                f"The gradient is not finite at step {step} of stage {self.stage.name!r}. Lower "
                f"`learning_rate` ({config.learning_rate}) or look for extreme values in the data."
            )
        rate = config.learning_rate * self.stage.learning_rate
        for group in self.optimiser.param_groups:
            group["lr"] = rate * 0.5 * (1.0 + np.cos(np.pi * step / self.steps(self.stage)))
        self.optimiser.step()

    def snapshot(self) -> TrainedModel:
        """Return the model as it is now, or its moving average; later updates do not change it."""
        return self._with(self.average.weights(self.planner))

    def consider(self, score: float) -> bool:
        """Remember the present weights if their score is the best so far; say whether it is.

        Ends the stage for this model once `TrainingConfig.patience` Scores in a row were not.
        """
        if score > self.best_score:
            self.best_score, self.misses = score, 0
            self.best_weights = self.average.weights(self.planner)
            return True
        self.misses += 1
        self.stopped = 0 < self._config.patience <= self.misses
        return False

    def best(self) -> TrainedModel:
        """Return the model of the best Score, or the present one if none was considered."""
        return self.snapshot() if self.best_weights is None else self._with(self.best_weights)

    def _with(self, weights: dict[str, Tensor]) -> TrainedModel:
        planner = copy.deepcopy(self.planner)
        planner.load_state_dict(weights)
        return TrainedModel(self.tasks, self.scales, planner.requires_grad_(False).eval())
