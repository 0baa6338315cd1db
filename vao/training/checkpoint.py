"""The state of a run on disk, from which it goes on as if it had never stopped."""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auctionsim import SEMANTICS
from auctionsim.dataset import Trajectories
from auctionsim.dataset.staging import staged_folder
from auctionsim.errors import invalid_argument, invalid_data
from vao.config import TrainingConfig
from vao.sharing import TRAINING_COLUMNS
from vao.tensor_files import read_state, write_state
from vao.training.learner import Learner

__all__ = ["Checkpoint", "Place"]

FORMAT = "vao-checkpoint"
VERSION = 2
CARD = "checkpoint.json"

Record = dict[str, Any]

_FINGERED = tuple(name for name in TRAINING_COLUMNS if name != "bidder")
"""Columns that tell one run's data from another's; the bidder's name plays no part in training."""


@dataclass(frozen=True)
class Place:
    """Where a run stands.

    Attributes:
        stage: Index of the stage.
        step: Updates made in it.
        begun: Whether its optimisers are set up.
    """

    stage: int = 0
    step: int = 0
    begun: bool = False

    @classmethod
    def of(cls, plain: Mapping[str, Any], steps: Sequence[int]) -> Place:
        """Build a place in a run from plain values.

        Args:
            plain: The values.
            steps: Updates of each stage.

        Raises:
            ValueError: If there is no such place.
        """
        stage, step, begun = (plain[name] for name in ("stage", "step", "begun"))
        whole = isinstance(stage, int) and isinstance(step, int)
        inside = whole and 0 <= stage < len(steps) and 0 <= step <= steps[stage]
        if not (inside and begun is True):
            raise ValueError(f"there is no place {plain}")
        return cls(stage, step, begun)


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds the latest state of one run.

    Attributes:
        folder: The folder; replaced as a whole, so that a run cut short leaves the last one.
        fingerprint: Tells the run by its config and data.
        every: Updates between renewals.
    """

    folder: Path
    fingerprint: str
    every: int

    @classmethod
    def of(
        cls,
        folder: Path | str | None,
        config: TrainingConfig,
        training: Trajectories,
        validation: Trajectories | None,
        features: Sequence[str],
        *,
        every: int,
    ) -> Checkpoint | None:
        """Return the checkpoint of a run; None if there is no folder for it."""
        if folder is None:
            return None
        return cls(Path(folder), _fingerprint(config, training, validation, features), every)

    def tidy(self) -> None:
        """Clear up after a process that was killed while it replaced the folder."""
        for left in self.folder.parent.glob(f".{glob.escape(self.folder.name)}.{'?' * 12}.tmp*"):
            if left.suffix == ".old" and not self.folder.exists():
                left.rename(self.folder)  # killed before the next one was in its place
            else:
                shutil.rmtree(left, ignore_errors=True)

    def due(self, done: int) -> bool:
        """Whether it is to be renewed after so many updates."""
        return done % self.every == 0

    def write(self, learners: Sequence[Learner], place: Place, history: Sequence[Record]) -> None:
        """Write the state of a run, whole or not at all."""
        tensors: dict[str, Tensor] = {}
        plain: list[dict[str, Any]] = []
        for index, learner in enumerate(learners):
            numbers, state = _state_of(learner)
            plain.append(numbers)
            tensors |= {f"{index}.{name}": tensor for name, tensor in state.items()}
        with staged_folder(self.folder, True, CARD) as staging:
            card = {
                "semantics": SEMANTICS,
                "fingerprint": self.fingerprint,
                "place": asdict(place),
                "learners": plain,
                "history": list(history),
            }
            write_state(staging, CARD, FORMAT, VERSION, card, tensors)

    def read(self, learners: Sequence[Learner]) -> tuple[Place, list[Record]] | None:
        """Bring learners to the state saved; None if nothing was saved.

        Returns:
            Where the run stood, and its records so far.

        Raises:
            InvalidArgumentError: If it is the checkpoint of another run.
            InvalidDataError: If it is damaged, of another version, or not finite.
        """
        if not self.folder.exists() or (self.folder.is_dir() and not any(self.folder.iterdir())):
            return None
        card, tensors = read_state(self.folder, CARD, FORMAT, VERSION)
        if card.get("fingerprint") != self.fingerprint:
            raise invalid_argument(
                "checkpoint",
                "must be of a run with the same settings and data",
                str(self.folder),
                "Remove it to begin anew, or name another folder.",
            )
        try:
            place = Place.of(
                card["place"], [learners[0].steps(stage) for stage in learners[0].stages]
            )
            history = list(card["history"])
            for index, (learner, plain) in enumerate(zip(learners, card["learners"], strict=True)):
                own = _under(tensors, f"{index}.")
                _bring(learner, learner.stages[place.stage], plain, own)
        except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
            mend = "Remove it to begin anew."
            raise invalid_data(str(self.folder), "must hold a whole run", error, mend) from None
        return place, history


def _fingerprint(
    config: TrainingConfig,
    training: Trajectories,
    validation: Trajectories | None,
    features: Sequence[str],
) -> str:
    # Which one of several GPUs computes makes no difference.
    settings = asdict(config) | {"device": torch.device(config.device).type}
    told = json.dumps([settings, list(features)], sort_keys=True)
    digest = hashlib.sha256(told.encode())
    for data in (training, validation):
        digest.update(b"none" if data is None else str(len(data)).encode())
        for name in _FINGERED if data is not None else ():
            array = np.ascontiguousarray(getattr(data, name))
            digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _state_of(learner: Learner) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a learner's future depends on: plain numbers, and tensors by name."""
    updates, averages = learner.average.state()
    plain = {
        "best_score": None if learner.best_weights is None else learner.best_score,
        "misses": learner.misses,
        "stopped": learner.stopped,
        "averaged": updates,
        "pool": learner.pool.state(),
        "sampler": learner.sampler.state(),
    }
    tensors = {f"planner.{n}": t for n, t in learner.planner.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in averages.items()}
    tensors |= {f"best.{name}": tensor for name, tensor in (learner.best_weights or {}).items()}
    for place, entry in learner.optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{place}.{name}": torch.as_tensor(t) for name, t in entry.items()}
    tensors |= {f"weighting.{name}": t for name, t in learner.weighting.state().items()}
    return plain | {"tensors": sorted(tensors)}, tensors


def _bring(
    learner: Learner, stage: Any, plain: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Bring a learner to a state saved by `_state_of`."""
    if sorted(tensors) != plain["tensors"]:
        raise ValueError(f"holds {len(tensors)} of {len(plain['tensors'])} tensors")
    learner.begin(stage, measure=False)
    learner.planner.load_state_dict(_under(tensors, "planner."))
    learner.average.resume(int(plain["averaged"]), _under(tensors, "average."))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _under(tensors, "adam.").items():
        place, _, entry = name.partition(".")
        state.setdefault(int(place), {})[entry] = tensor
    groups = learner.optimiser.state_dict()["param_groups"]
    learner.optimiser.load_state_dict({"state": state, "param_groups": groups})
    device = next(learner.planner.parameters()).device
    # A rule knows best where it keeps what it remembers: many decide on the CPU.
    learner.weighting.resume(_under(tensors, "weighting."))
    if plain["best_score"] is not None:
        learner.best_score = float(plain["best_score"])
        learner.best_weights = {n: t.to(device) for n, t in _under(tensors, "best.").items()}
    learner.misses, learner.stopped = int(plain["misses"]), bool(plain["stopped"])
    learner.pool.resume(plain["pool"])
    learner.sampler.resume(plain["sampler"])


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
