"""Data sharing: trajectories relabelled for another task.

D_{i->k} is source task i's trajectories with target task k's condition (VAO paper, sec. 3.3): the
fields achieved in hindsight, of which those foreign to task k are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auctionsim.dataset import Trajectories
from auctionsim.dataset.schema import CAMPAIGN_COLUMNS
from auctionsim.errors import invalid_data
from vao.batch import Batch
from vao.conditions import TASK_FIELDS, requirement_vector
from vao.scales import Scales
from vao.tensors import owned_tensor

__all__ = ["TRAINING_COLUMNS", "Source"]

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
