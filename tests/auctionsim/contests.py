"""An episode in which one bidder plays some seats, and the line-up the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from auctionsim.bidding import AnyBidder
from auctionsim.cast import Cast
from auctionsim.conduct import Conduct, Incident
from auctionsim.dataset import Trajectories
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation
from tests.auctionsim.worlds import LINEUP, WORLD

EPISODE = 7


def play(
    bidder: AnyBidder, seats: list[int], **conduct: Any
) -> tuple[Trajectories, list[Incident]]:
    """Return the trajectories of all seats, and what the bidder broke."""
    simulation = Simulation(WORLD, [EPISODE])
    campaigns, taken = simulation.campaigns, [("nasty", bidder, np.array(seats))]
    episodes = simulation.seat_episode
    with Cast(campaigns, LINEUP, taken, conduct=Conduct(**conduct), episodes=episodes) as cast:
        return roll_out(simulation, cast), cast.incidents
