"""A trained planner as a bidder like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auctionsim.bidding import BatchBidder, Observation
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.observation import FEATURES
from auctionsim.tasks import TASKS
from vao.conditions import requirement_vector
from vao.config import TrainingConfig
from vao.models import InverseDynamics, Planner
from vao.request import Request
from vao.scales import Scales, feature_columns
from vao.tensors import owned_tensor

__all__ = ["PlannerBidder", "TrainedModel"]


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A planner with all it needs to act.

    Attributes:
        tasks: Codes of the tasks it plays.
        scales: Its normalisers.
        planner: Predicts the next state.
        inverse: Finds the action that leads there.
    """

    tasks: tuple[int, ...]
    scales: Scales
    planner: Planner
    inverse: InverseDynamics


class PlannerBidder(BatchBidder):
    """Plays any number of seats with trained planners, each seat with its task's.

    At every step the planner predicts the next state from the requirements and the states so far,
    and the inverse dynamics give the multiplier that leads there, within the range of its training
    data. Seats do not see each other; the past is forgotten at `reset`. A seat that does not take
    part in a step gets the multiplier 0.

    Args:
        models: Trained models; no task may be played by two.
        requests: What to ask for, by task name.
        config: Settings the models were trained with.
        device: Where to compute.
    """

    def __init__(
        self,
        models: Sequence[TrainedModel],
        requests: Mapping[str, Request],
        config: TrainingConfig,
        device: torch.device | str = "cpu",
    ) -> None:
        tasks = sorted(task for model in models for task in model.tasks)
        names = [TASKS[task] for task in tasks]
        if not models or len(set(tasks)) < len(tasks):
            raise invalid_argument("models", "must share out the tasks", names, "One model a task.")
        if set(requests) != set(names):
            raise invalid_argument(
                "requests", f"must be given for {', '.join(names)}", list(requests), "Give those."
            )
        self.models = tuple(models)
        self.requests = dict(requests)
        self.config = config
        self.tasks: tuple[str, ...] = tuple(names)
        self.device = torch.device(device)
        self._seatings: list[_Seating] = []
        self._next_step = 0

    def asking(self, requests: Mapping[str, Request]) -> PlannerBidder:
        """Return a bidder with the same models that asks for something else."""
        return PlannerBidder(self.models, requests, self.config, self.device)

    def reset(self, campaigns: Campaigns) -> None:
        """Begin an episode on these seats; forget everything of the last one.

        Raises:
            InvalidArgumentError: If a campaign's task was not trained for, it lacks its target, or
                the episode has another number of steps than the training data.
        """
        super().reset(campaigns)
        unknown = sorted({TASKS[task] for task in campaigns.task} - set(self.tasks))
        if unknown:
            raise invalid_argument(
                "campaigns.task",
                f"must be a task the planner was trained for ({', '.join(self.tasks)})",
                unknown[0],
                "Train on data of this task.",
            )
        requests = {TASKS.index(name): request for name, request in self.requests.items()}
        seats = [np.flatnonzero(np.isin(campaigns.task, model.tasks)) for model in self.models]
        self._seatings = [
            _Seating(model, mine, campaigns.take(mine), requests, self.device)
            for model, mine in zip(self.models, seats, strict=True)
            if len(mine)
        ]
        self._next_step = 0

    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Return this step's multipliers, shape (seats,).

        Raises:
            InvalidArgumentError: If steps are not played in order from 0 after `reset`.
            InvalidDataError: If the features of a seat that takes part are not finite.
        """
        if observation.step != self._next_step:
            raise invalid_argument(
                "observation.step",
                f"must be {self._next_step}, the step after the last one played",
                observation.step,
                "Call reset() before every episode and act() once a step.",
            )
        features, active = observation.features, observation.active
        if features.shape != (len(active), len(FEATURES)):
            raise invalid_data(
                "observation.features",
                f"must have shape (seats, {len(FEATURES)})",
                features.shape,
                "Pass the features of auctionsim.observation.",
            )
        if not np.isfinite(features[active]).all():
            raise invalid_data("observation.features", "must be finite", "nan or inf", "Mend them.")
        self._next_step += 1
        multipliers = np.zeros(len(active))
        for seating in self._seatings:
            multipliers[seating.seats] = seating.act(observation.step, features[seating.seats])
        return np.where(active, multipliers, 0.0)


class _Seating:
    """One model and the seats it plays in an episode."""

    def __init__(
        self,
        model: TrainedModel,
        seats: NDArray[np.int64],
        campaigns: Campaigns,
        requests: Mapping[int, Request],
        device: torch.device,
    ) -> None:
        scales = model.scales
        if campaigns.steps != scales.steps:
            raise invalid_argument(
                "campaigns.steps", f"must be {scales.steps}", campaigns.steps, "Train with these."
            )
        self.seats = seats
        self._model = model
        self._columns = feature_columns(scales.states.features, FEATURES)
        values, visible = scales.requirements.asked(campaigns, requests)
        known = torch.ones(values.shape, dtype=torch.bool)
        vector = requirement_vector(owned_tensor(values), known, owned_tensor(visible))
        static = scales.static(campaigns.category, campaigns.budget)
        self._requirements = vector.to(device)
        self._static = owned_tensor(static, device)
        shape = (len(seats), scales.steps, len(self._columns))
        self._states = torch.zeros(shape, device=device)

    @torch.inference_mode()
    def act(self, step: int, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take in the seats' features at a step, and return their multipliers."""
        model = self._model
        states = np.nan_to_num(model.scales.states(features[:, self._columns]))
        self._states[:, step] = owned_tensor(states, self._states.device)
        past = self._states[:, : step + 1]
        planned: Tensor = model.planner(self._requirements, past, self._static)[:, -1]
        actions = model.inverse(past[:, -1], planned)
        return model.scales.actions.inverse(actions.cpu().numpy())
