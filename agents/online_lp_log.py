"""Learns a table of responses from AuctionNet's logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.online_lp_table import CONVERSIONS, COST, VALUE, ResponseTable
from auctionsim.dataset.log_columns import LogBatch, check_values
from auctionsim.dataset.log_source import find_logs, read_batches
from auctionsim.hindsight.curves import response_curve
from auctionsim.tasks import TASKS

Float64Array = NDArray[np.float64]

#: Wide around AuctionNet's CPA targets, 60 to 130.
LOG_MULTIPLIERS = np.geomspace(2.0, 1300.0, 72)

_CELL = 1 << 32


class LogCurves:
    """Sums what multipliers would have bought, batch by batch, by category and step.

    A log says what the cheapest slot cost (`leastWinningCost`), not the dearer ones; so a bid that
    reaches it counts as one win at that price, seen as often as the log's winners were.

    Args:
        multipliers: Rising, > 0, (M,).
    """

    def __init__(self, multipliers: ArrayLike) -> None:
        self._grid = np.asarray(multipliers, np.float64)
        self._sums: dict[tuple[int, int], Float64Array] = defaultdict(self._nothing)
        self._campaigns: dict[int, set[tuple[int, int]]] = defaultdict(set)
        self._sold = self._seen = 0.0

    def _nothing(self) -> Float64Array:
        return np.zeros((len(self._grid), 3))

    def take_in(self, batch: LogBatch) -> None:
        """Add some rows of a log.

        Raises:
            InvalidDataError: If a value breaks its column's rule.
        """
        check_values(batch)
        columns = batch.columns
        category, step, period, advertiser = (
            columns[name].astype(np.int64)
            for name in (
                "advertiserCategoryIndex",
                "timeStepIndex",
                "deliveryPeriodIndex",
                "advertiserNumber",
            )
        )
        for cell in np.unique(category * _CELL + step).tolist():
            rows = np.flatnonzero(category * _CELL + step == cell)
            p, price = columns["pValue"][rows], columns["leastWinningCost"][rows]
            cost, value, _ = response_curve(p, p, p, price[None, :], [1.0], self._grid)
            # A probability is a conversion's worth here: every conversion is worth 1.
            for place, bought in ((COST, cost), (CONVERSIONS, value), (VALUE, value)):
                self._sums[divmod(cell, _CELL)][:, place] += np.maximum(bought, 0.0)
        who = np.unique(np.stack([category, period, advertiser], axis=1), axis=0)
        for c, day, number in who.tolist():
            self._campaigns[c].add((day, number))
        self._sold += float(columns["xi"].sum())
        self._seen += float((columns["xi"] * columns["isExposed"]).sum())

    def table(self) -> ResponseTable:
        """Return the mean over the campaigns of each category."""
        ids = sorted(self._campaigns)
        steps = max(step for _, step in self._sums) + 1
        curves = np.zeros((1, len(ids), steps, len(self._grid), 3))
        for (category, step), sums in self._sums.items():
            curves[0, ids.index(category), step] = sums / len(self._campaigns[category])
        exposed = self._seen / self._sold if self._sold > 0.0 else 1.0
        return ResponseTable(
            key="category",
            ids=np.array(ids),
            kinds=np.zeros(len(TASKS), np.int64),
            multipliers=self._grid,
            curves=curves * exposed,
        )


def learn_from_log(
    source: str | Path | Sequence[str | Path], multipliers: ArrayLike = LOG_MULTIPLIERS
) -> ResponseTable:
    """Learn a table from AuctionNet's raw logs, in memory that does not grow with them.

    Args:
        source: A file, a folder, or files: CSV, gzipped CSV or Parquet.
        multipliers: Rising, > 0, in currency a unit of value, (M,).

    Raises:
        InvalidDataError: If there is no log, or it breaks a rule.
        InvalidArgumentError: If the multipliers do not rise.
    """
    curves = LogCurves(multipliers)
    for batch in read_batches(find_logs(source)):
        curves.take_in(batch)
    return curves.table()
