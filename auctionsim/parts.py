"""One bidder in a cast: asked, told and held to its contract at all of its seats."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import AnyBidder, OpportunityBidder, watches
from auctionsim.campaigns import Campaigns
from auctionsim.conduct import Breach
from auctionsim.players import Answer, Bids, News, Player, View, Watch, seat_players

IntArray = NDArray[np.int64]
Float64Array = NDArray[np.float64]
#: Told of every breach: the bidder, the flat seats, the step (None for `reset`), and what it is.
Report = Callable[[str, IntArray, int | None, Breach], None]
#: Returns the players of some seats.
Seating = Callable[[AnyBidder, IntArray, Campaigns, Watch | None], list[Player]]


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
