"""Choosing trajectories by task, bidder and quality."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.tasks import TASKS, task_code

IntArray = NDArray[np.int64]
Float64Array = NDArray[np.float64]

#: Columns that `quality` looks at, beside those about the campaigns.
QUALITY_COLUMNS: tuple[str, ...] = ("cost", "expected_value", "expected_conversions")


@dataclass(frozen=True)
class Selection:
    """Which trajectories are wanted: those that meet all conditions given.

    Attributes:
        tasks: Names of tasks; any if None.
        bidders: Names of the bidders that played; any if None.
        quality: Lowest and highest `quality`, 0 to 1, the lowest included: (0.9, 1.0) is the best
            tenth of each task. Places are taken among all trajectories of the task, whatever else
            is asked for: with `bidders=("pid",)`, those of pid that are in the best tenth.

    Raises:
        InvalidArgumentError: For an unknown task, or a range that is none.
    """

    tasks: Collection[str] | None = None
    bidders: Collection[str] | None = None
    quality: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("tasks", "bidders"):
            names = getattr(self, name)
            if names is not None:
                object.__setattr__(self, name, _check_names(name, names))
        for task in self.tasks or ():
            task_code(task)
        if self.quality is not None:
            object.__setattr__(self, "quality", _check_range(self.quality))

    @property
    def columns(self) -> tuple[str, ...]:
        """Per-step columns that `indices` looks at."""
        return () if self.quality is None else QUALITY_COLUMNS

    def indices(self, trajectories: Trajectories) -> IntArray:
        """Return the places of the trajectories that are wanted, ascending.

        Args:
            trajectories: Loaded or mapped, with the columns named by `columns`.

        Raises:
            InvalidArgumentError: For a bidder that played none of them.
        """
        keep = np.ones(len(trajectories), np.bool_)
        if self.tasks is not None:
            keep &= np.isin(trajectories.task, [task_code(name) for name in self.tasks])
        if self.bidders is not None:
            keep &= _played_by(trajectories, self.bidders)
        if self.quality is not None:
            low, high = self.quality
            places = quality(trajectories)
            keep &= (places >= low) & (places < high)  # all places are below 1
        return np.flatnonzero(keep)


def select(
    trajectories: Trajectories,
    *,
    tasks: Collection[str] | None = None,
    bidders: Collection[str] | None = None,
    quality: tuple[float, float] | None = None,
) -> IntArray:
    """Return the places of the trajectories that meet all conditions given, ascending.

    `trajectories.take(places)` copies them out; of mapped ones, `ContextWindows` reads just what a
    batch needs. The arguments are those of `Selection`.

    Raises:
        InvalidArgumentError: For an unknown task or bidder, or a range that is none.
    """
    return Selection(tasks, bidders, quality).indices(trajectories)


def quality(trajectories: Trajectories) -> Float64Array:
    """Return each trajectory's place among those of its task, from 0 (worst) to 1 (best), (n,).

    They are ordered by the strict Score of their expected values (see `auctionsim.tasks`): what the
    play was worth within the task's limit, without the luck of the coins. The place is the share of
    the task's trajectories that score less, plus half the share that scores the same, itself
    included: so equal Scores have equal places, and the mean is 1/2. A Score grows with the budget;
    compare advertisers of like budgets where that matters.

    Args:
        trajectories: Loaded or mapped, with `QUALITY_COLUMNS`.
    """
    scores = trajectories.totals(expected=True).score_strict
    result = np.empty(len(trajectories))
    for code in range(len(TASKS)):
        rows = np.flatnonzero(trajectories.task == code)
        ordered = np.sort(scores[rows])
        less = np.searchsorted(ordered, scores[rows], "left")
        not_more = np.searchsorted(ordered, scores[rows], "right")
        result[rows] = (less + not_more) / (2.0 * max(rows.size, 1))
    return result


def _played_by(trajectories: Trajectories, bidders: Collection[str]) -> NDArray[np.bool_]:
    held = set(trajectories.bidder)
    for name in bidders:
        if name not in held and held:
            raise unknown_name("bidders", name, held)
    wanted = set(bidders)
    return np.fromiter((name in wanted for name in trajectories.bidder), np.bool_)


def _check_names(argument: str, names: object) -> tuple[str, ...]:
    """Return names as a tuple; one text is not taken apart letter by letter."""
    found = names
    if not isinstance(names, str) and isinstance(names, Collection):
        odd = [name for name in names if not isinstance(name, str)]
        if not odd:
            return tuple(names)
        found = f"a {type(odd[0]).__name__}"
    raise invalid_argument(argument, "must be names, as texts", found, "Write ['bcb'], say.")


def _check_range(limits: object) -> tuple[float, float]:
    rule, mend = (
        "must be two numbers, 0 <= lowest < highest <= 1",
        "Give 0.9 and 1, say, for the best tenth.",
    )
    try:
        low, high = (float(limit) for limit in limits)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise invalid_argument("quality", rule, limits, mend) from None
    if not (math.isfinite(low) and math.isfinite(high) and 0.0 <= low < high <= 1.0):
        raise invalid_argument("quality", rule, f"{low:g}, {high:g}", mend)
    return low, high
