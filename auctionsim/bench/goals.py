"""What times and memory are to be held against."""

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


@dataclass(frozen=True)
class LayerGoal:
    """What an environment may add to the simulator's own time; None where there is no limit.

    Attributes:
        microseconds: To a step.
        share: Over the simulator's own.
    """

    microseconds: float | None = None
    share: float | None = None

    def met(self, microseconds: float, share: float) -> bool:
        """Return whether what was measured is within the limits."""
        ok_time = self.microseconds is None or microseconds <= self.microseconds
        return ok_time and (self.share is None or share <= self.share)


LAYER_GOALS: dict[str, LayerGoal] = {
    "tiny": LayerGoal(microseconds=50.0),
    "small": LayerGoal(share=0.1),
}


def layer_goal_for(market: MarketConfig) -> LayerGoal | None:
    """Return the goal of environments of a market, if there is one."""
    goal = LAYER_GOALS.get(market.name)
    return goal if goal is not None and market == load_market(market.name) else None


def goal_for(market: MarketConfig, case: str, threads: int) -> Goal | None:
    """Return the goal for a measurement, if there is one for its market, case and threads."""
    if threads != GOAL_THREADS or market != load_market(GOAL_MARKET):
        return None
    return GOALS.get(case)
