"""Many tasks out of few: trajectories divided by kind, tightness of the target, and category."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError, invalid_argument, invalid_data
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS
from vao.cutting import cuts, most_bins

__all__ = ["Division", "Group", "tightness"]

_BOUNDS = {CPA_MCB: ("CPA target", "cpa_target"), TARGET_ROAS: ("ROAS target", "roas_target")}
_BUDGET = ("budget", "budget")


@dataclass(frozen=True)
class Group:
    """One of the tasks that trajectories are divided into.

    Attributes:
        name: Such as "bcb, category 2, budget 3/8": the third of eight ranges, from the lowest.
        task: Code of its kind.
        category: The advertisers' category; None for all.
        low: Least tightness (see `tightness`) that belongs to it; -inf without an end.
        high: Least that does not; inf without an end.
    """

    name: str
    task: int
    category: int | None = None
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Division:
    """Tasks as kind x category x range of tightness, learned from training data.

    Every kind has a group; the rest go one by one to the kind whose groups are largest. A kind
    with a group or more for each of its categories is divided by category first, and each category
    by tightness; one with fewer is divided by tightness alone. Ranges are cut as evenly as ties
    allow. The same trajectories give the same groups, in whatever order they come.

    Attributes:
        groups: In order of kind, category and tightness; no trajectory belongs to two of them.
    """

    groups: tuple[Group, ...]

    @classmethod
    def fit(cls, training: Trajectories, groups: int, least: int = 10) -> Division:
        """Divide training trajectories into so many groups.

        Args:
            training: Its tasks, categories, budgets and targets are used.
            groups: How many; at least one for each kind of task that occurs.
            least: Trajectories that each group must have.

        Raises:
            InvalidArgumentError: If there cannot be so few groups, or not so many of this size.
            InvalidDataError: If a budget or a target that a kind needs is no finite number.
        """
        _check_count("groups", groups)
        _check_count("least", least)
        kinds = [_Kind.of(training, task, least) for task in np.unique(training.task).tolist()]
        if groups < len(kinds) or not kinds:
            rule = "must be >= 1 for each kind of task that occurs"
            raise invalid_argument("groups", rule, f"{groups} for {len(kinds)} kinds", "Raise it.")
        counts = _apportion([len(k.values) for k in kinds], [k.most for k in kinds], groups)
        if counts is None:
            most = sum(kind.most for kind in kinds)
            raise _too_many(groups, most, least)
        return cls(tuple(g for kind, n in zip(kinds, counts, strict=True) for g in kind.divided(n)))

    @property
    def names(self) -> tuple[str, ...]:
        """The groups' names."""
        return tuple(group.name for group in self.groups)

    def assign(self, trajectories: Trajectories) -> NDArray[np.int64]:
        """Return the place of each trajectory's group, (n,).

        Tightness beyond what training data had belongs to the outermost range.

        Raises:
            InvalidDataError: If a trajectory is of a kind, or of a category of a kind divided by
                category, that the training data lacked; or as `fit`.
        """
        places = np.full(len(trajectories), -1, np.int64)
        found = tightness(trajectories)
        for place, group in enumerate(self.groups):
            mine = (trajectories.task == group.task) & (found >= group.low) & (found < group.high)
            if group.category is not None:
                mine &= trajectories.category == group.category
            places[mine] = place
        if (places < 0).any():
            first = int(np.flatnonzero(places < 0)[0])
            kind, category = TASKS[trajectories.task[first]], int(trajectories.category[first])
            rule = "must be of a kind and category that training data had"
            value = f"{kind}, category {category}"
            raise invalid_data("trajectories", rule, value, "Divide anew, or leave them out.")
        return places


def tightness(trajectories: Trajectories) -> NDArray[np.float64]:
    """What tells campaigns of one kind apart, (n,): the target of CPA or ROAS, else the budget.

    Raises:
        InvalidDataError: If one is not a finite number.
    """
    found = np.empty(len(trajectories), np.float64)
    for task in np.unique(trajectories.task).tolist():
        column = _BOUNDS.get(task, _BUDGET)[1]
        mine = trajectories.task == task
        found[mine] = getattr(trajectories, column)[mine]
        wrong = mine & ~np.isfinite(found)
        if wrong.any():
            rule = f"must be finite for {TASKS[task]}"
            raise invalid_data(column, rule, found[wrong][0], "Mend the data.")
    return found


@dataclass(frozen=True, eq=False)
class _Kind:
    """What one kind of task has to divide."""

    task: int
    least: int
    values: NDArray[np.float64]
    category: NDArray[np.int64]

    @classmethod
    def of(cls, trajectories: Trajectories, task: int, least: int) -> _Kind:
        own = trajectories.take(np.flatnonzero(trajectories.task == task))
        if len(own) < least:
            rule = f"must be <= {len(own)}, the trajectories of {TASKS[task]}"
            raise invalid_argument("least", rule, least, "Lower it, or give more trajectories.")
        return cls(task, least, tightness(own), own.category.astype(np.int64))

    @property
    def parts(self) -> dict[int, NDArray[np.float64]]:
        """Tightness by category."""
        return {c: self.values[self.category == c] for c in np.unique(self.category).tolist()}

    @property
    def most(self) -> int:
        """The largest number of groups."""
        each = [most_bins(part, self.least) for part in self.parts.values()]
        return max(most_bins(self.values, self.least), sum(each) if min(each) else 0)

    def divided(self, groups: int) -> list[Group]:
        """Groups of this kind, so many."""
        parts = self.parts
        counts = _apportion(
            [len(part) for part in parts.values()],
            [most_bins(part, self.least) for part in parts.values()],
            groups,
        )
        if counts is None or len(parts) == 1:
            most = most_bins(self.values, self.least)
            if groups > most:
                rule = f"must leave {TASKS[self.task]} at most {most} groups, or {len(parts)}"
                value = f"{groups} of them"
                raise invalid_argument("groups", rule, value, "Ask for fewer or more groups.")
            return self._ranges(self.values, groups, None)
        return [
            group
            for (category, part), n in zip(parts.items(), counts, strict=True)
            for group in self._ranges(part, n, category)
        ]

    def _ranges(self, values: NDArray[np.float64], bins: int, category: int | None) -> list[Group]:
        """Groups of a category, or of all, by tightness."""
        ends = [-math.inf, *cuts(values, bins, self.least), math.inf]
        name = TASKS[self.task] + ("" if category is None else f", category {category}")
        what = _BOUNDS.get(self.task, _BUDGET)[0]
        names = [f"{name}, {what} {i + 1}/{bins}" if bins > 1 else name for i in range(bins)]
        return [
            Group(title, self.task, category, low, high)
            for title, low, high in zip(names, ends[:-1], ends[1:], strict=True)
        ]


def _apportion(sizes: Sequence[int], most: Sequence[int], groups: int) -> list[int] | None:
    """Groups of each part, one at least and `most` at most; None if that cannot be."""
    if groups < len(sizes) or groups > sum(most) or not all(most):
        return None
    counts = [1] * len(sizes)
    for _ in range(groups - len(sizes)):
        open_ = [i for i, count in enumerate(counts) if count < most[i]]
        counts[max(open_, key=lambda i: (sizes[i] / counts[i], -i))] += 1
    return counts


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid_argument(name, "must be whole and >= 1", value, "Change it.")


def _too_many(groups: int, most: int, least: int) -> InvalidArgumentError:
    rule = f"must be <= {most}, with {least} trajectories or more of different tightness in each"
    return invalid_argument("groups", rule, groups, "Lower it or `least`, or add trajectories.")
