"""Episodes with seats that are played from outside: the core that all environments share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.cast import Cast
from auctionsim.envs.actions import bids_of, multipliers_of
from auctionsim.envs.observations import Encoder, Observations
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.simulator import Simulation, StepOutcome, market_campaigns, with_tasks
from auctionsim.tasks import Totals
from auctionsim.traffic import draw_day, episode_key

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


class Episode:
    """One day in R runs, which may be of different seeds, stepped together.

    It is the same run that `auctionsim.evaluate` plays for these seats, seeds and episodes.

    Args:
        encoder: Makes the observations; its settings are the episode's.
        seeds: Seed of each run.
        numbers: Episode number of each run.
        seats: Flat seats played from outside, in the order of actions.
        lineup: Plays the other seats; None where there are none.

    Attributes:
        broken: Whether a step was broken off, by an opponent's error say: the day cannot go on.
    """

    def __init__(
        self,
        encoder: Encoder,
        seeds: Sequence[int],
        numbers: Sequence[int],
        seats: IntArray,
        lineup: LineupConfig | None,
    ) -> None:
        market = encoder.settings.market
        keys = [episode_key(s, e) for s, e in zip(seeds, numbers, strict=True)]
        days = [draw_day(market, key) for key in keys]
        asked = _with_task(market, keys, seats, encoder.settings.task)
        self.simulation = Simulation(market, numbers, seeds[0], campaigns=asked, days=days)
        campaigns = self.simulation.campaigns
        self.seats = seats
        self.broken = False
        self._everyone = len(seats) == len(campaigns)  # and then in order
        self.campaigns: Campaigns = campaigns.take(seats)
        self.expected_value: Float64Array = np.zeros(len(seats))
        self._cast = None if lineup is None else self._seat_others(lineup)
        self._look()
        self._encoder = encoder
        self._requirements = encoder.requirements(self.campaigns)
        self._values = self._look_at_opportunities()

    def _seat_others(self, lineup: LineupConfig) -> Cast:
        simulation = self.simulation
        return Cast(
            simulation.campaigns,
            lineup,
            outside=self.seats,
            episodes=simulation.seat_episode,
            market=simulation.market,
        )

    def is_over(self) -> bool:
        """Whether the day is over."""
        return self.simulation.done

    def observations(self) -> Observations:
        """Return what the outside seats see, as new arrays; after the last step, the end."""
        states = self.states()
        if self._values is None:
            return states
        return self._encoder.with_opportunities(states, self._values)

    def mine(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return what belongs to the outside seats of an array of all seats, (seats,)."""
        return array.reshape(-1) if self._everyone else array.take(self.seats)

    def states(self) -> Float32Array:
        """Return the states alone, (seats, width)."""
        features = self._features
        if not self._everyone:
            features = features.take(self.seats, axis=0)
        return self._encoder.states(features, self._requirements)

    def step(self, actions: Float32Array) -> StepOutcome:
        """Play one step, and observe the next.

        Args:
            actions: Of the outside seats, checked, (seats, 1) or with bids one by one
                (seats, volume).
        """
        simulation, cast = self.simulation, self._cast
        self.broken = True  # unless it comes to the end: bidders must not be asked twice
        multipliers, bids = self._bids(actions)
        if cast is None:
            outcome = simulation.step(multipliers, bids)
        else:
            everyone, rows = cast.decide(simulation, self._observation)
            everyone[self.seats] = multipliers
            outcome = cast.play(simulation, everyone, rows | bids)
        self.expected_value += self.mine(outcome.expected_value)
        self._look()
        self._values = self._look_at_opportunities()
        self.broken = False
        return outcome

    def _look(self) -> None:
        """See what the coming step is told before; all of it only if anybody wants to know."""
        if self._cast is None:
            self._features = self.simulation.features()
        else:
            self._observation = self.simulation.observe()
            self._features = self._observation.features

    def totals(self) -> Totals:
        """Return what the outside seats achieved so far, realised."""
        campaigns, seen = self.campaigns, self.simulation.observe()
        return Totals(
            task=campaigns.task,
            budget=campaigns.budget,
            cpa_target=campaigns.cpa_target,
            roas_target=campaigns.roas_target,
            cost=seen.cost[self.seats],
            conversions=seen.conversions[self.seats],
            value=seen.value[self.seats],
        )

    def _bids(self, actions: Float32Array) -> tuple[Float64Array, dict[int, Float32Array]]:
        """Return multipliers of the outside seats, and bids one by one by flat seat."""
        reference = self.campaigns.reference
        if self._values is None:
            return multipliers_of(actions.reshape(-1), reference), {}
        rows = zip(actions, reference.tolist(), self._values, strict=True)
        bids = [bids_of(x, price, values) for x, price, values in rows]
        return np.zeros(len(bids)), dict(zip(self.seats.tolist(), bids, strict=True))

    def _look_at_opportunities(self) -> list[Float32Array] | None:
        """Return the values of the coming step's opportunities, a row an outside seat."""
        if not self._encoder.settings.one_by_one:
            return None
        if self.is_over():
            return [np.zeros(0, np.float32)] * len(self.seats)
        return [self.simulation.values(seat) for seat in self.seats.tolist()]


def _with_task(
    market: MarketConfig, keys: Sequence[int], seats: IntArray, task: int | None
) -> Campaigns | None:
    """Return campaigns in which some seats have another task, None for the market's own."""
    if task is None:
        return None
    campaigns = market_campaigns(market, keys)
    tasks = campaigns.task.copy()
    tasks[seats] = task
    return with_tasks(market, campaigns, tasks)


def why_not(episode: Episode | None) -> str:
    """Say what keeps an environment from playing a step."""
    if episode is None:
        return "no reset yet"
    return "a day that was broken off" if episode.broken else "a day that is over"
