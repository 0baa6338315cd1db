"""What the `paper` market's times and memory are to be held against."""

from __future__ import annotations

from dataclasses import dataclass

from auctionsim.market import MarketConfig, load_market

GOAL_THREADS = 2
GOAL_MARKET = "paper"

AUCTIONNET = "AuctionNet (alimama-tech/AuctionNet at c20de63), measured on 2 cores (AMD EPYC)"
AUCTIONNET_PEAK_MIB = 2521.0


@dataclass(frozen=True)
class Goal:
    """What a case of the paper market should take on two cores.

    Attributes:
        seconds: At most, for the whole case.
        auctionnet: Least and most seconds that AuctionNet took for an episode of this size; not
            part of the run that it is shown beside.
    """

    seconds: float
    auctionnet: tuple[float, float] | None = None


GOALS: dict[str, Goal] = {
    "fixed": Goal(0.15, (9.4, 36.8)),
    "lineup": Goal(0.3, (32.3, 46.1)),
    "alone": Goal(5.0),
}


def goal_for(market: MarketConfig, case: str, threads: int) -> Goal | None:
    """Return the goal for a measurement, if there is one for its market, case and threads."""
    if threads != GOAL_THREADS or market != load_market(GOAL_MARKET):
        return None
    return GOALS.get(case)
