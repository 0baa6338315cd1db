"""Which seats a bidder takes over, in which episodes, with which budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.market import MarketConfig
from auctionsim.mechanism.arguments import check_integer, check_name
from auctionsim.simulator import market_campaigns, with_tasks
from auctionsim.simulator.seats import assign_tasks
from auctionsim.tasks import TASKS, task_code
from auctionsim.traffic import episode_key

PROTOCOLS: tuple[str, ...] = ("paper", "wide")

#: Number of the first episode that bidders are scored on, unless said otherwise: far from those of
#: datasets, which count from 0, so that nobody is scored on days it learned from.
FIRST_EPISODE = 1_000_000

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Takeover:
    """The seats of one task that are taken over, each alone.

    Attributes:
        market: The market.
        seed: Seed of the episodes.
        task: Task name.
        seats: Advertisers.
        budget_factor: Budgets of the seats taken over, over the market's.
    """

    market: MarketConfig
    seed: int
    task: str
    seats: IntArray
    budget_factor: float = 1.0

    def runs(self, episodes: Sequence[int]) -> list[int]:
        """Return the place in `episodes` of each run's episode: one run a seat and episode."""
        return np.repeat(np.arange(len(episodes)), len(self.seats)).tolist()

    def among_others(self, episodes: Sequence[int]) -> tuple[Campaigns, IntArray]:
        """Return campaigns of all seats of all runs, flat, and who is taken over in each run."""
        runs = self.runs(episodes)
        replaced = np.tile(self.seats, len(episodes)) + self.market.advertisers * np.arange(
            len(runs)
        )
        keys = [episode_key(self.seed, episodes[place]) for place in runs]
        own = market_campaigns(self.market, keys)
        tasks = own.task.copy()
        tasks[replaced] = task_code(self.task)
        campaigns = with_tasks(self.market, own, tasks)
        budget = campaigns.budget.copy()
        budget[replaced] *= self.budget_factor
        return replace(campaigns, budget=budget), replaced

    def by_themselves(self, episodes: Sequence[int]) -> Campaigns:
        """Return the campaigns of the seats taken over only, run by run."""
        keys = [episode_key(self.seed, episode) for episode in episodes]
        own = market_campaigns(self.market, keys)
        places = np.arange(len(episodes))[:, None] * self.market.advertisers + self.seats
        mine = own.take(places.ravel())
        mine = with_tasks(self.market, mine, np.full(len(mine), task_code(self.task), np.int8))
        return replace(mine, budget=mine.budget * self.budget_factor)


def task_seats(market: MarketConfig, task: str, protocol: str) -> IntArray:
    """Return the advertisers a bidder takes over under a protocol ("paper" or "wide")."""
    code = task_code(check_name("task", task, TASKS))
    check_name("protocol", protocol, PROTOCOLS)
    if protocol == "wide":
        return np.arange(market.advertisers)
    seats = np.flatnonzero(assign_tasks(market) == code)
    if len(seats) == 0:
        rule = f"must be one that market {market.name!r} gives to some advertiser"
        raise invalid_argument("task", rule, task, "Use protocol wide, or change task_shares.")
    return seats


def groups(episodes: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield the episodes in groups of at most `size`, at least one."""
    for first in range(0, len(episodes), max(size, 1)):
        yield list(episodes[first : first + max(size, 1)])


def episode_numbers(episodes: int | Sequence[int]) -> list[int]:
    """Return episode numbers, given how many (from `FIRST_EPISODE` on) or which.

    Raises:
        InvalidArgumentError: If they are not whole numbers >= 0, or not different.
    """
    mend = "Give how many, or a list of episode numbers."
    if not _has_items(episodes):
        count = check_integer("episodes", episodes, 1, 2**31 - 1 - FIRST_EPISODE, mend)
        return list(range(FIRST_EPISODE, FIRST_EPISODE + count))
    numbers = [check_integer("episodes", e, 0, 2**31 - 1, mend) for e in episodes]  # type: ignore[union-attr]
    if not numbers:
        raise invalid_argument("episodes", "must not be empty", episodes, mend)
    if len(set(numbers)) < len(numbers):
        raise invalid_argument("episodes", "must differ from each other", numbers, mend)
    return numbers


def check_budget_factor(factor: object) -> float:
    """Return a factor on budgets as a float.

    Raises:
        InvalidArgumentError: If it is not a number from 0.001 to 1000.
    """
    ok = isinstance(factor, int | float | np.integer | np.floating)
    if not ok or isinstance(factor, bool) or not 1e-3 <= float(factor) <= 1e3:  # type: ignore[arg-type]
        rule = "must be a number from 0.001 to 1000"
        raise invalid_argument("budget_factor", rule, factor, "Give 0.5 for half the budget.")
    return float(factor)  # type: ignore[arg-type]


def _has_items(episodes: object) -> bool:
    try:
        return np.ndim(episodes) > 0  # type: ignore[arg-type]
    except ValueError:  # rows of unequal length
        return True
