"""A trained policy on disk: JSON and safetensors in a folder, nothing that could run code."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auctionsim.config_files import build
from auctionsim.dataset.staging import check_free, staged_folder
from auctionsim.errors import InvalidArgumentError, InvalidDataError, invalid_data
from auctionsim.tasks import TASKS, task_code
from vao.conditions import RequirementEncoder
from vao.config import TrainingConfig
from vao.devices import check_device
from vao.models import ActionNormaliser, StateNormaliser
from vao.planners import PLANNERS, new_planner
from vao.policy import PlannerBidder, TrainedModel
from vao.request import Request
from vao.returns import TaskReturns
from vao.scales import Scales
from vao.tensor_files import read_state, write_state
from vao.training.building import shape_of

__all__ = ["check_vacant", "load_policy", "save_policy"]

FORMAT = "vao-policy"
VERSION = 4
CARD = "policy.json"


@dataclass(frozen=True)
class _Model:
    """A model's tasks and scales in plain numbers, as they stand in the card."""

    tasks: list[str]
    categories: int
    pace: list[float]
    features: list[str]
    unit: list[float]
    mean: list[float]
    deviation: list[float]
    actions: ActionNormaliser
    offset: float
    field_mean: list[float]
    field_deviation: list[float]
    mean_return: float
    returns: dict[str, TaskReturns]

    @classmethod
    def of(cls, model: TrainedModel) -> _Model:
        states, fields = model.scales.states, model.scales.requirements
        return cls(
            tasks=[TASKS[task] for task in model.tasks],
            categories=model.scales.categories,
            pace=model.scales.pace.tolist(),
            features=list(states.features),
            unit=states.unit.tolist(),
            mean=states.mean.tolist(),
            deviation=states.deviation.tolist(),
            actions=model.scales.actions,
            offset=fields.offset,
            field_mean=fields.mean.tolist(),
            field_deviation=fields.deviation.tolist(),
            mean_return=fields.mean_return,
            returns={TASKS[task]: fields.returns[task] for task in model.tasks},
        )

    def scales(self) -> Scales:
        unit, mean, deviation = map(np.array, (self.unit, self.mean, self.deviation))
        missing = [name for name in self.tasks if name not in self.returns]
        if missing:
            raise invalid_data("returns", "must hold every task", missing[0], "Train it again.")
        requirements = RequirementEncoder(
            self.offset,
            np.array(self.field_mean),
            np.array(self.field_deviation),
            self.mean_return,
            {task_code(name): self.returns[name] for name in self.tasks},
        )
        return Scales(
            states=StateNormaliser(tuple(self.features), unit, mean, deviation),
            actions=self.actions,
            requirements=requirements,
            categories=self.categories,
            pace=np.array(self.pace),
        )


@dataclass(frozen=True)
class _Card:
    format: str
    version: int
    semantics: int
    config: TrainingConfig
    requests: dict[str, Request]
    models: list[_Model]
    weights_sha256: str


def check_vacant(folder: Path | str, overwrite: bool = False) -> None:
    """Raise `InvalidArgumentError` unless `save_policy` could write to the folder."""
    check_free(Path(folder), overwrite, CARD)


def save_policy(policy: PlannerBidder, folder: Path | str, *, overwrite: bool = False) -> None:
    """Write a policy to a folder, whole or not at all.

    Args:
        policy: What `vao.train` returned.
        folder: Where to; must not exist yet, or be empty.
        overwrite: Whether a policy that lies there may be replaced.

    Raises:
        InvalidArgumentError: If the folder holds something else.
    """
    with staged_folder(Path(folder), overwrite, CARD) as staging:
        card = {
            "config": asdict(policy.config),
            "requests": {name: asdict(request) for name, request in policy.requests.items()},
            "models": [asdict(_Model.of(model)) for model in policy.models],
        }
        write_state(staging, CARD, FORMAT, VERSION, card, _weights(policy.models))


def load_policy(
    folder: Path | str, device: torch.device | str = "cpu", *, planners: Collection[str] = ()
) -> PlannerBidder:
    """Read a policy that `save_policy` wrote; it acts as the saved one did.

    Args:
        folder: The policy's folder.
        device: Where it shall compute.
        planners: Planners of your own, as `module:Class`, that the policy may be of, and rules of
            weighting by which it may have been trained. A policy alone cannot make a module be
            imported.

    Raises:
        InvalidArgumentError: If torch cannot use the device, or a planner named here is none.
        InvalidDataError: If the folder does not hold a whole policy of this version, or one of a
            planner or rule that is neither registered nor named here.
    """
    check_device(device)
    folder = Path(folder)
    content, tensors = read_state(folder, CARD, FORMAT, VERSION)
    _check_classes(folder / CARD, content, planners)
    try:
        card = build(_Card, content)
    except InvalidArgumentError as error:
        raise InvalidDataError(f"{folder / CARD}: {error}") from None
    try:
        models = [_restore(m, card.config, tensors, f"{i}.") for i, m in enumerate(card.models)]
        policy = PlannerBidder(models, card.requests, card.config, device)
    except (RuntimeError, ValueError) as error:
        raise invalid_data(
            str(folder), "must hold a whole policy", error, "Save it again."
        ) from None
    for model in policy.models:
        model.planner.to(policy.device)
    return policy


def _check_classes(card: Path, content: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Raise unless planner and rule of a card are registered or allowed: others would be imported.

    Names without a module import nothing, and are checked with the rest of the config.
    """
    given = content.get("config")
    config = given if isinstance(given, Mapping) else {}
    planner, method = config.get("planner"), config.get("method")
    if planner not in (*PLANNERS, *allowed):
        rule = f"must be of a planner out of {', '.join((*PLANNERS, *allowed))}"
        raise invalid_data(str(card), rule, planner, _how_to_allow(planner))
    weighting = method.partition("-")[2] if isinstance(method, str) else ""
    if ":" in weighting and weighting not in allowed:
        rule = "must be trained by a rule of weighting that comes along or is allowed"
        raise invalid_data(str(card), rule, weighting, _how_to_allow(weighting))


def _how_to_allow(name: object) -> str:
    if not (isinstance(name, str) and ":" in name):
        return "Train it again."
    command, python = f"`--planner {name}`", f"load_policy(..., planners=[{name!r}])"
    return f"If you trust it, allow it: {command} on the command line, {python} in Python."


def _weights(models: tuple[TrainedModel, ...]) -> dict[str, Tensor]:
    return {
        f"{index}.{name}": tensor
        for index, model in enumerate(models)
        for name, tensor in model.planner.state_dict().items()
    }


def _restore(
    saved: _Model, config: TrainingConfig, tensors: Mapping[str, Tensor], prefix: str
) -> TrainedModel:
    scales = saved.scales()
    planner = new_planner(config.planner, config.settings, shape_of(scales), seed=0)
    own = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
    planner.load_state_dict(own)
    tasks = tuple(task_code(name) for name in saved.tasks)
    return TrainedModel(tasks, scales, planner.requires_grad_(False).eval())
