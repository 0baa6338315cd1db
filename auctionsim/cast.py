"""Who plays each seat of a simulation, and what happens when a bidder breaks its contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import (
    AnyBidder,
    Observation,
    OpportunityBidder,
    OpportunityResults,
    Outcome,
    watches,
)
from auctionsim.campaigns import Campaigns
from auctionsim.conduct import Breach, Conduct, Incident
from auctionsim.errors import invalid_argument
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.players import Answer, Bids, News, Player, View, Watch, seat_players
from auctionsim.registry import make, prepare
from auctionsim.simulator import Game, StepOutcome

IntArray = NDArray[np.int64]
Float64Array = NDArray[np.float64]
#: Told of every breach: the bidder, the flat seats, the step (None for `reset`), and what it is.
Report = Callable[[str, IntArray, int | None, Breach], None]
#: Returns the players of some seats.
Seating = Callable[[AnyBidder, IntArray, Campaigns, Watch | None], list[Player]]

#: What seats are called that somebody outside the cast plays.
OUTSIDE = "outside"


class Part:
    """One bidder and the flat seats it plays.

    Args:
        name: What the bidder is called.
        bidder: The bidder.
        seats: Flat seats.
        report: Told of every breach; may raise.
        time_limit: Seconds a call may take for each seat.
        watch: Told what the bidder is given.
        seating: Makes the players.
    """

    def __init__(
        self,
        name: str,
        bidder: AnyBidder,
        seats: IntArray,
        report: Report,
        *,
        time_limit: float | None = None,
        watch: Watch | None = None,
        seating: Seating = seat_players,
    ) -> None:
        self.name, self.seats = name, seats
        self.watches = watches(bidder)
        self.watches_closely = self.watches and isinstance(bidder, OpportunityBidder)
        self._bidder, self._watch, self._seating = bidder, watch, seating
        self._report, self._time_limit = report, time_limit
        self.players: list[Player] = []

    def reset(self, campaigns: Campaigns) -> None:
        """Begin an episode on this part's seats of all campaigns.

        Raises:
            BidderError: If the bidder breaks the contract, unless breaches are only reported.
        """
        mine = campaigns.take(self.seats)
        self.players = self._seating(self._bidder, self.seats, mine, self._watch)
        for player in self.players:
            try:
                player.begin()
            except Breach as breach:
                player.out = True
                self._report(self.name, player.seats, None, breach)

    def ask(self, view: View, multipliers: Float64Array, bids: dict[int, Bids]) -> None:
        """Ask the bidder what it wants, and hold it to the contract.

        Args:
            view: The step.
            multipliers: Of all seats; this part's are written.
            bids: Bids one by one by flat seat; added to.

        Raises:
            BidderError: If the bidder breaks the contract, unless breaches are only reported.
        """
        for player in self.players:
            if not player.out:
                answer = self._answer(player, view)
                multipliers[player.seats] = answer.multipliers
                if answer.bids is not None:
                    bids[int(player.seats[0])] = answer.bids

    def tell(self, news: News) -> None:
        """Tell the bidder what the step brought.

        Raises:
            BidderError: If the bidder breaks the contract, unless breaches are only reported.
        """
        for player in self.players:
            if not player.out:
                try:
                    player.tell(news)
                    self._check_time(player)
                except Breach as breach:
                    self._report(self.name, player.seats, news.outcome.step, breach)

    def _answer(self, player: Player, view: View) -> Answer:
        step = view.observation.step
        try:
            answer = player.ask(view)
            self._check_time(player)
        except Breach as breach:
            self._report(self.name, player.seats, step, breach)
            return Answer(np.zeros(len(player.seats)), None, {})
        for place, found in answer.breaches.items():
            self._report(self.name, player.seats[place : place + 1], step, found)
        return answer

    def _check_time(self, player: Player) -> None:
        limit = self._time_limit
        if limit is not None and player.seconds > limit * len(player.seats):
            rule = f"must take at most {limit:g} s a seat"
            raise Breach(rule, f"{player.seconds:.3g} s")


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
