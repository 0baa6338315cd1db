"""Bidders at their seats: each is asked, timed, and held to the contract in one place."""

from __future__ import annotations

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import (
    LARGEST_MULTIPLIER,
    AnyBidder,
    BatchBidder,
    Bidder,
    Observation,
    Opportunities,
    OpportunityBidder,
    OpportunityResults,
    Outcome,
)
from auctionsim.campaigns import Campaigns
from auctionsim.conduct import Breach
from auctionsim.errors import in_short

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
Bids = NDArray[np.floating[Any]]
#: Told everything that is handed to a bidder, before the bidder is: what it is called, and itself.
Watch = Callable[[str, object], None]


@dataclass(frozen=True)
class View:
    """A step as all seats see it.

    Attributes:
        observation: Of all seats.
        opportunities: What a seat is told of each opportunity, by flat seat.
    """

    observation: Observation
    opportunities: Callable[[int], Opportunities]


@dataclass(frozen=True)
class News:
    """What a step brought all seats.

    Attributes:
        outcome: Of all seats.
        results: What it brought a seat that bids one by one, by flat seat.
    """

    outcome: Outcome
    results: Callable[[int], OpportunityResults]


@dataclass(frozen=True)
class Answer:
    """What a player wants in a step.

    Attributes:
        multipliers: One a seat of the player.
        bids: Bids one by one, of a player with one seat; None to bid by multiplier.
        breaches: By place among the player's seats: what is wrong with its answer there.
    """

    multipliers: Float64Array
    bids: Bids | None
    breaches: dict[int, Breach]


