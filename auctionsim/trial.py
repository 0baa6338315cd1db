"""Trials of a bidder: it plays an episode, and is shown it again in other ways."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import (
    AnyBidder,
    Observation,
    Opportunities,
    OpportunityResults,
    Outcome,
)
from auctionsim.campaigns import Campaigns
from auctionsim.cast import news_of
from auctionsim.conduct import Breach
from auctionsim.errors import BidderError, describe
from auctionsim.parts import Part
from auctionsim.players import Bids, News, View
from auctionsim.simulator import SalesOfSeats, Simulation

__all__ = ["Episode", "Trial"]

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Shown:
    """What all seats were shown in a step.

    Attributes:
        observation: Of all seats.
        opportunities: By flat seat, of those that asked for it.
        outcome: Of all seats.
        sales: Every sale, for bidders that watch closely.
    """

    observation: Observation
    opportunities: Mapping[int, Opportunities]
    outcome: Outcome
    sales: SalesOfSeats | None


@dataclass(frozen=True)
class Asked:
    """What a bidder answered in a step.

    Attributes:
        multipliers: Of all seats; 0 where the bidder did not play.
        bids: Bids one by one, by flat seat.
        seconds: How long its calls took together.
    """

    multipliers: Float64Array
    bids: dict[int, Bids]
    seconds: float


@dataclass(frozen=True)
class Episode:
    """An episode that a bidder played on all seats."""

    campaigns: Campaigns
    shown: list[Shown]
    asked: list[Asked]


class Trial:
    """Plays and compares on behalf of one named bidder.

    Args:
        name: What the bidder is called.
        tolerance: Relative difference allowed between batches.
        time_limit: Seconds a call may take for each seat; None for no limit.
    """

    def __init__(self, name: str, tolerance: float, time_limit: float | None = None) -> None:
        self._name, self._tolerance, self._limit = name, tolerance, time_limit

    def record(self, bidder: AnyBidder, simulation: Simulation) -> Episode:
        """Let the bidder play all seats of a simulation.

        Raises:
            BidderError: If it breaks its contract.
        """
        campaigns = simulation.campaigns
        table = _Table(self._name, bidder, np.arange(len(campaigns)), campaigns, self._limit)
        shown, asked = [], []
        while not simulation.done:
            observation = simulation.observe()
            told: dict[int, Opportunities] = {}

            def opportunities(seat: int, told: dict[int, Opportunities] = told) -> Opportunities:
                told[seat] = simulation.opportunities(seat)
                return told[seat]

            answer = table.ask(View(observation, opportunities))
            outcome = simulation.step(
                answer.multipliers, answer.bids, keep_sales=table.part.watches_closely
            )
            news = news_of(observation.step, outcome)
            table.tell(news)
            shown.append(Shown(observation, told, news.outcome, outcome.sales))
            asked.append(answer)
        self._check_unchanged(table)
        return Episode(campaigns, shown, asked)

    def same_again(self, fresh: AnyBidder, episode: Episode) -> None:
        """Show a fresh copy an episode."""
        self._replay(
            fresh, episode, np.arange(len(episode.campaigns)), 0.0,
            "must play the same episode in the same way each time",
            "Draw randomness from campaign.key, and use no clock and no state outside the bidder.",
        )  # fmt: skip

    def same_after_another(self, bidder: AnyBidder, episode: Episode) -> None:
        """Show a bidder an episode that it played before its last one."""
        self._replay(
            bidder, episode, np.arange(len(episode.campaigns)), 0.0,
            "must play an episode in the same way whatever it played before",
            "Let reset forget all of the last episode, and draw randomness from campaign.key.",
        )  # fmt: skip

    def other_batch(self, bidder: AnyBidder, episode: Episode, seats: IntArray) -> list[float]:
        """Show a bidder some seats of an episode only; returns the seconds of each step."""
        return self._replay(
            bidder, episode, seats, self._tolerance,
            "must play a seat in the same way whatever other seats it plays",
            "Keep seats apart; if only rounding differs, allow a tolerance.",
        )  # fmt: skip

    def _replay(
        self, bidder: AnyBidder, episode: Episode, seats: IntArray, tolerance: float,
        rule: str, mend: str,
    ) -> list[float]:  # fmt: skip
        table = _Table(self._name, bidder, seats, episode.campaigns, self._limit)
        seconds = []
        for shown, expected in zip(episode.shown, episode.asked, strict=True):
            answer = table.ask(View(shown.observation, shown.opportunities.__getitem__))
            seconds.append(answer.seconds)
            found = _difference(expected, answer, seats, tolerance)
            if found is not None:
                found = f"{found} in step {shown.observation.step} ({len(seats)} seats at once)"
                raise self._broken(rule, found, mend)
            sales = shown.sales
            table.tell(News(shown.outcome, _nothing if sales is None else sales.results))
        self._check_unchanged(table)
        return seconds

    def _check_unchanged(self, table: _Table) -> None:
        changed = table.changed()
        if changed is not None:
            mend = "Let it work on copies."
            raise self._broken("must not change what it is given", f"another {changed}", mend)

    def _broken(self, rule: str, found: str, mend: str) -> BidderError:
        return BidderError(describe(f"bidder {self._name!r}", rule, found, mend))


class _Table:
    """A bidder at some seats, with copies of all it was given."""

    def __init__(
        self, name: str, bidder: AnyBidder, seats: IntArray, campaigns: Campaigns,
        time_limit: float | None,
    ) -> None:  # fmt: skip
        self._given: list[tuple[str, object, object]] = []
        self._seats = len(campaigns)
        self.part = Part(name, bidder, seats, _refuse, time_limit=time_limit, watch=self._watch)
        self.part.reset(campaigns)

    def ask(self, view: View) -> Asked:
        """Ask the bidder."""
        multipliers, bids = np.zeros(self._seats), dict[int, Bids]()
        self.part.ask(view, multipliers, bids)
        return Asked(multipliers, bids, sum(player.seconds for player in self.part.players))

    def tell(self, news: News) -> None:
        """Tell the bidder what a step brought, if it wants to know."""
        if self.part.watches:
            self.part.tell(news)

    def changed(self) -> str | None:
        """Return the name of the first thing given that is no longer what it was."""
        return next((_changed(*given) for given in self._given if _changed(*given)), None)

    def _watch(self, name: str, given: object) -> None:
        self._given.append((name, given, copy.deepcopy(given)))


def _refuse(bidder: str, seats: IntArray, step: int | None, breach: Breach) -> None:
    place = f"for seat {seats[0]}" if len(seats) == 1 else f"for {len(seats)} seats"
    raise breach.error(bidder, step, place) from breach.__cause__


def _nothing(seat: int) -> OpportunityResults:
    raise AssertionError(f"no sales were kept for seat {seat}")


def _changed(name: str, given: object, kept: object) -> str | None:
    """Return the path of what differs between two things, None if nothing does."""
    if is_dataclass(kept):
        found = (
            _changed(f"{name}.{f.name}", getattr(given, f.name), getattr(kept, f.name))
            for f in fields(kept)
        )
        return next((path for path in found if path), None)
    same = np.asarray(kept).tobytes() == np.asarray(given).tobytes()
    return None if same else name


def _difference(expected: Asked, found: Asked, seats: IntArray, tolerance: float) -> str | None:
    """Say where two answers differ, None if nowhere."""
    for seat in seats.tolist():
        was, now = (_bids(answer, seat) for answer in (expected, found))
        if was.shape != now.shape:
            return f"{len(now)} bids instead of {len(was)} for seat {seat}"
        differs = np.abs(now - was) > tolerance * np.maximum(np.abs(was), np.abs(now))
        if differs.any():
            place = int(np.argmax(differs))
            return f"{float(now[place])!r} instead of {float(was[place])!r} for seat {seat}"
    return None


def _bids(answer: Asked, seat: int) -> Float64Array:
    row = answer.bids.get(seat)
    return answer.multipliers[seat : seat + 1] if row is None else np.asarray(row, np.float64)
