"""A strategy in the form of AuctionNet and the NeurIPS 2024 competition, played as it is.

    python examples/competition_strategy.py --episodes 10

`Threshold` knows nothing of auctionsim. It asks: at which price of a unit of value would the last
steps have used up what may now be spent a step? It then bids that price times the value.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import auctionsim
from agents import from_auctionnet
from auctionsim.registry import AnyBidder
from auctionsim.testing import check_bidder

STEPS, WINDOW = 48, 3
# Purchases cost less than was bid, so the dearest may be above the limit and their mean within it.
DEAREST = 1.2

Array = NDArray[Any]


class Threshold:
    """Buys at the price of value at which its budget lasts for the day."""

    def __init__(
        self, budget: float = 100.0, name: str = "Threshold", cpa: float = 2.0, category: int = 1
    ) -> None:
        self.budget = self.remaining_budget = budget
        self.name, self.cpa, self.category = name, cpa, category

    def reset(self) -> None:
        """Begin a day with the whole budget."""
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
    ) -> Array:
        """Return a bid for each opportunity of the step."""
        if not historyBid:
            return self.cpa * pValues
        values = np.concatenate([info[:, 0] for info in historyPValueInfo[-WINDOW:]])
        prices = np.concatenate(historyLeastWinningCost[-WINDOW:])
        money_a_step = self.remaining_budget / (STEPS - timeStepIndex)
        lasting = price_of_value(values, prices, money_a_step * len(historyBid[-WINDOW:]))
        return min(lasting, DEAREST * self.cpa) * pValues


def price_of_value(values: Array, prices: Array, money: float) -> float:
    """Return up to which price of a unit of value `money` buys all that was on offer."""
    asked = prices / np.maximum(values, 1e-12)
    cheapest_first = np.argsort(asked)
    bought = np.searchsorted(np.cumsum(prices[cheapest_first]), money)
    return float(np.append(asked[cheapest_first], np.inf)[bought])


def main(argv: Sequence[str] | None = None) -> None:
    """Check the strategy, score it beside two bidders on the same traffic, and print a table."""
    parser = argparse.ArgumentParser(description="A strategy in AuctionNet's form.")
    parser.add_argument("--market", default="tiny")
    parser.add_argument("--episodes", type=int, default=10)
    args = parser.parse_args(argv)

    bidder = from_auctionnet(Threshold())
    check_bidder(bidder)
    print("Threshold keeps the contract")
    print("cpa_mcb          value   cost / allowed        Score")
    players: dict[str, AnyBidder | str] = {"Threshold": bidder, "pid": "pid", "fixed": "fixed"}
    for name, player in players.items():
        found = auctionsim.evaluate(player, "cpa_mcb", args.market, args.episodes, protocol="wide")
        mean, error = found.metrics, found.standard_errors
        print(
            f"{name:12} {mean['value']:8.1f} {mean['cpa_ratio']:16.2f}"
            f" {mean['score_strict']:8.1f} ± {error['score_strict']:.1f}"
        )


if __name__ == "__main__":
    main()
