"""The episode loop: many runs of a market side by side, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.bidding import Observation, Opportunities
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.market import MarketConfig, load_market
from auctionsim.observation import FeatureTracker, StepSummary
from auctionsim.simulator.arguments import (
    check_bids_by_seat,
    check_chunk,
    check_days,
    check_episodes,
    check_multipliers,
    check_runs,
    check_seat,
    check_seed,
)
from auctionsim.simulator.auction import Auctioneer
from auctionsim.simulator.campaign_arguments import check_campaigns
from auctionsim.simulator.layout import Ledger
from auctionsim.simulator.ledger import new_ledger
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.seats import known_spreads, market_campaigns
from auctionsim.simulator.step import play_step
from auctionsim.simulator.tables import StepTables, StepTraffic
from auctionsim.traffic import Day, draw_day, episode_key

Float64Array = NDArray[np.float64]

# What bidders are told of the day so far, as outcomes name it.
_SO_FAR = ("conversions", "value", "predicted_conversions", "predicted_value")


class Simulation:
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
        self.market = load_market(market)
        self.episodes = check_episodes(episodes)
        self.seed = check_seed(seed)
        self.run_episode = check_runs(runs, len(self.episodes))
        own_days = (draw_day(self.market, episode_key(self.seed, e)) for e in self.episodes)
        self._days = (
            list(own_days)
            if days is None
            else check_days(days, len(self.episodes), self.market.steps, self.market.advertisers)
        )
        keys = [self._days[e].key for e in self.run_episode]
        own = market_campaigns(self.market, keys)
        self.campaigns = own if campaigns is None else check_campaigns(campaigns, own)
        self.step_index = 0
        self._traffic = StepTraffic(
            self.market, self._days, known_spreads(self.market, self.campaigns), self.run_episode
        )
        self._auctioneer = Auctioneer(self.market, check_chunk(chunk))
        self._spent = np.zeros(self._shape)
        self._so_far = np.zeros((4, *self._shape))
        self._tracker = FeatureTracker(self.campaigns.budget, self.market.steps)
        self._tables: StepTables | None = None

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.run_episode), self.market.advertisers

    @property
    def days(self) -> list[Day]:
        """Traffic parameters of each episode; bidders are not told them."""
        return list(self._days)

    @property
    def seat_episode(self) -> NDArray[np.int64]:
        """Episode number of each seat."""
        return np.repeat(np.array(self.episodes)[self.run_episode], self.market.advertisers)

    @property
    def done(self) -> bool:
        """Whether all steps were played."""
        return self.step_index >= self.market.steps

    @property
    def remaining_budget(self) -> Float64Array:
        """What is left of each seat's budget, in currency."""
        return self.campaigns.budget - self._spent.ravel()

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which seats take part in the step about to be played."""
        return self.remaining_budget >= self.market.min_remaining_budget

    def _current(self) -> StepTables:
        """Draw the step's opportunities, once."""
        if self._tables is None:
            self._tables = self._traffic.draw(self.step_index)
        return self._tables

    def features(self) -> Float64Array:
        """Return the state features that `observe` tells all seats, (seats, features)."""
        runs, advertisers = self._shape
        if self.done:
            volume, mean_value = np.zeros(runs * advertisers), np.zeros(runs * advertisers)
        else:
            tables = self._current()
            volume = np.repeat(tables.volumes[self.run_episode], advertisers).astype(np.float64)
            mean_value = tables.mean_value(self.run_episode).ravel()
        return self._tracker.features(self.step_index, self.remaining_budget, mean_value, volume)

    def observe(self) -> Observation:
        """Return what all seats see before the step; after the last step, the final state."""
        conversions, value, expected_conversions, expected_value = (
            total.ravel().copy() for total in self._so_far
        )
        return Observation(
            step=self.step_index,
            steps=self.market.steps,
            features=self.features(),
            remaining_budget=self.remaining_budget,
            cost=self._spent.ravel().copy(),
            conversions=conversions,
            value=value,
            expected_conversions=expected_conversions,
            expected_value=expected_value,
            active=self.active & (not self.done),
        )

    def values(self, seat: int) -> NDArray[np.float32]:
        """Return the values v = p e of the coming step's opportunities for a seat, (volume,)."""
        run, advertiser, tables = self._place(seat)
        return tables.row(self.run_episode[run], run, advertiser)

    def prediction_errors(self, seat: int) -> NDArray[np.float32]:
        """Return the errors sigma of the coming step's probabilities for a seat, (volume,).

        sigma is the advertiser's error ratio of the day times the probability it is told.
        """
        return self.opportunities(seat).errors

    def opportunities(self, seat: int) -> Opportunities:
        """Return what a seat is told of the coming step's opportunities, in order of arrival."""
        run, advertiser, tables = self._place(seat)
        episode = self.run_episode[run]
        told = tables.probabilities(episode, advertiser)
        errors = told * np.float32(self._days[episode].error_ratio[advertiser])
        errors.flags.writeable = False
        return Opportunities(tables.row(episode, run, advertiser), told, errors)

    def step(
        self,
        multipliers: ArrayLike,
        bids: Mapping[int, NDArray[np.floating]] | None = None,
        *,
        keep_sales: bool = False,
    ) -> StepOutcome:
        """Play one step.

        Args:
            multipliers: Multipliers of all seats, finite and >= 0, flat or (R, A); those of seats
                with too small a budget are ignored.
            bids: For seats that bid one by one, by flat seat index: finite bids >= 0, (volume,).
            keep_sales: Whether the outcome holds every sale, opportunity by opportunity.

        Returns:
            What the step brought.

        Raises:
            InvalidArgumentError: If the episode is over, or an argument breaks its rule.
        """
        self._check_not_done()
        tables = self._current()
        played = check_multipliers(multipliers, self._shape)
        given = check_bids_by_seat(bids)
        active = self.active.reshape(self._shape)
        played = np.where(active, played, np.float32(0.0))
        spent, budget = self._spent.copy(), self.campaigns.budget.reshape(self._shape)
        ledger = self._new_ledger(tables) if keep_sales else None
        outcome = play_step(self._auctioneer, tables, played, active, given, budget, spent, ledger)
        # Only now: a step that was broken off leaves the state as it was.
        self._spent = spent
        self._take_in(outcome)
        return outcome

    def _take_in(self, outcome: StepOutcome) -> None:
        for total, name in zip(self._so_far, _SO_FAR, strict=True):
            total += getattr(outcome, name)
        shape = self._shape
        volume = np.repeat(outcome.volume, shape[1])
        per_opportunity = np.where(volume > 0, 1.0 / np.maximum(volume, 1), 0.0)
        self._tracker.update(
            StepSummary(
                volume=volume,
                mean_bid=outcome.mean_bid.ravel(),
                mean_market_price=np.repeat(outcome.market_price, shape[1]),
                mean_value=outcome.mean_value.ravel(),
                mean_conversions=outcome.conversions.ravel() * per_opportunity,
                mean_win=outcome.wins.ravel() * per_opportunity,
                cost=outcome.cost.ravel(),
            )
        )
        self.step_index += 1
        self._tables = None

    def _new_ledger(self, tables: StepTables) -> Ledger:
        return new_ledger(self._shape[0], self.market.slots, int(tables.volumes.max()))

    def _place(self, seat: int) -> tuple[int, int, StepTables]:
        """Run and advertiser of a flat seat, and the tables of the coming step."""
        self._check_not_done()
        runs, advertisers = self._shape
        run, advertiser = divmod(check_seat("seat", seat, runs * advertisers), advertisers)
        return run, advertiser, self._current()

    def _check_not_done(self) -> None:
        if self.done:
            raise invalid_argument(
                "step", f"must be below the market's {self.market.steps} steps", self.step_index,
                "The episode is over: build a new Simulation.",
            )  # fmt: skip
