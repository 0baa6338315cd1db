"""Data sharing: trajectories relabelled for another task, pools of them, and batches of both.

D_{i->k} is source task i's trajectories with target task k's condition (VAO paper, sec. 3.3): the
fields achieved in hindsight, of which those foreign to task k are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auctionsim.dataset import Trajectories
from auctionsim.dataset.schema import CAMPAIGN_COLUMNS
from auctionsim.errors import invalid_argument, invalid_data
from vao.batch import Batch, join
from vao.conditions import TASK_FIELDS, requirement_vector
from vao.scales import Scales
from vao.tensors import owned_tensor

__all__ = ["TRAINING_COLUMNS", "Source", "TaskSampler", "shares"]

TRAINING_COLUMNS: tuple[str, ...] = (
    *CAMPAIGN_COLUMNS,
    *("state", "final_state", "action", "active"),
    *("cost", "expected_value", "expected_conversions"),
)
"""All that training reads of a dataset."""

_PART = 4096
"""Trajectories normalised at a time, to bound memory."""


@dataclass(frozen=True, eq=False)
class Source:
    """All trajectories of one source task, normalised, with their fields in hindsight.

    Attributes are as in `Batch`, and `values`, `known`: see `RequirementEncoder.hindsight`.
    """

    states: Tensor
    actions: Tensor
    active: Tensor
    static: Tensor
    to_go: Tensor
    values: Tensor
    known: Tensor

    @classmethod
    def prepare(
        cls,
        trajectories: Trajectories,
        scales: Scales,
        columns: Sequence[int],
        device: torch.device | str = "cpu",
    ) -> Source:
        """Normalise trajectories; those without an active step are left out.

        Args:
            trajectories: Trajectories of one task.
            scales: The normalisers of the model that will see them.
            columns: Columns of the model's features in the trajectories' states.
            device: Where batches are drawn and used.

        Raises:
            InvalidDataError: If no trajectory is left, or the state before or after an active
                step is not finite.
        """
        used = np.flatnonzero(trajectories.active.any(axis=1))
        if not len(used):
            raise invalid_data("active", "must be true somewhere", "no step", "Add trajectories.")
        parts = [
            _normalise(trajectories.take(used[begin : begin + _PART]), scales, columns)
            for begin in range(0, len(used), _PART)
        ]
        joined = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return cls(*(owned_tensor(array, device) for array in joined))

    def __len__(self) -> int:
        return len(self.states)

    def relabelled(
        self, indices: NDArray[np.int64], task: int, noise: NDArray[np.float32] | None = None
    ) -> Batch:
        """Return trajectories at `indices` with the condition of the target task of code `task`.

        Args:
            indices: (n,) places, from 0.
            task: Task code.
            noise: (n, any number) for the loss to use; none if None.
        """
        device = self.states.device
        places = owned_tensor(indices, device)
        visible = owned_tensor(TASK_FIELDS[task], device)
        requirements = requirement_vector(self.values[places], self.known[places], visible)
        chance = np.zeros((len(indices), 0), np.float32) if noise is None else noise
        return Batch(
            states=self.states[places],
            actions=self.actions[places],
            active=self.active[places],
            static=self.static[places],
            requirements=requirements,
            to_go=self.to_go[places],
            noise=owned_tensor(chance, device),
        )


def _normalise(
    trajectories: Trajectories, scales: Scales, columns: Sequence[int]
) -> tuple[NDArray[np.generic], ...]:
    """Arrays of the attributes of `Source`, in their order."""
    active = trajectories.active
    states = np.concatenate([trajectories.state, trajectories.final_state[:, None]], axis=1)
    states = states[..., list(columns)]
    finite = np.isfinite(states).all(axis=2)
    if not (finite[:, :-1] & finite[:, 1:])[active].all():
        raise invalid_data(
            "state", "must be finite around active steps", "nan or inf", "Mend the data."
        )
    values, known = scales.requirements.hindsight(trajectories.totals(expected=True))
    return (
        np.where(finite[..., None], scales.states(np.nan_to_num(states)), np.float32(0.0)),
        scales.actions(np.where(active, trajectories.action, 1.0)),
        active.astype(np.float32),
        scales.static(trajectories.category, trajectories.budget),
        _to_go(trajectories, scales),
        values,
        known,
    )


def _to_go(trajectories: Trajectories, scales: Scales) -> NDArray[np.float32]:
    """Return still to come at the start of each step, (n, steps); see `Batch.to_go`."""
    budget = trajectories.budget.astype(np.float64)[:, None]
    gains = np.divide(
        trajectories.expected_value, budget, out=np.zeros_like(trajectories.cost, np.float64),
        where=budget > 0.0,
    )  # fmt: skip
    remaining = np.cumsum(gains[:, ::-1], axis=1)[:, ::-1] / scales.requirements.mean_return
    return remaining.astype(np.float32)


def shares(samples: int, sources: int, first: int) -> list[int]:
    """Split a target's samples evenly over the sources, without losing one.

    Args:
        samples: n, the samples of a target and step.
        sources: Number of sources, at most n.
        first: The source that gets the first of the n % sources samples left over; the next ones
            go to the sources after it.

    Returns:
        Samples of each source; they sum to n and differ by at most 1.
    """
    if samples < sources:
        raise invalid_argument(
            "batch", f"must be >= {sources}, the number of sources", samples, "Raise it."
        )
    base, rest = divmod(samples, sources)
    return [base + ((source - first) % sources < rest) for source in range(sources)]


class TaskSampler:
    """Draws batches for each target task, with replacement, from seeded streams.

    Args:
        sources: Trajectories of each source task.
        targets: Codes of the target tasks, in the order of their sources where both are the same.
        samples: n, samples of a target and step.
        rng: Stream of the draws.
        validation: Held-out trajectories of each target task, for `validation` only.
        validation_samples: Samples of a validation batch.
        noise: Standard normals that come with each sample.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        targets: Sequence[int],
        samples: int,
        rng: np.random.Generator,
        *,
        validation: Sequence[Source] = (),
        validation_samples: int = 0,
        noise: int = 0,
    ) -> None:
        self._sources = list(sources)
        self._targets = list(targets)
        self._samples = samples
        self._rng, self._validation_rng, self._noise_rng = rng.spawn(3)
        self._validation = list(validation)
        self._validation_samples = validation_samples
        self._noise = noise
        self._ends = np.cumsum([len(source) for source in self._sources])

    @property
    def targets(self) -> int:
        """Number of target tasks."""
        return len(self._targets)

    @property
    def sources(self) -> int:
        """Number of sources."""
        return len(self._sources)

    def pooled(self, target: int, samples: int | None = None) -> Batch:
        """Draw samples for a target from all sources together, in proportion to their sizes.

        Args:
            target: Which target, from 0.
            samples: How many; None for n.
        """
        places = self._rng.integers(self._ends[-1], size=samples or self._samples)
        owner = np.searchsorted(self._ends, places, side="right")
        begins = self._ends - [len(source) for source in self._sources]
        parts = [
            self._relabelled(source, places[owner == i] - begins[i], target)
            for i, source in enumerate(self._sources)
            if (owner == i).any()
        ]
        return join(parts)

    def by_source(self, target: int) -> list[Batch]:
        """Draw n samples for a target, n / sources of each source (see `shares`)."""
        counts = shares(self._samples, self.sources, target)
        return [
            self._relabelled(source, self._rng.integers(len(source), size=count), target)
            for source, count in zip(self._sources, counts, strict=True)
        ]

    def validation(self, target: int) -> Batch:
        """Draw a batch of a target's own held-out trajectories."""
        own = self._validation[target]
        places = self._validation_rng.integers(len(own), size=self._validation_samples)
        return self._relabelled(own, places, target)

    def state(self) -> list[dict[str, Any]]:
        """Return the state of the streams, in plain values, for `resume`."""
        streams = self._rng, self._validation_rng, self._noise_rng
        return [dict(stream.bit_generator.state) for stream in streams]

    def resume(self, state: Sequence[dict[str, Any]]) -> None:
        """Go on drawing where a sampler was when it gave this `state`."""
        streams = self._rng, self._validation_rng, self._noise_rng
        for stream, saved in zip(streams, state, strict=True):
            stream.bit_generator.state = saved

    def _relabelled(self, source: Source, places: NDArray[np.int64], target: int) -> Batch:
        noise = self._noise_rng.standard_normal((len(places), self._noise), np.float32)
        return source.relabelled(places, self._targets[target], noise)
