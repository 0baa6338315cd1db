"""What constant multipliers buy in each step of a day: what `OnlineLp` learns from the past."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.dataset.files import write_whole
from auctionsim.errors import BidderError, describe, invalid_argument, invalid_data
from auctionsim.tasks import TASKS

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Whose curves a table holds: advertisers' of a simulated market, or categories' of a log.
KEYS: tuple[str, ...] = ("advertiser", "category")

#: What a curve counts, in this order: spend, expected conversions, expected value.
COST, CONVERSIONS, VALUE = range(3)

_MEND = "Learn the table anew."
_ARRAYS = ("kinds", "multipliers", "curves", "volume", "mean_value", "persistence")


@dataclass(frozen=True)
class ResponseTable:
    """Curves of response: the mean over training episodes of what each multiplier buys.

    Attributes:
        key: "advertiser" or "category": what `ids` are.
        ids: Whose the curves are, rising, (n,).
        kinds: By task code, which of the K sets of curves is that task's: tasks differ in how much
            the worth of conversions varies, (tasks,).
        multipliers: Rising, > 0, in currency a unit of value, (M,).
        curves: (K, n, T, M, 3) in the order of `COST`, `CONVERSIONS`, `VALUE`.
        volume: Opportunities of each step, (T,).
        mean_value: Mean value of an opportunity, (K, n, T).
        persistence: How much of what sets a step apart from its mean is still there k steps later,
            in [0, 1], (T,); see `persistence_of`.
        remaining: Sums of the curves over a step and all that follow, (K, n, T, M, 3).
        lasting: The same sums, each step weighed with its persistence, (K, n, T, M, 3).
    """

    key: str
    ids: IntArray
    kinds: IntArray
    multipliers: Float64Array
    curves: Float64Array
    volume: Float64Array
    mean_value: Float64Array
    persistence: Float64Array
    remaining: Float64Array = field(init=False, repr=False)
    lasting: Float64Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.key not in KEYS:
            rule = f"must be one of {', '.join(KEYS)}"
            raise invalid_data("table.key", rule, self.key, _MEND)
        for name, kind in (("ids", np.int64), ("kinds", np.int64)):
            _keep(self, name, _row(name, getattr(self, name), kind))
        for name in ("multipliers", "volume", "persistence"):
            _keep(self, name, _row(name, getattr(self, name), np.float64))
        self._check_rows()
        _keep(self, "curves", self._checked_curves())
        self._check_supply()
        _keep(self, "remaining", _ahead(self.curves, np.ones(self.steps)))
        _keep(self, "lasting", _ahead(self.curves, self.persistence))

    def _check_rows(self) -> None:
        grid, ids = self.multipliers, self.ids
        rising = len(grid) > 0 and grid[0] > 0.0 and np.isfinite(grid[-1])
        if not (rising and (np.diff(grid) > 0.0).all()):
            rule = "must rise and be finite and > 0"
            raise invalid_data("table.multipliers", rule, grid, _MEND)
        if not len(ids) or (np.diff(ids) <= 0).any():
            raise invalid_data("table.ids", "must rise, and not be empty", ids, _MEND)
        if len(self.kinds) != len(TASKS) or (self.kinds < 0).any():
            rule = f"must hold a place >= 0 for each of {len(TASKS)} tasks"
            raise invalid_data("table.kinds", rule, self.kinds, _MEND)

    def _checked_curves(self) -> Float64Array:
        curves = np.asarray(self.curves)
        kinds, (n, m) = int(self.kinds.max()) + 1, (len(self.ids), len(self.multipliers))
        shape = curves.shape
        if curves.dtype.kind != "f" or len(shape) != 5 or shape[2] < 1 or shape[0] < kinds:
            fits = False
        else:
            fits = (shape[1], shape[3], shape[4]) == (n, m, 3)
        if not fits:
            rule = f"must hold floats of shape ({kinds}, {n}, steps, {m}, 3)"
            raise invalid_data("table.curves", rule, f"{curves.dtype} {shape}", _MEND)
        if not (np.isfinite(curves) & (curves >= 0.0)).all():
            raise invalid_data("table.curves", "must be finite and >= 0", "others", _MEND)
        return np.ascontiguousarray(curves, np.float64)

    def _check_supply(self) -> None:
        mean = np.asarray(self.mean_value)
        if mean.dtype.kind != "f" or mean.shape != self.curves.shape[:3]:
            rule, found = f"must hold floats of shape {self.curves.shape[:3]}", mean.shape
            raise invalid_data("table.mean_value", rule, f"{mean.dtype} {found}", _MEND)
        _keep(self, "mean_value", mean.astype(np.float64))
        for name, most in (("mean_value", np.inf), ("volume", np.inf), ("persistence", 1.0)):
            row = getattr(self, name)
            if row.shape[-1] != self.steps or not ((row >= 0.0) & (row <= most)).all():
                rule = f"must hold a number a step, >= 0 and at most {most:g}"
                raise invalid_data(f"table.{name}", rule, row.shape, _MEND)

    @property
    def steps(self) -> int:
        """Steps of the day."""
        return int(self.curves.shape[2])

    def places(self, campaigns: Campaigns) -> IntArray:
        """Return the place of each campaign's curves in the flattened first two axes, (campaigns,).

        Raises:
            BidderError: If the table has other steps than the campaigns, or lacks one of them.
        """
        mend = "Learn the table from this market, or from logs that hold them all."
        if campaigns.steps != self.steps:
            rule = f"must have {campaigns.steps} steps, as the campaigns do"
            raise BidderError(describe("table", rule, self.steps, mend))
        wanted = getattr(campaigns, self.key)
        place = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        missing = wanted[self.ids[place] != wanted]
        if missing.size:
            rule = f"must hold a curve for every {self.key}"
            raise BidderError(describe("table", rule, f"none for {missing[0]}", mend))
        return np.asarray(self.kinds[campaigns.task] * len(self.ids) + place, np.int64)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table to an .npz file, whole or not at all."""
        where = Path(path)
        if where.suffix != ".npz":
            raise invalid_argument("path", "must end in .npz", str(where), "Rename it.")
        write_whole(
            where,
            lambda file: np.savez_compressed(
                file,
                key=np.array(self.key),
                ids=self.ids,
                **{name: getattr(self, name) for name in _ARRAYS},
            ),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ResponseTable:
        """Read a table written by `save`; nothing in the file can run code.

        Raises:
            InvalidDataError: If the file is no such table.
        """
        names = ("key", "ids", *_ARRAYS)
        rule = "must be a table of responses saved as .npz"
        try:
            # Opened here, since numpy leaves a file open that it cannot read.
            with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in names}
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
            found = f"{type(error).__name__}: {error}"
            raise invalid_data(str(path), rule, found, _MEND) from error
        return cls(key=str(arrays.pop("key")), **arrays)

    @classmethod
    def from_log(cls, source: str | Path | Sequence[str | Path]) -> ResponseTable:
        """Learn a table from AuctionNet's logs, by category; see `learn_from_log`."""
        from agents.online_lp_log import learn_from_log

        return learn_from_log(source)


