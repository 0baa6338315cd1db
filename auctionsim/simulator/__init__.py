"""The episode loop: many runs of a market side by side."""

from auctionsim.simulator.game import Game
from auctionsim.simulator.outcome import Sales, SalesOfSeats, StepOutcome, TopBids
from auctionsim.simulator.seats import market_campaigns, with_tasks
from auctionsim.simulator.simulation import Simulation

__all__ = [
    "Game",
    "Sales",
    "SalesOfSeats",
    "Simulation",
    "StepOutcome",
    "TopBids",
    "market_campaigns",
    "with_tasks",
]
