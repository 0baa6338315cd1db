"""The contract test for bidders: run it on your own before you trust its results."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import AnyBidder, BatchBidder, name_of
from auctionsim.conduct import Conduct
from auctionsim.errors import BidderError, describe, invalid_argument
from auctionsim.market import MarketConfig, load_market
from auctionsim.market_checks import as_number
from auctionsim.registry import check_is_bidder, make, prepare
from auctionsim.simulator import Simulation, with_tasks
from auctionsim.tasks import TASKS, task_code
from auctionsim.trial import Episode, Trial

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
        seconds_alone: Median wall time that a step takes it for one seat.
        seconds_together: The same for all seats.
        seconds_longest: The longest that a step took it for one seat.
    """

    bidder: str
    tasks: tuple[str, ...]
    seats: int
    steps: int
    seconds_alone: float
    seconds_together: float
    seconds_longest: float


def check_bidder(
    bidder: AnyBidder | str,
    *,
    tasks: Sequence[str] | str = TASKS,
    market: MarketConfig | str = "tiny",
    seed: int = 0,
    tolerance: float = 0.0,
    time_limit: float | None = None,
) -> BidderReport:
    """Hold a bidder to its contract, on which comparable results rest.

    It plays all seats of a market in two episodes, some with hardly any budget. What it saw is then
    shown to it again, in other orders and batches. Checked are:

    - multipliers, or bids one by one, are finite and >= 0, and no error is raised;
    - what it is given (campaigns, observations, opportunities, outcomes) stays as it was;
    - a fresh copy plays an episode in the same way;
    - so does the same bidder after another episode: `reset` forgets all (a `BatchBidder`; single
      seats have a fresh copy each time, and only what lies outside the bidder could stay);
    - a seat is played in the same way whatever other seats are in the batch.

    Args:
        bidder: A bidder, its registered name, or `module:Class`.
        tasks: Tasks it can play, or one.
        market: A market, its name or a path.
        seed: Seed of the episodes.
        tolerance: Relative difference allowed between batches; 0 demands the same bits. Matrix
            products round differently by size: 1e-4 suits neural networks.
        time_limit: Seconds that the bidder may take a step for each seat; None for no limit.

    Returns:
        What a step costs.

    Raises:
        BidderError: Naming the bidder, the rule it broke, where, and the mend.
        InvalidArgumentError: If an argument breaks its rule.
    """
    tasks, tolerance = _tasks(tasks), _tolerance(tolerance)
    limit = Conduct(time_limit=time_limit).time_limit
    player = make(bidder) if isinstance(bidder, str) else check_is_bidder(bidder)
    name = bidder if isinstance(bidder, str) else name_of(player)
    trial = Trial(name, tolerance, limit)
    world = load_market(market)
    prepare(name, player, world)
    fresh = _fresh_copy(player)
    board = [_simulation(world, episode, seed, tasks) for episode in (0, 1)]
    first, _ = (trial.record(player, simulation) for simulation in board)
    if fresh is not None:
        trial.same_again(fresh, first)
    trial.same_after_another(player, first)
    alone = _other_batches(trial, player, first)
    return BidderReport(
        bidder=name,
        tasks=tasks,
        seats=len(first.campaigns),
        steps=first.campaigns.steps,
        seconds_alone=float(np.median(alone)),
        seconds_longest=float(np.max(alone)),
        seconds_together=float(np.median([asked.seconds for asked in first.asked])),
    )


def _tasks(tasks: Sequence[str] | str) -> tuple[str, ...]:
    names = (tasks,) if isinstance(tasks, str) else tuple(tasks)
    if not names:
        raise invalid_argument("tasks", "must not be empty", tasks, "Name the bidder's tasks.")
    return names


def _tolerance(tolerance: object) -> float:
    if not as_number(tolerance) >= 0.0:
        rule = "must be a number >= 0"
        raise invalid_argument("tolerance", rule, repr(tolerance), "Use 0, or 1e-4 say.")
    return as_number(tolerance)


def _other_batches(trial: Trial, bidder: AnyBidder, episode: Episode) -> list[float]:
    """Show seats in other batches; returns the seconds of each step with one seat."""
    everyone = np.arange(len(episode.campaigns))
    seconds: list[float] = []
    for seat in np.unique(np.linspace(0, len(everyone) - 1, _ALONE).astype(np.int64)):
        seconds += trial.other_batch(bidder, episode, np.array([seat]))
    trial.other_batch(bidder, episode, everyone[::-1])
    trial.other_batch(bidder, episode, everyone[: (len(everyone) + 1) // 2])
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
