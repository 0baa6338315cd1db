"""The episode loop: many runs of a market side by side, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.market import MarketConfig, load_market
from auctionsim.simulator.arguments import (
    check_bids_by_seat,
    check_chunk,
    check_days,
    check_episodes,
    check_multipliers,
    check_runs,
    check_seed,
)
from auctionsim.simulator.auction import Auctioneer
from auctionsim.simulator.campaign_arguments import check_campaigns
from auctionsim.simulator.game import Game
from auctionsim.simulator.ledger import new_ledger
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.seats import known_spreads, market_campaigns
from auctionsim.simulator.step import play_step
from auctionsim.simulator.tables import StepTables, StepTraffic
from auctionsim.traffic import Day, draw_day, episode_key


class Simulation(Game):
    """R runs of a market, stepped together. Use: observe, step, and so on until `done`.

    A run is one playing of an episode by A advertisers. Several runs may play the same episode:
    its traffic is then drawn once, and their outcomes differ only by what the seats did.
    All arrays of seats are flat, (R * A,), run by run, unless said otherwise.

    Args:
        market: A market, its name, or a path to its config.
        episodes: Episode numbers, >= 0; with `seed` they decide all randomness of traffic.
        seed: 0 <= seed < 2^64.
        runs: Place in `episodes` of each run's episode; by default one run an episode.
        campaigns: Campaigns of all seats, to replace the market's own; budgets are at most 1e30.
        days: Traffic parameters of each episode, to replace the market's own: recorded ones, say.
        chunk: Opportunities ranked ahead at a time; changes speed and memory only.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        market: MarketConfig | str,
        episodes: Sequence[int],
        seed: int = 0,
        *,
        runs: Sequence[int] | None = None,
        campaigns: Campaigns | None = None,
        days: Sequence[Day] | None = None,
        chunk: int = 16384,
    ) -> None:
        market = load_market(market)
        episodes = check_episodes(episodes)
        self.seed = check_seed(seed)
        run_episode = check_runs(runs, len(episodes))
        own_days = (draw_day(market, episode_key(self.seed, e)) for e in episodes)
        drawn = (
            list(own_days)
            if days is None
            else check_days(days, len(episodes), market.steps, market.advertisers)
        )
        own = market_campaigns(market, [drawn[e].key for e in run_episode])
        played = own if campaigns is None else check_campaigns(campaigns, own)
        super().__init__(market, episodes, run_episode, played, drawn)
        shape = self._shape
        self._traffic = StepTraffic(
            drawn,
            played.advertiser.reshape(shape),
            known_spreads(market, played).reshape(shape),
            run_episode,
        )
        self._auctioneer = Auctioneer(market, check_chunk(chunk))
        self._tables: StepTables | None = None

    def step(
        self,
        multipliers: ArrayLike,
        bids: Mapping[int, NDArray[np.floating]] | None = None,
        *,
        keep_sales: bool = False,
        keep_bids: bool = False,
    ) -> StepOutcome:
        """Play one step.

        Args:
            multipliers: Multipliers of all seats, finite and >= 0, flat or (R, A); those of seats
                with too small a budget are ignored.
            bids: For seats that bid one by one, by flat seat index: finite bids >= 0, (volume,).
            keep_sales: Whether the outcome holds every sale, opportunity by opportunity.
            keep_bids: Whether the outcome holds the slots + 2 highest bids on every opportunity.

        Returns:
            What the step brought.

        Raises:
            InvalidArgumentError: If the episode is over, or an argument breaks its rule.
        """
        self._check_not_done()
        tables, shape = self._current(), self._shape
        played = check_multipliers(multipliers, shape)
        given = check_bids_by_seat(bids)
        active = self.active.reshape(shape)
        played = np.where(active, played, np.float32(0.0))
        spent, budget = self._spent.copy(), self.campaigns.budget.reshape(shape)
        width = int(tables.volumes.max())
        room = (width if keep_sales else 0, width if keep_bids else 0)
        ledger = new_ledger(shape[0], self.market.slots, *room) if keep_sales or keep_bids else None
        outcome = play_step(self._auctioneer, tables, played, active, given, budget, spent, ledger)
        if ledger is not None and not keep_sales:
            outcome = replace(outcome, sales=None)
        if ledger is not None and not keep_bids:
            outcome = replace(outcome, top_bids=None)
        self._take_in(outcome, spent)
        self._tables = None
        return outcome

    def _current(self) -> StepTables:
        if self._tables is None:
            self._tables = self._traffic.draw(self.step_index)
        return self._tables
