"""Which states and actions the data covers: counts in cells of time, budget and multiplier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.sample import Sample

__all__ = ["ACTION_REACH", "BUDGET_CELLS", "Cells", "Coverage", "coverage"]

TIME_CELLS = 24
BUDGET_CELLS = 20
ACTION_CELLS = 24
ACTION_REACH = (
    20.0  # multipliers from reference / 20 to reference * 20, as the environments have it
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """How visits spread over cells.

    Attributes:
        cells: How many there are.
        occupied: Share of them visited at least once.
        effective: exp(entropy of the visits): as many evenly visited cells spread as wide.
    """

    cells: int
    occupied: float
    effective: float


@dataclass(frozen=True, eq=False)
class Coverage:
    """What the active steps of a task cover.

    Attributes:
        task: Name of the task.
        visits: Active steps counted.
        states: Time x budget left, counts of shape (time, budget).
        actions: Time x multiplier over reference on a log scale, counts of shape (time, action).
        state_cells: Of `states`.
        action_cells: Of `actions`.
        joint_cells: Of all three together.
    """

    task: str
    visits: int
    states: NDArray[np.int64]
    actions: NDArray[np.int64]
    state_cells: Cells
    action_cells: Cells
    joint_cells: Cells

    def summary(self) -> dict[str, object]:
        """Return the numbers without the counts of single cells, for JSON."""
        return {
            "visits": self.visits,
            "states": self.state_cells,
            "actions": self.action_cells,
            "states_and_actions": self.joint_cells,
        }


def coverage(sample: Sample) -> list[Coverage]:
    """Count the cells visited, by task.

    Budget left follows from cost and budget, so that a dataset with other features has it too.
    Multipliers beyond the reach count in the outermost cells; bids of 0 are in the lowest.
    """
    time, budget, action = _cells_of_steps(sample)
    shape = (min(TIME_CELLS, sample.steps), BUDGET_CELLS, ACTION_CELLS)
    result = []
    for task in sample.tasks:
        places = sample.of_task(task)
        at, left = np.broadcast_to(time, budget.shape)[places], budget[places]
        chosen = action[places]
        seen = sample.trajectories.active[places] & (left >= 0)
        acted = seen & (chosen >= 0)
        joint = _count((at[acted], left[acted], chosen[acted]), shape)
        states = _count((at[seen], left[seen]), shape[:2])
        actions = joint.sum(axis=1)
        result.append(
            Coverage(
                task=task,
                visits=int(seen.sum()),
                states=states,
                actions=actions,
                state_cells=_cells(states),
                action_cells=_cells(actions),
                joint_cells=_cells(joint),
            )
        )
    return result


def _cells_of_steps(
    sample: Sample,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return each step's cell of time (T,), budget (n, T) and action (n, T); -1 where unknown."""
    data, steps = sample.trajectories, sample.steps
    time = np.arange(steps) * min(TIME_CELLS, steps) // steps
    cost = data.cost.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1.0 - (np.cumsum(cost, axis=1) - cost) / data.budget.astype(np.float64)[:, None]
        level = np.log(np.maximum(sample.relative_action, 1e-9)) / np.log(ACTION_REACH)
    return time, _cell(left, 0.0, 1.0, BUDGET_CELLS), _cell(level, -1.0, 1.0, ACTION_CELLS)


def _cell(values: FloatArray, low: float, high: float, cells: int) -> NDArray[np.int64]:
    known = np.isfinite(values)
    share = (np.where(known, values, low) - low) / (high - low)
    place = np.clip(np.floor(share * cells), 0, cells - 1).astype(np.int64)
    return np.where(known, place, -1)


def _count(places: tuple[NDArray[np.int64], ...], shape: tuple[int, ...]) -> NDArray[np.int64]:
    flat = np.ravel_multi_index(places, shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)


def _cells(counts: NDArray[np.int64]) -> Cells:
    share = counts[counts > 0] / max(int(counts.sum()), 1)
    effective = float(np.exp(-(share * np.log(share)).sum())) if share.size else 0.0
    return Cells(counts.size, float((counts > 0).mean()), effective)
