"""Strategies in the form of AuctionNet's, to try the bridge with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Strategy:
    """What strategies share; bids 60 times the value."""

    def __init__(
        self, budget: float = 100, name: str = "Strategy", cpa: float = 2, category: int = 1
    ) -> None:
        self.budget = self.remaining_budget = budget
        self.name, self.cpa, self.category = name, cpa, category

    def reset(self) -> None:
        self.remaining_budget = self.budget

    def bidding(
        self,
        timeStepIndex: int,
        pValues: Array,
        pValueSigmas: Array,
        historyPValueInfo: list[Array],
        historyBid: list[Array],
        historyAuctionResult: list[Array],
        historyImpressionResult: list[Array],
        historyLeastWinningCost: list[Array],
    ) -> Any:
        return 60.0 * pValues


class Pacing(Strategy):
    """Follows an even spend with a multiplier; its reset forgets to forget."""

    def __init__(self) -> None:
        super().__init__(name="Pacing")
        self.left: list[float] = []
        self.alpha = 0.0

    def bidding(self, timeStepIndex: int, pValues: Array, *others: Any) -> Array:
        self.left.append(float(self.remaining_budget))
        self.alpha = self.alpha or 0.8 * self.cpa
        if len(self.left) > 1:
            spent, even = self.left[-2] - self.left[-1], self.left[-1] / max(8 - timeStepIndex, 1)
            self.alpha *= float(np.clip((even + 1.0) / (spent + 1.0), 0.7, 1.3))
        return self.alpha * pValues


class PriceFollowing(Strategy):
    """Bids by what the last slot cost so far, and by what it won: uses every list it is given."""

    def bidding(
        self,
        timeStepIndex: int,
        pValues: Array,
        pValueSigmas: Array,
        historyPValueInfo: list[Array],
        historyBid: list[Array],
        historyAuctionResult: list[Array],
        historyImpressionResult: list[Array],
        historyLeastWinningCost: list[Array],
    ) -> Array:
        if timeStepIndex == 0:
            return self.cpa * pValues
        value = np.concatenate(historyPValueInfo)[:, 0].mean()
        cost = np.concatenate(historyAuctionResult)[:, 2].sum() + 1.0
        bid = np.concatenate(historyBid).sum() + 1.0
        seen = np.concatenate(historyImpressionResult).sum()
        price = np.concatenate(historyLeastWinningCost).mean()
        alpha = price / value * (1.0 + cost / bid) * (1.2 if seen < 50 else 1.0)
        return np.asarray(alpha * (pValues - 0.1 * pValueSigmas))


class Vandal(PriceFollowing):
    """Ruins all that it was given once it has decided."""

    def bidding(self, timeStepIndex: int, *given: Any) -> Array:
        bids = super().bidding(timeStepIndex, *given)
        for array in given[:2]:
            array.fill(np.nan)
        for arrays in given[2:]:
            arrays.clear()
        return bids


class Ascetic:
    """Has nothing but the method, and bids below 0 where it does not want to win."""

    def bidding(self, *given: Any) -> Array:
        values: Array = given[1]
        return np.where(np.arange(len(values)) % 2 == 0, 60.0 * values, -values - 1.0)
