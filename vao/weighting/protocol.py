"""What a way of weighting shared data does in a training step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from auctionsim.errors import AuctionSimError, invalid_argument
from vao.team import SOLO, Team

__all__ = [
    "ALONE",
    "Context",
    "DivergedError",
    "Sampler",
    "Samples",
    "StepReport",
    "Weighting",
    "check_same_tasks",
    "trainable",
]

Samples = Any
"""A named tuple of tensors whose first dimension counts samples; the objective's only argument."""


class DivergedError(AuctionSimError):
    """Training ran away: a loss, gradient or alignment is no longer finite."""


class Sampler(Protocol):
    """Draws the samples of a step; targets and sources are counted from 0."""

    @property
    def targets(self) -> int:
        """Number of target tasks."""

    @property
    def sources(self) -> int:
        """Number of sources."""

    def own(self, target: int) -> int:
        """Return which source holds a target's own data."""

    def batch(self, target: int) -> Samples:
        """Draw a target's samples: from all sources together, or its own, as the setting has it."""

    def by_source(self, target: int, samples: int | None = None) -> list[Samples]:
        """Draw a target's samples, an even share from each source; as many as a step's if None."""

    def mixed(self, target: int, chances: NDArray[np.float64]) -> tuple[Samples, NDArray[np.int64]]:
        """Draw a target's samples, each from a source drawn by chances (sources,); say which."""

    def validation(self, target: int, samples: int | None = None) -> Samples:
        """Draw held-out samples of a target; all there are if None."""

    def own_training(self, target: int, samples: int | None = None) -> Samples:
        """Draw training samples of a target's own, apart from those of the step; all if None."""


@dataclass(frozen=True)
class StepReport:
    """What happened in a step.

    Attributes:
        losses: (targets,) the loss of each target, as it was weighted.
        alignment: (targets, sources) m_ik, if they were measured in this step.
        weights: (targets, sources) w_ik, if they were renewed in this step.
        noise: (targets, sources) standard deviation of what the weights are made of, less what
            the sources of a target have in common, as far as known.
        conflicts: (targets, targets) cosines between the targets' own gradients, if measured.
        balance: (targets,) weights of the targets themselves, where the rule weighs those; they
            sum to their number.
    """

    losses: Tensor
    alignment: Tensor | None = None
    weights: Tensor | None = None
    noise: Tensor | None = None
    conflicts: Tensor | None = None
    balance: Tensor | None = None

    @classmethod
    def joined(cls, reports: Sequence[StepReport]) -> StepReport:
        """Return the report of all targets from those of some each, in order."""
        if len(reports) == 1:
            return reports[0]
        joined: dict[str, Any] = {}
        for name in (field.name for field in fields(cls)):
            parts = [getattr(report, name) for report in reports]
            joined[name] = None if any(part is None for part in parts) else torch.cat(parts)
        return cls(**joined)


@dataclass(frozen=True)
class Context:
    """What a rule may know of the run it is part of.

    Attributes:
        team: The processes that share the work.
        steps: Steps of the stage it weighs; 0 if not known.
        seed: Of what the rule draws itself, alike in all processes.
        device: Where the model is.
    """

    team: Team = SOLO
    steps: int = 0
    seed: int = 0
    device: torch.device | str = "cpu"


ALONE = Context()
"""One process, an unknown number of steps."""


class Weighting(ABC):
    """A rule that turns samples into the direction of an update.

    A rule is built from its settings and a context. Whatever it is, its update has the scale of a
    sum over targets of mean losses: for targets and sources that are all alike, every rule makes
    the update of equal weights. So all work at one learning rate and under one clipping.

    Attributes:
        Settings: Dataclass of what the rule can be told.
        weighs: "sources" within a target's data, "targets" against each other, or "nothing".
    """

    Settings: ClassVar[type[Any]]
    weighs: ClassVar[Literal["nothing", "sources", "targets"]]

    @abstractmethod
    def __init__(self, settings: Any, context: Context) -> None:
        """Begin; subclasses have defaults for both."""

    @abstractmethod
    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """Draw samples and leave the update's gradient in the trainable parameters' `.grad`.

        Args:
            objective: Module that maps samples to their losses, (n,).
            sampler: Where samples come from.
            step: Index of the update, from 0.

        Raises:
            InvalidArgumentError: If the objective or the sampler cannot give what the rule needs.
            DivergedError: If a loss, or what the rule measures, is not finite.
        """

    def updates(self, targets: int) -> int:
        """Return how many updates, each by a call of its own, a step is made of."""
        return 1

    def stepped(self, objective: nn.Module) -> None:
        """Take note that the update was made; called after each one."""
        return

    def state(self) -> dict[str, Tensor]:
        """Return what the rule remembers from step to step, for `resume`."""
        return {}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Go on as the rule would that gave this `state`, whose tensors lie on the CPU.

        It must come from the same rule with the same settings, targets and sources, which is not
        checked here; the checkpoints of `vao train` see to it.
        """
        return

    @classmethod
    def validates(cls, settings: Any) -> bool:
        """Whether the rule needs held-out samples under these settings."""
        return False

    @classmethod
    def smallest_batch(cls, settings: Any, samples: int, sources: int) -> int:
        """Return the size of the smallest batch it draws, where a target and step get `samples`.

        Each process of a team needs a part of it.
        """
        return samples // sources if cls.weighs == "sources" else samples


def check_same_tasks(weights: Tensor | None, sampler: Sampler) -> None:
    """Raise if a rule that remembers weights, (targets, sources), is given another sampler's tasks.

    Raises:
        InvalidArgumentError: If so.
    """
    tasks = sampler.targets, sampler.sources
    if weights is not None and tuple(weights.shape) != tasks:
        rule = f"must have as many targets and sources as before, {tuple(weights.shape)}"
        raise invalid_argument("sampler", rule, tasks, "Make a rule for each sampler.")


def trainable(objective: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that learn, by name.

    Raises:
        InvalidArgumentError: If there are none.
    """
    found = {name: p for name, p in objective.named_parameters() if p.requires_grad}
    if not found:
        rule = "must have parameters that learn"
        raise invalid_argument("objective", rule, "none", "Set `requires_grad` of some.")
    return found
