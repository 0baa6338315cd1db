"""Contests: bidders take over seats one at a time, while the others play a line-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

import auctionsim
from auctionsim.bidding import name_of
from auctionsim.cast import Cast
from auctionsim.conduct import Conduct, Incident
from auctionsim.dataset.schema import Trajectories
from auctionsim.evaluation.bounds import Bounds, bounds_against
from auctionsim.evaluation.result import Evaluation, Setting, summarise
from auctionsim.evaluation.takeover import Takeover, groups
from auctionsim.frozen import FrozenMarket, Recording, record_rivals
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.registry import AnyBidder, check_is_bidder, make, prepare
from auctionsim.rollout import roll_out
from auctionsim.simulator import Game, Simulation

# Runs stepped together: enough to keep all cores busy, few enough to stay small in memory.
_RUNS_AT_ONCE = 96
# Against frozen opponents a run is but one seat: more of them share the work of a step.
_FROZEN_RUNS_AT_ONCE = 480
_RECORDED_BYTES = 2**28

OnStep = Callable[[int], object]


@dataclass(frozen=True)
class Entrant:
    """A bidder that is scored.

    Attributes:
        name: What it is called.
        bidder: The bidder, prepared for the market.
        conduct: What happens when it breaks its contract.
    """

    name: str
    bidder: AnyBidder
    conduct: Conduct

    @classmethod
    def of(
        cls, bidder: AnyBidder | str, market: MarketConfig, conduct: Conduct | None = None
    ) -> Entrant:
        """Make a bidder ready to be scored in a market, given itself or its name.

        Raises:
            InvalidArgumentError: If there is no such bidder, or it is none.
        """
        player = make(bidder) if isinstance(bidder, str) else check_is_bidder(bidder)
        name = bidder if isinstance(bidder, str) else name_of(player)
        return cls(name, prepare(name, player, market), conduct or Conduct())


@dataclass(frozen=True)
class Contest:
    """Where bidders are scored.

    Attributes:
        market: The market.
        lineup: Plays the seats that are not taken over.
        seed: Seed of the episodes.
        episodes: Their numbers.
        frozen: Whether the line-up does not respond.
        bounds: Whether bounds in hindsight are worked out.
        states: Whether trajectories keep states and actions, most of their memory.
        recordings: Where recordings are kept from one play to the next, by episodes; None keeps
            none. All contests that share it must have market, line-up and seed in common.
    """

    market: MarketConfig
    lineup: LineupConfig
    seed: int
    episodes: Sequence[int]
    frozen: bool
    bounds: bool
    states: bool = True
    recordings: dict[tuple[int, ...], Recording] | None = None

    def steps(self, entrants: int, takeovers: int) -> int:
        """Return how many steps of episodes `play` will report."""
        return len(self.episodes) * self.market.steps * (entrants + self.bounds) * takeovers

    def play(
        self, entrants: Sequence[Entrant], takeovers: Sequence[Takeover], on_step: OnStep
    ) -> list[dict[str, Evaluation]]:
        """Let every bidder take over every seat, a few episodes at a time.

        Args:
            entrants: The bidders, with different names.
            takeovers: The seats; what the line-up bids is recorded once for all of them.
            on_step: Told how many steps of episodes were done, for progress.

        Returns:
            By takeover: evaluations by the bidders' names.

        Raises:
            BidderError: If a bidder breaks its contract, and may not sit out.
        """
        played: dict[tuple[int, str], list[Trajectories]] = {}
        incidents: dict[tuple[int, str], list[Incident]] = {}
        found: dict[int, list[Bounds]] = {}
        # Bidders of the line-up are never isolated.
        others = replace(entrants[0].conduct, isolate=False)
        most = max(len(takeover.seats) for takeover in takeovers)
        for group in groups(self.episodes, self._at_once(most)):
            recording = self._recording(group, others) if self.frozen or self.bounds else None
            against = recording if self.frozen else None
            for place, takeover in enumerate(takeovers):
                if self.bounds and recording is not None:
                    found.setdefault(place, []).append(bounds_against(recording, takeover))
                    on_step(len(group) * self.market.steps)
                for entrant in entrants:
                    key = place, entrant.name
                    rolled, broken = self._roll_out(entrant, takeover, group, against, on_step)
                    played.setdefault(key, []).append(rolled)
                    incidents.setdefault(key, []).extend(broken)
                    incidents[key] += [] if against is None else against.incidents
        return [
            self._sum_up(takeover, place, played, incidents, found.get(place))
            for place, takeover in enumerate(takeovers)
        ]

    def _recording(self, group: list[int], conduct: Conduct) -> Recording:
        """Record what the line-up bids in some episodes, or look it up."""
        kept = {} if self.recordings is None else self.recordings
        if tuple(group) not in kept:
            kept[tuple(group)] = record_rivals(
                self.market, group, self.seed, lineup=self.lineup, conduct=conduct
            )
        return kept[tuple(group)]

    def _sum_up(
        self,
        takeover: Takeover,
        place: int,
        played: dict[tuple[int, str], list[Trajectories]],
        incidents: dict[tuple[int, str], list[Incident]],
        parts: list[Bounds] | None,
    ) -> dict[str, Evaluation]:
        bounds = Bounds.concatenate(parts) if parts else None
        setting = Setting(
            market=self.market,
            lineup=self.lineup,
            seed=self.seed,
            budget_factor=takeover.budget_factor,
            frozen=self.frozen,
            semantics=auctionsim.SEMANTICS,
        )
        results = {}
        for key in [key for key in played if key[0] == place]:
            # Taken out, so that memory does not hold all of them twice.
            trajectories = Trajectories.concatenate(played.pop(key))
            results[key[1]] = summarise(
                takeover.task, trajectories, bounds, incidents[key], setting
            )
        return results

    def _roll_out(
        self,
        entrant: Entrant,
        takeover: Takeover,
        group: list[int],
        recording: Recording | None,
        on_step: OnStep,
    ) -> tuple[Trajectories, list[Incident]]:
        rolled, incidents = roll_out_alone(
            entrant, takeover, group, self.lineup, recording, on_step
        )
        return rolled if self.states else rolled.without_states(), incidents

    def _at_once(self, seats: int) -> int:
        """How many episodes to play side by side: few enough to stay small in memory."""
        size = max(1, (_FROZEN_RUNS_AT_ONCE if self.frozen else _RUNS_AT_ONCE) // seats)
        if self.frozen or self.bounds:
            width = 8 * (self.market.slots + 2) * max(self.market.opportunities, 1)
            size = min(size, max(1, _RECORDED_BYTES // width))
        return size


def roll_out_alone(
    entrant: Entrant,
    takeover: Takeover,
    episodes: Sequence[int],
    lineup: LineupConfig,
    recording: Recording | None = None,
    on_step: OnStep | None = None,
) -> tuple[Trajectories, list[Incident]]:
    """Let a bidder take over each seat alone, in some episodes, all runs side by side.

    Args:
        entrant: The bidder.
        takeover: The seats.
        episodes: Episode numbers; those of the recording, where there is one.
        lineup: Plays the other seats, where they respond.
        recording: Their bids, where they do not.
        on_step: Told after every step how many steps of an episode that was, for progress.

    Returns:
        Trajectories by episode and seat, and what the bidder broke of its contract.
    """
    runs, market = takeover.runs(episodes), takeover.market
    game: Game
    if recording is None:
        campaigns, replaced = takeover.among_others(episodes)
        game = Simulation(market, episodes, takeover.seed, runs=runs, campaigns=campaigns)
    else:
        campaigns = takeover.by_themselves(episodes)
        replaced = np.arange(len(campaigns))
        game = FrozenMarket(recording, campaigns, runs)
    taken = [(entrant.name, entrant.bidder, replaced)]
    tell = None if on_step is None else lambda: on_step(len(episodes))
    with Cast(
        campaigns,
        lineup,
        taken,
        conduct=entrant.conduct,
        episodes=game.seat_episode,
        market=market,
    ) as cast:
        return roll_out(game, cast, replaced, tell), list(cast.incidents)
