"""A trained planner as a bidder like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from auctionsim.bidding import BatchBidder, Observation
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.observation import FEATURES
from auctionsim.random_numbers import PURPOSE_BEHAVIOUR, normals
from auctionsim.tasks import TASKS
from vao.asking import Asking
from vao.batch import History
from vao.conditions import requirement_vector
from vao.config import TrainingConfig
from vao.planners import Memory, Planner
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
        planner: Its networks.
    """

    tasks: tuple[int, ...]
    scales: Scales
    planner: Planner


class PlannerBidder(BatchBidder):
    """Plays any number of seats with trained planners, each seat with its task's.

    At every step the planner is given what is asked of each seat and its history so far, and
    answers with multipliers, kept within the range of its training data. Seats do not see each
    other; the past is forgotten at `reset`. A seat that does not take part in a step gets the
    multiplier 0.

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
            multipliers[seating.seats] = seating.act(observation.take(seating.seats))
        return np.where(active, multipliers, 0.0)


_NOISE = 5 << 20
"""Where a planner's draws begin among those of a bidder's private randomness."""


class _Seating:
    """One model, the seats it plays in an episode, and their histories."""

    def __init__(
        self,
        model: TrainedModel,
        seats: NDArray[np.int64],
        campaigns: Campaigns,
        requests: Mapping[int, Request],
        device: torch.device,
    ) -> None:
        scales, planner = model.scales, model.planner
        if campaigns.steps != scales.steps:
            raise invalid_argument(
                "campaigns.steps", f"must be {scales.steps}", campaigns.steps, "Train with these."
            )
        self.seats = seats
        self._model = model
        self._columns = feature_columns(scales.states.features, FEATURES)
        self._asking = Asking(scales.requirements, campaigns, requests, scales.pace)
        self._visible = owned_tensor(self._asking.visible, device)
        self._memory: Memory = {}
        # Room for the whole episode; a step's history is a view of its beginning.
        n, steps = len(seats), scales.steps
        self._whole = History(
            states=torch.zeros((n, steps, len(self._columns)), device=device),
            actions=torch.zeros((n, steps), device=device),
            static=owned_tensor(scales.static(campaigns.category, campaigns.budget), device),
            requirements=torch.zeros((n, steps, planner.shape.requirements), device=device),
            to_go=torch.zeros((n, steps), device=device),
            noise=owned_tensor(_private_noise(campaigns, planner.action_noise), device),
        )

    @torch.inference_mode()
    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Take in the seats' observation, and return their multipliers."""
        scales, step = self._model.scales, observation.step
        history = self._history(observation)
        actions = self._model.planner.act(history, self._memory)
        multipliers = scales.actions.inverse(actions.cpu().numpy())
        played = scales.actions(np.where(observation.active, multipliers, 1.0))
        self._whole.actions[:, step] = owned_tensor(played, self._whole.actions.device)
        return multipliers

    def _history(self, observation: Observation) -> History:
        """Write down what is known at this step, and return all that is known so far."""
        whole, step, device = self._whole, observation.step, self._whole.states.device
        scales = self._model.scales
        states = np.nan_to_num(scales.states(observation.features[:, self._columns]))
        values = owned_tensor(self._asking.requirements(observation), device)
        known = torch.ones_like(values, dtype=torch.bool)
        whole.states[:, step] = owned_tensor(states, device)
        whole.requirements[:, step] = requirement_vector(values, known, self._visible)
        whole.to_go[:, step] = owned_tensor(self._asking.to_go(observation), device)
        return History(
            states=whole.states[:, : step + 1],
            actions=whole.actions[:, :step],
            static=whole.static,
            requirements=whole.requirements[:, : step + 1],
            to_go=whole.to_go[:, : step + 1],
            noise=whole.noise,
        )


def _private_noise(campaigns: Campaigns, size: int) -> NDArray[np.float32]:
    """Standard normals of each campaign's own, (n, size), the same whoever plays beside it."""
    places = np.arange(-(-size // 4))
    draws = normals(campaigns.key[:, None], _NOISE + places[None, :], 0, PURPOSE_BEHAVIOUR)
    return np.ascontiguousarray(draws.reshape(len(campaigns), -1)[:, :size])
