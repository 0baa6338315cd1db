"""The columns of a dataset and their form in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_argument
from auctionsim.tasks import Totals

SCHEMA_VERSION = 1

CAMPAIGN_COLUMNS: dict[str, type[np.generic]] = {
    "episode": np.int32,
    "advertiser": np.int32,
    "category": np.int16,
    "task": np.int8,
    "bidder": np.object_,
    "budget": np.float32,
    "cpa_target": np.float32,
    "roas_target": np.float32,
}
SERIES_COLUMNS: dict[str, type[np.generic]] = {
    "state": np.float32,
    "final_state": np.float32,
    "action": np.float32,
    "active": np.bool_,
    "reward": np.float32,
    "value": np.float32,
    "cost": np.float32,
    "expected_value": np.float32,
    "expected_conversions": np.float32,
}
COLUMNS: dict[str, type[np.generic]] = CAMPAIGN_COLUMNS | SERIES_COLUMNS


@dataclass(frozen=True, eq=False)
class Trajectories:
    """n trajectories of T steps with F state features; a trajectory is one advertiser's episode.

    Attributes:
        episode: (n,) int32. Episode (in logs: delivery period).
        advertiser: (n,) int32.
        category: (n,) int16.
        task: (n,) int8, codes of `auctionsim.tasks.TASKS`.
        bidder: (n,) str objects, name of the bidder that played.
        budget: (n,) float32, in currency.
        cpa_target: (n,) float32, in currency a conversion; nan where the task has none.
        roas_target: (n,) float32, in value a unit of currency; nan where the task has none.
        state: (n, T, F) float32, features at the start of each step.
        final_state: (n, F) float32, features after the last step.
        action: (n, T) float32, the multiplier: currency a unit of value.
        active: (n, T) bool, whether the advertiser took part in the step.
        reward: (n, T) float32, conversions of exposed wins.
        value: (n, T) float32, realised value of these conversions.
        cost: (n, T) float32, spend on exposed wins, in currency.
        expected_value: (n, T) float32, sum over exposed wins of probability times known value.
        expected_conversions: (n, T) float32, sum over exposed wins of probability.

    Raises:
        InvalidArgumentError: If dtypes or shapes do not fit together.
    """

    episode: NDArray[np.int32]
    advertiser: NDArray[np.int32]
    category: NDArray[np.int16]
    task: NDArray[np.int8]
    bidder: NDArray[np.object_]
    budget: NDArray[np.float32]
    cpa_target: NDArray[np.float32]
    roas_target: NDArray[np.float32]
    state: NDArray[np.float32]
    final_state: NDArray[np.float32]
    action: NDArray[np.float32]
    active: NDArray[np.bool_]
    reward: NDArray[np.float32]
    value: NDArray[np.float32]
    cost: NDArray[np.float32]
    expected_value: NDArray[np.float32]
    expected_conversions: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check(self.arrays())

    @classmethod
    def partial(cls, arrays: dict[str, NDArray[Any]]) -> Trajectories:
        """Build trajectories that lack some per-step columns; reading a lacking one raises.

        Args:
            arrays: Arrays by column name, at least all of `CAMPAIGN_COLUMNS`.
        """
        missing = [name for name in CAMPAIGN_COLUMNS if name not in arrays]
        if missing:
            raise invalid_argument(
                "arrays", "must hold the campaigns' columns", f"no {missing[0]}", "Add it."
            )
        _check(arrays)
        result = object.__new__(cls)
        for name, array in arrays.items():
            object.__setattr__(result, name, array)
        return result

    def __getattr__(self, name: str) -> Any:
        # Only reached for attributes that are not set, which the dataclass itself never leaves so.
        if name in COLUMNS:
            raise AttributeError(f"`{name}` was not loaded. Add it to `columns` when loading.")
        raise AttributeError(f"Trajectories have no attribute {name!r}")

    def __len__(self) -> int:
        return len(self.episode)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns held, in schema order."""
        held = vars(self)
        return tuple(name for name in COLUMNS if name in held)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays held by column name, in schema order (not copies)."""
        return {name: getattr(self, name) for name in self.columns}

    def take(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> Trajectories:
        """Return the trajectories at `indices`, in that order."""
        places = np.asarray(indices, np.int64)
        return Trajectories.partial({name: a[places] for name, a in self.arrays().items()})

    def without_states(self) -> Trajectories:
        """Return the trajectories without what fills memory and no result needs."""
        dropped = ("state", "final_state", "action")
        kept = {name: array for name, array in self.arrays().items() if name not in dropped}
        return Trajectories.partial(kept)

    @classmethod
    def concatenate(cls, parts: Iterable[Trajectories]) -> Trajectories:
        """Join trajectories end to end; all parts must hold the same columns.

        Raises:
            InvalidArgumentError: For no parts, or parts that hold different columns.
        """
        parts = list(parts)
        if not parts:
            raise invalid_argument("parts", "must not be empty", "none", "Give at least one part.")
        names = parts[0].columns
        odd = next((part for part in parts if part.columns != names), None)
        if odd is not None:
            raise invalid_argument(
                "parts",
                f"must all hold the columns {', '.join(names)}",
                ", ".join(odd.columns),
                "Load all parts with the same columns.",
            )
        return cls.partial(
            {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        )

    def totals(self, expected: bool = False) -> Totals:
        """Sum the episodes up, in float64.

        Args:
            expected: Whether conversions and value are expectations, free of coin noise.
        """
        conversions = self.expected_conversions if expected else self.reward
        value = self.expected_value if expected else self.value
        return Totals(
            task=self.task,
            budget=self.budget.astype(np.float64),
            cpa_target=self.cpa_target.astype(np.float64),
            roas_target=self.roas_target.astype(np.float64),
            cost=self.cost.sum(axis=1, dtype=np.float64),
            conversions=conversions.sum(axis=1, dtype=np.float64),
            value=value.sum(axis=1, dtype=np.float64),
        )


def has_steps(name: str) -> bool:
    """Whether a column holds something for each step."""
    return name in SERIES_COLUMNS and name != "final_state"


def shape_of(name: str, rows: int, steps: int, features: int) -> tuple[int, ...]:
    """Return the shape a column has for so many rows, steps and features."""
    if name in CAMPAIGN_COLUMNS:
        return (rows,)
    return {
        "state": (rows, steps, features),
        "final_state": (rows, features),
    }.get(name, (rows, steps))


def _check(arrays: dict[str, NDArray[Any]]) -> None:
    """Raise unless all arrays have their column's dtype and shapes that fit together."""
    steps = next((a.shape[1] for n, a in arrays.items() if has_steps(n) and a.ndim > 1), 0)
    wide = (a.shape[-1] for n, a in arrays.items() if n.endswith("state") and a.ndim > 1)
    features = next(wide, 0)
    rows = len(arrays["episode"])
    for name, array in arrays.items():
        if name not in COLUMNS:
            raise invalid_argument("arrays", "must be columns of the schema", name, "Remove it.")
        expected = np.dtype(COLUMNS[name])
        if array.dtype != expected:
            raise invalid_argument(name, f"must have dtype {expected}", array.dtype, "Cast it.")
        shape = shape_of(name, rows, steps, features)
        if array.shape != shape:
            raise invalid_argument(
                name, f"must have shape {shape} to fit the others", array.shape, "Mend its shape."
            )
