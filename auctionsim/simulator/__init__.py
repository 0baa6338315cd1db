"""The episode loop: many runs of a market side by side."""

from auctionsim.simulator.outcome import Sales, StepOutcome
from auctionsim.simulator.seats import market_campaigns, with_tasks
from auctionsim.simulator.simulation import Simulation

__all__ = ["Sales", "Simulation", "StepOutcome", "market_campaigns", "with_tasks"]