def persistence_of(supply: Float64Array, mean: Float64Array) -> Float64Array:
    """Return how long a step's deviation from the mean lasts: its autocorrelation by lag, (T,).

    From the first lag on at which it is not positive, it is 0; where nothing deviates, from lag 1.

    Args:
        supply: What was on offer in each step of some days, (days, ..., T).
        mean: What is on offer in the mean, broadcast against it.
    """
    steps = supply.shape[-1]
    deviation = supply / np.where(mean > 0.0, mean, 1.0) - 1.0
    deviation = np.where(mean > 0.0, deviation, 0.0)
    result = np.zeros(steps)
    result[0] = 1.0
    for lag in range(1, steps):
        early, late = deviation[..., : steps - lag], deviation[..., lag:]
        size = float(np.sqrt((early**2).sum() * (late**2).sum()))
        shared = float((early * late).sum())
        if size == 0.0 or shared <= 0.0:
            break
        result[lag] = min(1.0, shared / size)
    return result


def _ahead(curves: Float64Array, weights: Float64Array) -> Float64Array:
    """Sum curves over each step and those that follow, weighed by how far off they are."""
    result, steps = np.zeros_like(curves), curves.shape[2]
    for lag in np.flatnonzero(weights).tolist():
        result[:, :, : steps - lag] += weights[lag] * curves[:, :, lag:]
    return result


def _row(name: str, value: Any, kind: type[np.generic]) -> NDArray[Any]:
    row = np.asarray(value)
    if row.ndim != 1 or row.dtype.kind not in ("iu" if kind is np.int64 else "fiu"):
        rule = "must be a row of numbers"
        raise invalid_data(f"table.{name}", rule, f"{row.dtype} {row.shape}", _MEND)
    return row.astype(kind)


def _keep(table: ResponseTable, name: str, value: NDArray[Any]) -> None:
    value.flags.writeable = False
    object.__setattr__(table, name, value)
