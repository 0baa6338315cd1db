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
        remaining: Sums of the curves over a step and all that follow, (K, n, T, M, 3).
    """

    key: str
    ids: IntArray
    kinds: IntArray
    multipliers: Float64Array
    curves: Float64Array
    remaining: Float64Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.key not in KEYS:
            rule = f"must be one of {', '.join(KEYS)}"
            raise invalid_data("table.key", rule, self.key, _MEND)
        for name, kind in (("ids", np.int64), ("kinds", np.int64)):
            _keep(self, name, _row(name, getattr(self, name), kind))
        _keep(self, "multipliers", _row("multipliers", self.multipliers, np.float64))
        self._check_rows()
        _keep(self, "curves", self._checked_curves())
        remaining = np.flip(np.cumsum(np.flip(self.curves, 2), axis=2), 2)
        _keep(self, "remaining", np.ascontiguousarray(remaining))

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
                file, key=np.array(self.key), ids=self.ids, kinds=self.kinds,
                multipliers=self.multipliers, curves=self.curves,
            ),
        )  # fmt: skip

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ResponseTable:
        """Read a table written by `save`; nothing in the file can run code.

        Raises:
            InvalidDataError: If the file is no such table.
        """
        names = ("key", "ids", "kinds", "multipliers", "curves")
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


def _row(name: str, value: Any, kind: type[np.generic]) -> NDArray[Any]:
    row = np.asarray(value)
    if row.ndim != 1 or row.dtype.kind not in ("iu" if kind is np.int64 else "fiu"):
        rule = "must be a row of numbers"
        raise invalid_data(f"table.{name}", rule, f"{row.dtype} {row.shape}", _MEND)
    return row.astype(kind)


def _keep(table: ResponseTable, name: str, value: NDArray[Any]) -> None:
    value.flags.writeable = False
    object.__setattr__(table, name, value)