class Player(ABC):
    """A bidder and the seats it decides on in one call.

    Attributes:
        seats: Flat seats.
        seconds: How long the last call took.
        out: Whether it has dropped out of the episode.
    """

    def __init__(self, seats: IntArray, watch: Watch | None = None) -> None:
        self.seats, self.seconds, self.out, self._watch = seats, 0.0, False, watch

    @abstractmethod
    def begin(self) -> None:
        """Begin the episode."""

    @abstractmethod
    def ask(self, view: View) -> Answer:
        """Return what the bidder wants; raises what it raises, or a `Breach`."""

    @abstractmethod
    def tell(self, news: News) -> None:
        """Tell the bidder what the step brought."""

    def close(self) -> None:  # noqa: B027 - most players hold nothing
        """Let go of what the player holds."""

    def _called(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a method of the bidder: watched and timed."""
        if self._watch is not None:
            for argument in arguments:
                self._watch(type(argument).__name__.lower(), argument)
        began = time.perf_counter()
        try:
            return function(*arguments)
        except Breach:
            raise
        except (Exception, SystemExit) as error:  # a bidder must not end the program either
            raise Breach("must not raise", f"{in_short(error)} in {name}") from error
        finally:
            self.seconds = time.perf_counter() - began


class BatchPlayer(Player):
    """One bidder that decides on all its seats at once."""

    def __init__(
        self, bidder: BatchBidder, seats: IntArray, campaigns: Campaigns, watch: Watch | None = None
    ) -> None:
        super().__init__(seats, watch)
        self._bidder, self._campaigns = bidder, campaigns

    def begin(self) -> None:
        """Reset the bidder."""
        self._called("reset", self._bidder.reset, self._campaigns)

    def ask(self, view: View) -> Answer:
        """Ask for all multipliers."""
        mine = view.observation.take(self.seats)
        answer = as_array(self._called("act", self._bidder.act, mine))
        if answer.shape != self.seats.shape or answer.dtype.kind not in "fiu":
            rule = f"must return one number a seat, shape {self.seats.shape}"
            raise Breach(rule, f"{answer.dtype} {answer.shape}")
        values = _doubles(answer)
        bad = out_of_range(values)
        if not bad.any():
            return Answer(values, None, {})
        breaches = {int(place): multiplier_breach(values[place]) for place in np.flatnonzero(bad)}
        return Answer(np.where(bad, 0.0, values), None, breaches)

    def tell(self, news: News) -> None:
        """Pass the outcome on."""
        self._called("observe", self._bidder.observe, news.outcome.take(self.seats))


class SeatPlayer(Player):
    """A copy of a single-seat bidder at its seat."""

    bidder: Bidder

    def __init__(
        self, prototype: Bidder, seat: int, campaigns: Campaigns, place: int,
        watch: Watch | None = None,
    ) -> None:  # fmt: skip
        super().__init__(np.array([seat]), watch)
        self._prototype, self._seat = prototype, seat
        self._campaigns, self._place = campaigns, place

    def begin(self) -> None:
        """Seat a fresh copy."""
        try:
            self.bidder = copy.deepcopy(self._prototype)
        except Exception as error:
            raise Breach("must be copyable, one copy a seat", in_short(error)) from error
        self._called("reset", self.bidder.reset, self._campaigns[self._place])

    def ask(self, view: View) -> Answer:
        """Ask for the seat's multiplier."""
        answer = self._called("act", self.bidder.act, self._observation(view))
        array = as_array(answer)
        if array.shape != () or array.dtype.kind not in "fiu":
            raise Breach("must return one number", f"{type(answer).__name__} {_repr(answer)}")
        values = _doubles(array).reshape(1)
        if out_of_range(values).any():
            raise multiplier_breach(values[0])
        return Answer(values, None, {})

    def _observation(self, view: View) -> Observation:
        mine = view.observation.take(self._seat)
        return replace(mine, features=mine.features.copy())  # trajectories keep the original

    def tell(self, news: News) -> None:
        """Pass the seat's outcome on."""
        self._called("observe", self.bidder.observe, news.outcome.take(self._seat))


class OpportunityPlayer(SeatPlayer):
    """A copy of a bidder that names a bid for every opportunity, at its seat."""

    bidder: OpportunityBidder

    def ask(self, view: View) -> Answer:
        """Ask for the seat's bids; a seat that does not take part is not asked."""
        if not view.observation.active[self._seat]:
            self.seconds = 0.0
            return Answer(np.zeros(1), None, {})
        observation, told = self._observation(view), view.opportunities(self._seat)
        bids = as_array(self._called("bid", self.bidder.bid, observation, told))
        if bids.shape != (len(told),) or bids.dtype.kind not in "fiu":
            rule = f"must return one number an opportunity, shape ({len(told)},)"
            raise Breach(rule, f"{bids.dtype} {bids.shape}")
        bids = _doubles(bids)
        bad = out_of_range(bids)
        if bad.any():
            rule = f"must return finite bids, >= 0 and <= {LARGEST_MULTIPLIER:g}"
            place = int(np.argmax(bad))
            raise Breach(rule, f"{bids[place]} for opportunity {place}")
        return Answer(np.zeros(1), bids, {})

    def tell(self, news: News) -> None:
        """Pass the seat's outcome on, opportunity by opportunity."""
        outcome = replace(news.outcome.take(self._seat), results=news.results(self._seat))
        self._called("observe", self.bidder.observe, outcome)


def seat_players(
    bidder: AnyBidder, seats: IntArray, campaigns: Campaigns, watch: Watch | None = None
) -> list[Player]:
    """Return the players that play some seats: one for all of them, or a copy each.

    Args:
        bidder: The bidder.
        seats: Flat seats, (n,).
        campaigns: Theirs, in this order.
        watch: Told what the bidder is given.
    """
    if isinstance(bidder, BatchBidder):
        return [BatchPlayer(bidder, seats, campaigns, watch)]
    kind = OpportunityPlayer if isinstance(bidder, OpportunityBidder) else SeatPlayer
    return [kind(bidder, int(s), campaigns, i, watch) for i, s in enumerate(seats)]


def as_array(answer: object) -> NDArray[Any]:
    """Return an answer as an array, whatever it is."""
    if isinstance(answer, np.ma.MaskedArray):
        raise Breach("must not return masked entries", type(answer).__name__)
    try:
        return np.asarray(answer)
    except Exception as error:  # rows of unequal length, or an object of its own mind
        raise Breach("must return numbers, as one or in an array", in_short(error)) from error


def _doubles(array: NDArray[Any]) -> Float64Array:
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, refused later
        return array.astype(np.float64)


def _repr(answer: object) -> str:
    try:
        return " ".join(repr(answer).split())[:60]
    except Exception:  # a whole number of many digits, or an object of its own mind
        return "that cannot be shown"


def out_of_range(values: Float64Array) -> NDArray[np.bool_]:
    """Return which values are not finite, negative or too large."""
    return ~((values >= 0.0) & (values <= LARGEST_MULTIPLIER))  # true for nan as well


def multiplier_breach(value: object) -> Breach:
    """Return the breach of a multiplier out of range."""
    rule = f"must return finite multipliers, >= 0 and <= {LARGEST_MULTIPLIER:g}"
    return Breach(rule, value)
