"""Learns a table of responses from AuctionNet's logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.online_lp_table import CONVERSIONS, COST, VALUE, ResponseTable, persistence_of
from auctionsim.dataset.log_columns import LogBatch, check_values
from auctionsim.dataset.log_source import find_logs, read_batches
from auctionsim.hindsight.curves import response_curve
from auctionsim.tasks import TASKS

Float64Array = NDArray[np.float64]

#: Wide around AuctionNet's CPA targets, 60 to 130.
LOG_MULTIPLIERS = np.geomspace(2.0, 1300.0, 72)

_CELL, _CAMPAIGN = 1 << 32, 1 << 31


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
        # By campaign (category, period, advertiser) and step: opportunities, and their value.
        self._supply: dict[tuple[int, int, int], dict[int, Float64Array]] = defaultdict(dict)
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
        cells = category * _CELL + step
        for cell in np.unique(cells).tolist():
            rows = np.flatnonzero(cells == cell)
            p, price = columns["pValue"][rows], columns["leastWinningCost"][rows]
            cost, value, _ = response_curve(p, p, p, price[None, :], [1.0], self._grid)
            # A probability is a conversion's worth here: every conversion is worth 1.
            for place, bought in ((COST, cost), (CONVERSIONS, value), (VALUE, value)):
                self._sums[divmod(cell, _CELL)][:, place] += np.maximum(bought, 0.0)
        self._count(cells, period * _CAMPAIGN + advertiser, columns["pValue"])
        self._sold += float(columns["xi"].sum())
        self._seen += float((columns["xi"] * columns["isExposed"]).sum())

    def _count(
        self, cells: NDArray[np.int64], campaigns: NDArray[np.int64], values: Float64Array
    ) -> None:
        """Add up what each campaign was offered in each step."""
        (cell_codes, cell), (campaign_codes, campaign) = (
            np.unique(codes, return_inverse=True) for codes in (cells, campaigns)
        )
        pairs, place = np.unique(cell * len(campaign_codes) + campaign, return_inverse=True)
        found = np.stack([np.bincount(place), np.bincount(place, values)], axis=1)
        for pair, supply in zip(pairs.tolist(), found, strict=True):
            of_cell, of_campaign = divmod(pair, len(campaign_codes))
            category, step = divmod(int(cell_codes[of_cell]), _CELL)
            period, advertiser = divmod(int(campaign_codes[of_campaign]), _CAMPAIGN)
            day = self._supply[category, period, advertiser]
            day[step] = day.get(step, 0.0) + supply

    def table(self) -> ResponseTable:
        """Return the mean over the campaigns of each category."""
        ids = sorted({category for category, _, _ in self._supply})
        steps = max(step for _, step in self._sums) + 1
        supply = np.zeros((len(self._supply), steps, 2))
        for day, by_step in zip(supply, self._supply.values(), strict=True):
            for step, found in by_step.items():
                day[step] = found
        places = np.array([ids.index(category) for category, _, _ in self._supply])
        counts = np.bincount(places)
        mean = np.stack([supply[places == i].mean(axis=0) for i in range(len(ids))])
        curves = np.zeros((1, len(ids), steps, len(self._grid), 3))
        for (category, step), sums in self._sums.items():
            place = ids.index(category)
            curves[0, place, step] = sums / counts[place]
        exposed = self._seen / self._sold if self._sold > 0.0 else 1.0
        return ResponseTable(
            key="category",
            ids=np.array(ids),
            kinds=np.zeros(len(TASKS), np.int64),
            multipliers=self._grid,
            curves=curves * exposed,
            volume=supply[:, :, 0].mean(axis=0),
            mean_value=(mean[:, :, 1] / np.maximum(mean[:, :, 0], 1.0))[None],
            persistence=persistence_of(supply[:, :, 1], mean[places, :, 1]),
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
