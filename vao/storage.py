"""A trained policy on disk: JSON and safetensors in a folder, nothing that could run code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from auctionsim import SEMANTICS
from auctionsim.config_files import build
from auctionsim.dataset.files import sha256_of_file, write_json, write_whole
from auctionsim.dataset.staging import check_free, staged_folder
from auctionsim.errors import InvalidArgumentError, InvalidDataError, invalid_data
from auctionsim.tasks import TASKS, task_code
from vao.conditions import QUANTILES, RequirementEncoder
from vao.config import TrainingConfig
from vao.models import ActionNormaliser, StateNormaliser
from vao.networks import check_device, new_inverse, new_planner
from vao.policy import PlannerBidder, TrainedModel
from vao.request import Request
from vao.scales import Scales

__all__ = ["check_vacant", "load_policy", "save_policy"]

FORMAT = "vao-policy"
VERSION = 2
CARD, WEIGHTS = "policy.json", "weights.safetensors"


@dataclass(frozen=True)
class _Model:
    """A model's tasks and scales in plain numbers, as they stand in the card."""

    tasks: list[str]
    steps: int
    categories: int
    features: list[str]
    unit: list[float]
    mean: list[float]
    deviation: list[float]
    actions: ActionNormaliser
    offset: float
    field_mean: list[float]
    field_deviation: list[float]
    returns: dict[str, list[float]]

    @classmethod
    def of(cls, model: TrainedModel) -> _Model:
        states, fields = model.scales.states, model.scales.requirements
        return cls(
            tasks=[TASKS[task] for task in model.tasks],
            steps=model.scales.steps,
            categories=model.scales.categories,
            features=list(states.features),
            unit=states.unit.tolist(),
            mean=states.mean.tolist(),
            deviation=states.deviation.tolist(),
            actions=model.scales.actions,
            offset=fields.offset,
            field_mean=fields.mean.tolist(),
            field_deviation=fields.deviation.tolist(),
            returns={TASKS[task]: fields.returns[task].tolist() for task in model.tasks},
        )

    def scales(self) -> Scales:
        unit, mean, deviation = map(np.array, (self.unit, self.mean, self.deviation))
        fields = np.array(self.field_mean), np.array(self.field_deviation)
        return Scales(
            states=StateNormaliser(tuple(self.features), unit, mean, deviation),
            actions=self.actions,
            requirements=RequirementEncoder(self.offset, *fields, self._returns()),
            categories=self.categories,
            steps=self.steps,
        )

    def _returns(self) -> NDArray[np.float64]:
        """Percentiles of return by task code, (tasks, 101); nan for tasks of other models."""
        rows = np.full((len(TASKS), len(QUANTILES)), np.nan)
        for name in self.tasks:
            row = np.array(self.returns.get(name, ()))
            if row.shape != QUANTILES.shape or not np.isfinite(row).all():
                rule = f"must be {len(QUANTILES)} finite numbers"
                found = f"{row.size}, {np.isfinite(row).sum()} of them finite"
                raise invalid_data(f"returns of {name}", rule, found, "Train it again.")
            rows[task_code(name)] = row
        return rows


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
        weights = save_tensors(_weights(policy.models))
        write_whole(staging / WEIGHTS, lambda file: file.write(weights))
        card = _Card(
            format=FORMAT,
            version=VERSION,
            semantics=SEMANTICS,
            config=policy.config,
            requests=policy.requests,
            models=[_Model.of(model) for model in policy.models],
            weights_sha256=sha256_of_file(staging / WEIGHTS),
        )
        write_json(staging / CARD, asdict(card))


def load_policy(folder: Path | str, device: torch.device | str = "cpu") -> PlannerBidder:
    """Read a policy that `save_policy` wrote; it acts as the saved one did.

    Args:
        folder: The policy's folder.
        device: Where it shall compute.

    Raises:
        InvalidArgumentError: If torch cannot use the device.
        InvalidDataError: If the folder does not hold a whole policy of this version.
    """
    check_device(device)
    folder = Path(folder)
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise invalid_data(
                str(folder), f"must hold {name}", "none", "Name a folder made by save_policy."
            )
    card = _read_card(folder / CARD)
    if sha256_of_file(folder / WEIGHTS) != card.weights_sha256:
        raise invalid_data(
            str(folder / WEIGHTS),
            f"must be the file {CARD} was written with",
            "another",
            "Copy the whole folder again.",
        )
    try:
        tensors = load_tensors((folder / WEIGHTS).read_bytes())
        models = [_restore(m, card.config, tensors, f"{i}.") for i, m in enumerate(card.models)]
        policy = PlannerBidder(models, card.requests, card.config, device)
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise invalid_data(
            str(folder), "must hold a whole policy", error, "Save it again."
        ) from None
    for model in policy.models:
        model.planner.to(policy.device)
        model.inverse.to(policy.device)
    return policy


def _read_card(path: Path) -> _Card:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise invalid_data(str(path), "must be JSON", error, "Copy the folder again.") from None
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise invalid_data(str(path), f"must be the card of a {FORMAT}", "another file", "Name it.")
    for name, current in (("version", VERSION), ("semantics", SEMANTICS)):
        if content.get(name) != current:
            found = content.get(name)
            raise invalid_data(str(path), f"must have {name} {current}", found, "Train it again.")
    try:
        return build(_Card, content)
    except InvalidArgumentError as error:
        raise InvalidDataError(f"{path}: {error}") from None


def _networks(model: TrainedModel) -> nn.ModuleDict:
    return nn.ModuleDict({"planner": model.planner, "inverse": model.inverse})


def _weights(models: tuple[TrainedModel, ...]) -> dict[str, Tensor]:
    return {
        f"{index}.{name}": tensor.detach().cpu().contiguous()
        for index, model in enumerate(models)
        for name, tensor in _networks(model).state_dict().items()
    }


def _restore(
    saved: _Model, config: TrainingConfig, tensors: Mapping[str, Tensor], prefix: str
) -> TrainedModel:
    scales = saved.scales()
    model = TrainedModel(
        tasks=tuple(task_code(name) for name in saved.tasks),
        scales=scales,
        planner=new_planner(config, scales, seed=0),
        inverse=new_inverse(config, scales, seed=0),
    )
    own = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
    _networks(model).load_state_dict(own)
    return model
