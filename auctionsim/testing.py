"""The contract test for bidders: run it on your own before you trust its results."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import BatchBidder, Observation, as_batch
from auctionsim.campaigns import Campaigns
from auctionsim.errors import BidderError, describe, invalid_argument
from auctionsim.lineup import Part
from auctionsim.market import MarketConfig, load_market
from auctionsim.registry import AnyBidder, check_is_bidder, make
from auctionsim.simulator import Simulation, with_tasks
from auctionsim.tasks import TASKS, task_code

__all__ = ["BidderReport", "check_bidder"]

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Of so many seats, one has a budget for a few wins, and one too small a budget to take part.
_POOR_EVERY, _POOR_BUDGET = 7, 20.0
_ALONE = 3


@dataclass(frozen=True)
class BidderReport:
    """What a bidder that passed costs.

    Attributes:
        bidder: Its name.
        tasks: Tasks it was tried on.
        seats: Seats it played at once.
        steps: Steps an episode.
        seconds_alone: Median wall time of one call of `act` for one seat.
        seconds_together: The same for all seats.
    """

    bidder: str
    tasks: tuple[str, ...]
    seats: int
    steps: int
    seconds_alone: float
    seconds_together: float


def check_bidder(
    bidder: AnyBidder | str,
    *,
    tasks: Sequence[str] = TASKS,
    market: MarketConfig | str = "tiny",
    seed: int = 0,
    tolerance: float = 0.0,
) -> BidderReport:
    """Hold a bidder to its contract, on which comparable results rest.

    It plays all seats of a market in two episodes, some with hardly any budget. What it saw is then
    shown to it again, in other orders and batches. Checked are:

    - multipliers are finite and >= 0, one a seat, and no error is raised;
    - what it is given (campaigns, observations) stays as it was;
    - a fresh copy plays an episode in the same way;
    - so does the same bidder after another episode: `reset` forgets all;
    - a seat is played in the same way whatever other seats are in the batch.

    Args:
        bidder: A bidder, its registered name, or `module:Class`.
        tasks: Tasks it can play.
        market: A market, its name or a path.
        seed: Seed of the episodes.
        tolerance: Relative difference allowed between batches; 0 demands the same bits. Matrix
            products round differently by size: 1e-4 suits neural networks.

    Returns:
        What a step costs.

    Raises:
        BidderError: Naming the bidder, the rule it broke, where, and the mend.
        InvalidArgumentError: If an argument breaks its rule.
    """
    if not tasks:
        raise invalid_argument("tasks", "must not be empty", tasks, "Name the bidder's tasks.")
    if not tolerance >= 0.0:
        raise invalid_argument("tolerance", "must be >= 0", tolerance, "Use 0, or 1e-4 say.")
    name = bidder if isinstance(bidder, str) else type(bidder).__name__
    player = make(bidder) if isinstance(bidder, str) else check_is_bidder(bidder)
    trial = _Trial(name, tolerance)
    fresh = _fresh_copy(player)
    board = [_simulation(load_market(market), episode, seed, tasks) for episode in (0, 1)]
    watched = _Watched(as_batch(player))
    first, _ = (trial.record(watched, simulation) for simulation in board)
    together = watched.seconds
    if fresh is not None:
        trial.same_again(_Watched(as_batch(fresh)), first)
    trial.same_after_another(watched, first)
    alone = _other_batches(trial, watched, first)
    return BidderReport(
        bidder=name,
        tasks=tuple(tasks),
        seats=len(first.campaigns),
        steps=first.campaigns.steps,
        seconds_alone=float(np.median(alone)),
        seconds_together=float(np.median(together)),
    )


@dataclass(frozen=True)
class _Episode:
    """What a bidder was shown and what it answered, (steps, seats)."""

    campaigns: Campaigns
    observations: list[Observation]
    answers: Float64Array


class _Watched(BatchBidder):
    """Passes all on to a bidder, takes the time, and keeps copies of what it was given."""

    def __init__(self, bidder: BatchBidder) -> None:
        self._bidder = bidder
        self.seconds: list[float] = []
        self._given: list[tuple[str, object, object]] = []

    def reset(self, campaigns: Campaigns) -> None:
        self.seconds = []
        self._given = [("campaigns", campaigns, copy.deepcopy(campaigns))]
        self._bidder.reset(campaigns)

    def act(self, observation: Observation) -> Float64Array:
        self._given.append(("observation", observation, copy.deepcopy(observation)))
        began = time.perf_counter()
        answer = self._bidder.act(observation)
        self.seconds.append(time.perf_counter() - began)
        return answer

    def changed(self) -> str | None:
        """Return the name of the first thing given that is no longer what it was."""
        for name, given, kept in self._given:
            for field in fields(kept):  # type: ignore[arg-type]
                was, is_now = getattr(kept, field.name), getattr(given, field.name)
                if np.asarray(was).tobytes() != np.asarray(is_now).tobytes():
                    return f"{name}.{field.name}"
        return None


class _Trial:
    """Plays and compares on behalf of one named bidder."""

    def __init__(self, name: str, tolerance: float) -> None:
        self._name, self._tolerance = name, tolerance

    def record(self, watched: _Watched, simulation: Simulation) -> _Episode:
        """Let the bidder play all seats of a simulation."""
        campaigns = simulation.campaigns
        observations: list[Observation] = []

        def observe(_: int) -> Observation:
            observations.append(simulation.observe())
            return observations[-1]

        def play(multipliers: Float64Array) -> None:
            simulation.step(multipliers)

        answers = self._play(watched, campaigns, np.arange(len(campaigns)), observe, play)
        return _Episode(campaigns, observations, answers)

    def replay(
        self, watched: _Watched, episode: _Episode, seats: IntArray, tolerance: float,
        rule: str, mend: str,
    ) -> None:  # fmt: skip
        """Show a bidder an episode again, on some seats, and compare its answers."""
        answers = self._play(watched, episode.campaigns, seats, episode.observations.__getitem__)
        expected = episode.answers[:, seats]
        largest = np.maximum(np.abs(expected), np.abs(answers))
        differs = np.abs(answers - expected) > tolerance * largest
        if differs.any():
            step, place = np.argwhere(differs)[0]
            found = f"{answers[step, place]!r} instead of {expected[step, place]!r}"
            found = f"{found} in step {step} for seat {seats[place]} ({len(seats)} seats at once)"
            raise self._broken(rule, found.replace("np.float64", ""), mend)

    def same_again(self, fresh: _Watched, episode: _Episode) -> None:
        """Show a fresh copy an episode."""
        self.replay(
            fresh, episode, np.arange(len(episode.campaigns)), 0.0,
            "must play the same episode in the same way each time",
            "Draw randomness from campaign.key, and use no clock and no state outside the bidder.",
        )  # fmt: skip

    def same_after_another(self, watched: _Watched, episode: _Episode) -> None:
        """Show a bidder an episode that it played before its last one."""
        self.replay(
            watched, episode, np.arange(len(episode.campaigns)), 0.0,
            "must play an episode in the same way whatever it played before",
            "Let reset forget all of the last episode, and draw randomness from campaign.key.",
        )  # fmt: skip

    def other_batch(self, watched: _Watched, episode: _Episode, seats: IntArray) -> None:
        """Show a bidder some seats of an episode only."""
        self.replay(
            watched, episode, seats, self._tolerance,
            "must play a seat in the same way whatever other seats it plays",
            "Keep seats apart; if only rounding differs, allow a tolerance.",
        )  # fmt: skip

    def _play(
        self,
        watched: _Watched,
        campaigns: Campaigns,
        seats: IntArray,
        observe: Callable[[int], Observation],
        play: Callable[[Float64Array], None] | None = None,
    ) -> Float64Array:
        part = Part(self._name, watched, seats)
        part.reset(campaigns)
        answers = []
        for step in range(campaigns.steps):
            answers.append(part.ask(observe(step)))
            if play is not None:
                play(answers[-1])
        changed = watched.changed()
        if changed is not None:
            mend = "Let it work on copies."
            raise self._broken("must not change what it is given", f"another {changed}", mend)
        return np.array(answers)

    def _broken(self, rule: str, found: str, mend: str) -> BidderError:
        return BidderError(describe(f"bidder {self._name!r}", rule, f"{found}", mend))


def _other_batches(trial: _Trial, watched: _Watched, episode: _Episode) -> list[float]:
    """Show seats in other batches; returns the seconds of each step with one seat."""
    everyone = np.arange(len(episode.campaigns))
    seconds: list[float] = []
    for seat in np.unique(np.linspace(0, len(everyone) - 1, _ALONE).astype(np.int64)):
        trial.other_batch(watched, episode, np.array([seat]))
        seconds += watched.seconds
    trial.other_batch(watched, episode, everyone[::-1])
    trial.other_batch(watched, episode, everyone[: (len(everyone) + 1) // 2])
    return seconds


def _simulation(market: MarketConfig, episode: int, seed: int, tasks: Sequence[str]) -> Simulation:
    """Deal the tasks out to all seats, and give some of them hardly any budget, or less."""
    own = Simulation(market, [episode], seed).campaigns
    codes = np.array([task_code(task) for task in tasks], np.int8)
    seats = np.arange(len(own))
    campaigns = with_tasks(market, own, codes[seats % len(codes)])
    budget = campaigns.budget.copy()
    budget[_POOR_EVERY // 2 :: _POOR_EVERY] = _POOR_BUDGET
    budget[_POOR_EVERY - 1 :: _POOR_EVERY] = max(0.01, market.min_remaining_budget / 2)
    campaigns = replace(campaigns, budget=budget)
    return Simulation(market, [episode], seed, campaigns=campaigns)


def _fresh_copy(bidder: AnyBidder) -> AnyBidder | None:
    """Return a copy; None for a batch bidder that cannot be copied, which nothing demands of it."""
    try:
        return copy.deepcopy(bidder)
    except Exception:
        if isinstance(bidder, BatchBidder):
            return None
        where, found = f"bidder {type(bidder).__name__!r}", "an error in copy.deepcopy"
        mend = "Derive it from BatchBidder, or open resources in reset."
        text = describe(where, "must be copyable, one copy a seat", found, mend)
        raise BidderError(text) from None
