"""Who plays each seat of a simulation, and what happens when a bidder breaks its contract."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import (
    AnyBidder,
    Observation,
    OpportunityResults,
    Outcome,
)
from auctionsim.campaigns import Campaigns
from auctionsim.conduct import Breach, Conduct, Incident
from auctionsim.errors import invalid_argument
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.parts import Part, Seating
from auctionsim.players import Bids, News, View, seat_players
from auctionsim.registry import make, prepare
from auctionsim.simulator import Game, StepOutcome

IntArray = NDArray[np.int64]
Float64Array = NDArray[np.float64]
#: What seats are called that somebody outside the cast plays.
OUTSIDE = "outside"


class Cast:
    """Who plays each seat of a simulation: a line-up, and bidders that take over some seats.

    Use it as a context, or close it, where bidders run in a process of their own.

    Args:
        campaigns: Campaigns of all seats.
        lineup: Plays every seat that nobody takes over.
        replacements: Bidders and the seats they take over; named for records. No seat twice.
        outside: Seats that somebody else plays.
        conduct: What happens when a bidder breaks its contract.
        episodes: Episode number of each seat, for records and errors.
        market: The market, for bidders of the line-up that prepare for it.
    """

    def __init__(
        self,
        campaigns: Campaigns,
        lineup: LineupConfig,
        replacements: Sequence[tuple[str, AnyBidder, IntArray]] | None = None,
        *,
        outside: IntArray | None = None,
        conduct: Conduct | None = None,
        episodes: IntArray | None = None,
        market: MarketConfig | None = None,
    ) -> None:
        self.conduct = conduct or Conduct()
        self.names = lineup.assign(campaigns)
        self.parts: list[Part] = []
        self.incidents: list[Incident] = []
        self._advertisers, self._episodes = campaigns.advertiser, episodes
        taken = np.zeros(len(campaigns), np.bool_)
        if outside is not None:
            self._take(taken, OUTSIDE, outside)
        for name, bidder, seats in replacements or []:
            self._take(taken, name, seats)
            self._add(name, bidder, seats, self._seating())
        for name in sorted({str(n) for n in self.names[~taken]}):
            bidder = make(name, **lineup.parameters.get(name, {}))
            if market is not None:
                prepare(name, bidder, market)
            self._add(name, bidder, np.flatnonzero(~taken & (self.names == name)), seat_players)
        try:
            for part in self.parts:
                part.reset(campaigns)
        except BaseException:
            self.close()
            raise

    def decide(
        self, simulation: Game, observation: Observation
    ) -> tuple[Float64Array, dict[int, Bids]]:
        """Ask every bidder what it wants in the coming step.

        Args:
            simulation: The simulation.
            observation: Of all its seats.

        Returns:
            Multipliers of all seats, (seats,), 0 for those outside; bids one by one by flat seat.

        Raises:
            BidderError: If a bidder breaks its contract, and `conduct` says to raise.
        """
        view = View(observation, simulation.opportunities)
        multipliers: Float64Array = np.zeros(len(observation))
        bids: dict[int, Bids] = {}
        for part in self.parts:
            part.ask(view, multipliers, bids)
        return multipliers, bids

    def play(
        self,
        simulation: Game,
        multipliers: Float64Array,
        bids: dict[int, Bids],
        *,
        keep_bids: bool = False,
        keep_sales: bool = False,
    ) -> StepOutcome:
        """Play the step, and tell the bidders that watch what it brought.

        Args:
            simulation: The simulation.
            multipliers: As `decide` returned them.
            bids: As `decide` returned them.
            keep_bids: Whether the outcome holds the highest bids on every opportunity.
            keep_sales: Whether it holds every sale; it does where a bidder watches closely.

        Raises:
            BidderError: If a bidder breaks its contract, and `conduct` says to raise.
        """
        step = simulation.step_index
        closely = keep_sales or any(part.watches_closely for part in self.parts)
        outcome = simulation.step(multipliers, bids, keep_sales=closely, keep_bids=keep_bids)
        watching = [part for part in self.parts if part.watches]
        if watching:
            news = news_of(step, outcome)
            for part in watching:
                part.tell(news)
        return outcome

    def close(self) -> None:
        """End the bidders' processes, and let go of the bidders."""
        for part in self.parts:
            for player in part.players:
                player.close()
            part.players = []

    def __enter__(self) -> Cast:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, taken: NDArray[np.bool_], name: str, seats: IntArray) -> None:
        if taken[seats].any() or len(np.unique(seats)) < len(seats):
            rule = "must not take over a seat twice"
            raise invalid_argument("replacements", rule, name, "Give each seat one bidder.")
        taken[seats] = True
        self.names[seats] = name

    def _add(self, name: str, bidder: AnyBidder, seats: IntArray, seating: Seating) -> None:
        limit = self.conduct.time_limit
        self.parts.append(
            Part(name, bidder, seats, self._report, time_limit=limit, seating=seating)
        )

    def _seating(self) -> Seating:
        if not self.conduct.isolate:
            return seat_players
        from auctionsim.isolation import isolated_seating

        return isolated_seating(self.conduct.time_limit)

    def _report(self, bidder: str, seats: IntArray, step: int | None, breach: Breach) -> None:
        if self.conduct.on_error == "raise":
            raise breach.error(bidder, step, self._place(seats)) from breach.__cause__
        for seat in seats.tolist():
            episode = None if self._episodes is None else int(self._episodes[seat])
            advertiser = int(self._advertisers[seat])
            self.incidents.append(Incident(bidder, episode, advertiser, step, str(breach)))

    def _place(self, seats: IntArray) -> str:
        if len(seats) > 1:
            return f"for its {len(seats)} seats"
        seat = int(seats[0])
        if self._episodes is None:
            return f"for seat {seat} (advertiser {self._advertisers[seat]})"
        return f"for seat {self._advertisers[seat]} of episode {self._episodes[seat]}"


def news_of(step: int, outcome: StepOutcome) -> News:
    """Return what bidders are told of a step; those that watch closely need its sales kept."""
    advertisers = outcome.cost.shape[1]
    told = Outcome(
        step=step,
        volume=np.repeat(outcome.volume, advertisers),
        market_price=np.repeat(outcome.market_price, advertisers),
        multiplier=outcome.multiplier.ravel(),
        mean_bid=outcome.mean_bid.ravel(),
        wins=outcome.wins.ravel(),
        exposed_wins=outcome.exposed_wins.ravel(),
        cost=outcome.cost.ravel(),
        conversions=outcome.conversions.ravel(),
        value=outcome.value.ravel(),
    )

    def results(seat: int) -> OpportunityResults:
        assert outcome.sales is not None
        return outcome.sales.results(seat)

    return News(told, results)
