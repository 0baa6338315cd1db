"""OnlineLP's tables, which AuctionNet's public snapshot lacks, rebuilt from play.

For every category and step, a table lists what the rest of the day offers, cheapest first: the
price of a conversion, and what buying all that is no dearer costs. The rule is that of AuctionNet's
own training code (strategy_train_env/bidding_train_env/baseline/onlineLp): of every eighth chance
with a positive value and a price above the reserve, the price of a conversion is taken as
price / (value + 0.0001), and a line is kept for every 10 units of cost, up to 6,000.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
#: By category and step: price of a conversion and cumulated cost, rising, (lines, 2).
Table = dict[tuple[int, int], Float64Array]

HEADER = ("advertiserCategoryIndex", "timeStepIndex", "realCPA", "cum_cost")
_RESERVE = 1e-4
_SMALL_VALUE = 1e-4
_INTERVAL, _LARGEST_COST = 10.0, 6000.0


@dataclass(frozen=True)
class _Chances:
    """Some chances of one step in one category, each (n,)."""

    step: int
    price: Float64Array
    ratio: Float64Array


class TableMaker:
    """Gathers an episode's chances step by step, and makes OnlineLP's table of them.

    Args:
        category: Category of each advertiser, (A,).
        seed: Of the choice of chances.
        share: Of the chances that are taken.
    """

    def __init__(self, category: IntArray, seed: int, share: float = 1 / 8) -> None:
        self._category, self._share = category, share
        self._random = np.random.default_rng(seed)
        self._chances: dict[int, list[_Chances]] = {int(c): [] for c in np.unique(category)}

    def take_in(self, step: int, values: Float64Array, market_price: Float64Array) -> None:
        """Take in one step.

        Args:
            step: Its index.
            values: Value of each opportunity to each advertiser, (A, volume).
            market_price: Price of the last slot, (volume,).
        """
        for category, kept in self._chances.items():
            mine = values[self._category == category]
            price = np.broadcast_to(market_price, mine.shape)
            usable = (mine > 0.0) & (price > _RESERVE)
            chosen = usable & (self._random.random(mine.shape) < self._share)
            ratio = price[chosen] / (mine[chosen] + _SMALL_VALUE)
            kept.append(_Chances(step, price[chosen], ratio))

    def table(self, steps: int) -> Table:
        """Return the table of an episode with so many steps."""
        return {
            (category, step): lines
            for category, chances in self._chances.items()
            for step, lines in enumerate(_lines_by_step(chances, steps))
        }


def _lines_by_step(chances: list[_Chances], steps: int) -> list[Float64Array]:
    ratio = np.concatenate([c.ratio for c in chances])
    price = np.concatenate([c.price for c in chances])
    step_of = np.concatenate([np.full(len(c.price), c.step) for c in chances])
    order = np.argsort(ratio, kind="stable")
    ratio, price, step_of = ratio[order], price[order], step_of[order]
    lines = []
    for step in range(steps):
        left = step_of >= step
        cost = np.cumsum(price[left])
        affordable = cost < _LARGEST_COST
        lines.append(thinned(ratio[left][affordable], cost[affordable]))
    return lines


def thinned(ratio: Float64Array, cost: Float64Array) -> Float64Array:
    """Keep one line for every `_INTERVAL` of cumulated cost, and the last, (lines, 2)."""
    kept: list[int] = []
    last_cost, place = 0.0, 0
    while place < len(cost):
        place = int(np.searchsorted(cost, last_cost + _INTERVAL))
        place = min(place, len(cost) - 1)
        kept.append(place)
        last_cost, place = float(cost[place]), place + 1
    return np.stack((ratio[kept], cost[kept]), axis=-1) if kept else np.zeros((0, 2))


def write_table(path: Path, table: Table) -> None:
    """Write a table as OnlineLP reads it."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for (category, step), lines in table.items():
            writer.writerows([category, step, *line] for line in lines.tolist())
