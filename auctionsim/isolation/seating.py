"""Players whose bidder is in another process; they behave like those of `seat_players`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from auctionsim.bidding import AnyBidder, BatchBidder, OpportunityBidder
from auctionsim.campaigns import Campaigns
from auctionsim.isolation.bidder_process import Stopped
from auctionsim.isolation.calls import Given, answer_in
from auctionsim.isolation.channel import Message
from auctionsim.isolation.record import Call
from auctionsim.isolation.supervisor import Supervisor, T
from auctionsim.players import Answer, IntArray, News, Player, View, Watch

if TYPE_CHECKING:  # a bidder's process imports this package too, and needs no simulator
    from auctionsim.parts import Seating


def isolated_seating(time_limit: float | None) -> Seating:
    """Return what seats a bidder in a process of its own, one for all its seats.

    The process starts with the first call and ends when the players are closed. What the bidder
    prints appears where this process prints. The bidder itself stays as it was: copies of it play.

    A call that does not answer in time, or ends the process, is a breach that costs the seat the
    rest of the episode. The process then starts anew, and all other seats are brought back where
    they were, by giving them once more all they were given: every stop costs a start and that much
    play again. The record of it goes to a temporary file beyond 64 MiB. A `BatchBidder` plays all
    its seats in one call, and loses all. What the bidder started ends with its process; processes
    of `multiprocessing` it cannot start.

    Args:
        time_limit: Seconds a call may take for each seat; None for no limit. To start, import and
            load the bidder the process has 60 s, and all `reset` together have 60 s beyond the
            limit.

    Raises:
        InvalidArgumentError: From the players: if the bidder cannot be sent to another process, or
            the process does not start.
    """

    def seat(
        bidder: AnyBidder, seats: IntArray, campaigns: Campaigns, watch: Watch | None
    ) -> list[Player]:
        # Nothing is watched: a bidder over there cannot change what we hold.
        together = isinstance(bidder, BatchBidder)
        groups = [seats] if together else [seats[i : i + 1] for i in range(len(seats))]
        supervisor = Supervisor(bidder, time_limit)
        supervisor.tell_all(campaigns, lambda: campaigns)
        kind = (
            IsolatedOpportunityPlayer if isinstance(bidder, OpportunityBidder) else IsolatedPlayer
        )
        return [kind(supervisor, place, mine, seats) for place, mine in enumerate(groups)]

    return seat


class IsolatedPlayer(Player):
    """A player that is played in another process.

    Args:
        supervisor: Of that process.
        place: Place among its players.
        seats: The player's seats.
        everyone: Seats of all players there.
    """

    def __init__(
        self, supervisor: Supervisor, place: int, seats: IntArray, everyone: IntArray
    ) -> None:
        super().__init__(seats)
        self._supervisor, self._place, self._everyone = supervisor, place, everyone

    def begin(self) -> None:
        """Reset the bidder."""
        self._call("begin", None, _nothing)

    def ask(self, view: View) -> Answer:
        """Ask for the multipliers."""
        self._supervisor.tell_all(view, lambda: view.observation.take(self._everyone))
        n = len(self.seats)
        return self._call("ask", None, lambda message: answer_in(message, n, None), n)

    def tell(self, news: News) -> None:
        """Pass the outcome on."""
        self._supervisor.tell_all(news, lambda: news.outcome.take(self._everyone))
        self._call("tell", None, _nothing)

    def close(self) -> None:
        """End the process, which is that of all players."""
        self._supervisor.close()

    def _call(
        self, method: str, given: Given | None, read: Callable[[Message], T], numbers: int = 0
    ) -> T:
        try:
            call = Call(method, self._place, len(self.seats), numbers)
            return self._supervisor.call(call, given, read)
        except Stopped:
            self.out = True
            raise
        finally:
            self.seconds = self._supervisor.seconds


class IsolatedOpportunityPlayer(IsolatedPlayer):
    """The same for a seat that names a bid for every opportunity."""

    def ask(self, view: View) -> Answer:
        """Ask for the bids; a seat that does not take part is not asked."""
        seat = int(self.seats[0])
        if not view.observation.active[seat]:
            self.seconds = 0.0
            return Answer(np.zeros(1), None, {})
        self._supervisor.tell_all(view, lambda: view.observation.take(self._everyone))
        told = view.opportunities(seat)
        volume = len(told)
        return self._call("ask", told, lambda message: answer_in(message, 1, volume), 1 + volume)

    def tell(self, news: News) -> None:
        """Pass the outcome on, opportunity by opportunity."""
        self._supervisor.tell_all(news, lambda: news.outcome.take(self._everyone))
        self._call("tell", news.results(int(self.seats[0])), _nothing)


def _nothing(message: Message) -> None:
    """Read the answer to what is no question."""
