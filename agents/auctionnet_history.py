"""The past of one advertiser's episode, in the arrays that AuctionNet hands to its strategies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import OpportunityResults


class History:
    """Five lists of one array a past step, n opportunities each.

    - historyPValueInfo: value and its error, (n, 2) float64;
    - historyBid: bid as placed, 0 where dropped for over-spend, (n,) float64;
    - historyAuctionResult: 1 for a slot won, the slot from 1, and its price whether the ad was
      seen or not, 0 for none, (n, 3) float64;
    - historyImpressionResult: whether the ad was seen, and whether it converted, (n, 2) int64;
    - historyLeastWinningCost: the (slots + 1)-th bid or the reserve price, (n,) float64.

    A step takes about 72 bytes an opportunity: a seat of a market of AuctionNet's size 36 MB.
    """

    def __init__(self) -> None:
        self._lists: tuple[list[NDArray[Any]], ...] = ([], [], [], [], [])
        self._seen: NDArray[np.float64] | None = None

    def arguments(self) -> tuple[list[NDArray[Any]], ...]:
        """Return the lists in the order of AuctionNet's arguments; each call makes new lists."""
        return tuple(list(arrays) for arrays in self._lists)

    def see(self, values: NDArray[np.float64], errors: NDArray[np.float64]) -> None:
        """Keep what is known of the coming step's opportunities, each (n,)."""
        self._seen = np.stack((values, errors), axis=-1)

    def add(self, results: OpportunityResults) -> None:
        """Add the step last seen with its results; one that nothing was seen of is left out."""
        if self._seen is None:
            return
        won = results.slot > 0
        step = (
            self._seen,
            results.bids.astype(np.float64),
            np.stack((won, results.slot, results.price), axis=-1, dtype=np.float64),
            np.stack((results.exposed, results.conversions), axis=-1, dtype=np.int64),
            results.market_price.astype(np.float64),
        )
        for arrays, array in zip(self._lists, step, strict=True):
            arrays.append(array)
        self._seen = None
