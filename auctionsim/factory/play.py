"""Episodes of a line-up, played."""

from __future__ import annotations

from auctionsim.cast import Cast
from auctionsim.dataset.schema import Trajectories
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation


def play_episodes(
    market: MarketConfig, lineup: LineupConfig, seed: int, episodes: range
) -> Trajectories:
    """Let a line-up play episodes side by side; returns the trajectories of all seats."""
    simulation = Simulation(market, list(episodes), seed)
    return roll_out(simulation, seated(simulation, lineup))


def seated(simulation: Simulation, lineup: LineupConfig) -> Cast:
    """Return a cast of the line-up on all seats of a simulation."""
    campaigns = simulation.campaigns
    return Cast(campaigns, lineup, episodes=simulation.seat_episode, market=simulation.market)
