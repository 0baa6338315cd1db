"""What bidders play: seats that are asked step by step, whoever bids beside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.bidding import Observation, Opportunities
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.market import MarketConfig
from auctionsim.observation import FeatureTracker, StepSummary
from auctionsim.simulator.arguments import check_seat
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.tables import StepTables
from auctionsim.traffic import Day

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

# What bidders are told of the day so far, as outcomes name it.
_SO_FAR = ("conversions", "value", "predicted_conversions", "predicted_value")


class Game(ABC):
    """R runs of an episode, stepped together; each has A seats. Use: observe, step, until `done`.

    All arrays of seats are flat, (R * A,), run by run, unless said otherwise.

    Args:
        market: The market.
        episodes: Episode numbers.
        run_episode: Place in `episodes` of each run's episode.
        campaigns: Campaigns of all seats.
        days: Traffic parameters of each episode.
    """

    def __init__(
        self,
        market: MarketConfig,
        episodes: Sequence[int],
        run_episode: IntArray,
        campaigns: Campaigns,
        days: Sequence[Day],
    ) -> None:
        self.market = market
        self.episodes = list(episodes)
        self.run_episode = run_episode
        self.campaigns = campaigns
        self.step_index = 0
        self._days = list(days)
        self._spent = np.zeros(self._shape)
        self._so_far = np.zeros((len(_SO_FAR), *self._shape))
        self._tracker = FeatureTracker(campaigns.budget, market.steps)

    @abstractmethod
    def step(
        self,
        multipliers: ArrayLike,
        bids: Mapping[int, NDArray[np.floating]] | None = None,
        *,
        keep_sales: bool = False,
        keep_bids: bool = False,
    ) -> StepOutcome:
        """Play one step (see `Simulation.step`)."""

    @abstractmethod
    def _current(self) -> StepTables:
        """Return the coming step's opportunities, drawn once."""

    @property
    def _shape(self) -> tuple[int, int]:
        """Runs, and seats a run."""
        runs = len(self.run_episode)
        return runs, len(self.campaigns) // runs

    @property
    def days(self) -> list[Day]:
        """Traffic parameters of each episode; bidders are not told them."""
        return list(self._days)

    @property
    def seat_episode(self) -> IntArray:
        """Episode number of each seat."""
        return np.repeat(np.array(self.episodes)[self.run_episode], self._shape[1])

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

    def features(self) -> Float64Array:
        """Return the state features that `observe` tells all seats, (seats, features)."""
        runs, seats = self._shape
        if self.done:
            volume, mean_value = np.zeros(runs * seats), np.zeros(runs * seats)
        else:
            tables = self._current()
            volume = np.repeat(tables.volumes[self.run_episode], seats).astype(np.float64)
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
        tables, run, place = self._place(seat)
        return tables.row(int(self.run_episode[run]), int(tables.value_rows[run, place]))

    def prediction_errors(self, seat: int) -> NDArray[np.float32]:
        """Return the errors sigma of the coming step's probabilities for a seat, (volume,).

        sigma is the advertiser's error ratio of the day times the probability it is told.
        """
        return self.opportunities(seat).errors

    def opportunities(self, seat: int) -> Opportunities:
        """Return what a seat is told of the coming step's opportunities, in order of arrival."""
        tables, run, place = self._place(seat)
        episode, advertiser = int(self.run_episode[run]), self.campaigns.advertiser[seat]
        told = tables.row(episode, int(tables.probability_rows[run, place]))
        errors = told * np.float32(self._days[episode].error_ratio[advertiser])
        errors.flags.writeable = False
        return Opportunities(tables.row(episode, int(tables.value_rows[run, place])), told, errors)

    def _place(self, seat: int) -> tuple[StepTables, int, int]:
        """Return the tables of the coming step, and a flat seat's run and place within it."""
        self._check_not_done()
        runs, seats = self._shape
        run, place = divmod(check_seat("seat", seat, runs * seats), seats)
        return self._current(), run, place

    def _take_in(self, outcome: StepOutcome, spent: Float64Array) -> None:
        """Go on to the next step; only now, so that one that is broken off leaves no trace."""
        self._spent = spent
        for total, name in zip(self._so_far, _SO_FAR, strict=True):
            total += getattr(outcome, name)
        seats = self._shape[1]
        volume = np.repeat(outcome.volume, seats)
        per_opportunity = np.where(volume > 0, 1.0 / np.maximum(volume, 1), 0.0)
        self._tracker.update(
            StepSummary(
                volume=volume,
                mean_bid=outcome.mean_bid.ravel(),
                mean_market_price=np.repeat(outcome.market_price, seats),
                mean_value=outcome.mean_value.ravel(),
                mean_conversions=outcome.conversions.ravel() * per_opportunity,
                mean_win=outcome.wins.ravel() * per_opportunity,
                cost=outcome.cost.ravel(),
            )
        )
        self.step_index += 1

    def _check_not_done(self) -> None:
        if self.done:
            raise invalid_argument(
                "step", f"must be below the market's {self.market.steps} steps", self.step_index,
                "The episode is over: build a new one.",
            )  # fmt: skip
