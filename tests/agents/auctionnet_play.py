"""Plays a strategy of AuctionNet's form at all seats of a small market, and notes what it sees."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import agents
from auctionsim import Simulation
from auctionsim.cast import Cast
from auctionsim.market import MarketConfig
from auctionsim.simulator import StepOutcome
from tests.agents.strategies import Pacing
from tests.auctionsim.worlds import LINEUP, world

Array = NDArray[Any]

AUCTIONNET = world(name="theirs", rules="auctionnet")
MARKETS = {"default": world(), "auctionnet": AUCTIONNET}
EVERYONE = np.arange(8)


class Noting(Pacing):
    """Notes what it is given, and what it is when reset."""

    def __init__(self, built: list[Noting]) -> None:
        super().__init__()
        self.calls: list[tuple[float, tuple[Any, ...]]] = []
        self.resets: list[dict[str, Any]] = []
        built.append(self)

    def reset(self) -> None:
        super().reset()
        self.resets.append(dict(vars(self)))

    def bidding(self, timeStepIndex: int, *given: Any) -> Array:
        self.calls.append((self.remaining_budget, (timeStepIndex, *given)))
        return super().bidding(timeStepIndex, *given)


@dataclass
class Played:
    """An episode all of whose seats a strategy played."""

    simulation: Simulation
    values: list[list[Array]] = field(default_factory=list)
    errors: list[list[Array]] = field(default_factory=list)
    remaining: list[Array] = field(default_factory=list)
    outcomes: list[StepOutcome] = field(default_factory=list)

    def sum(self, name: str) -> Array:
        """Sum over steps of something of the outcomes, (A,)."""
        rows = np.stack([getattr(outcome, name)[0] for outcome in self.outcomes])
        return np.asarray(rows.sum(axis=0))


def play(strategy: object, market: MarketConfig, budget: float | None = None) -> Played:
    simulation = Simulation(market, [3], 5)
    if budget is not None:
        campaigns = replace(simulation.campaigns, budget=np.full(8, budget))
        simulation = Simulation(market, [3], 5, campaigns=campaigns)
    taken = [("theirs", agents.from_auctionnet(strategy), EVERYONE)]
    cast = Cast(simulation.campaigns, LINEUP, taken)
    played = Played(simulation)
    while not simulation.done:
        told = [simulation.opportunities(seat) for seat in EVERYONE.tolist()]
        played.values.append([t.values for t in told])
        played.errors.append(
            [t.errors * (t.values / np.maximum(t.probabilities, 1e-30)) for t in told]
        )
        played.remaining.append(simulation.remaining_budget)
        answers = cast.decide(simulation, simulation.observe())
        played.outcomes.append(cast.play(simulation, *answers))
    return played


def noted(market: MarketConfig, budget: float | None = None) -> tuple[Played, list[Noting]]:
    """Play, and return the strategy that played each seat."""
    built: list[Noting] = []
    played = play(lambda: Noting(built), market, budget)
    return played, [strategy for strategy in built if strategy.calls]
