"""Scoring a bidder: it takes over one seat at a time; the others play the line-up, same seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from auctionsim.bidding import name_of
from auctionsim.campaigns import Campaigns
from auctionsim.cast import Cast
from auctionsim.conduct import Conduct, Incident
from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import invalid_argument
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.mechanism.arguments import check_integer, check_name
from auctionsim.registry import AnyBidder, check_is_bidder, make
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation, market_campaigns, with_tasks
from auctionsim.simulator.seats import assign_tasks
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS, task_code
from auctionsim.traffic import episode_key

PROTOCOLS: tuple[str, ...] = ("paper", "wide")
METRICS: tuple[str, ...] = (
    "value",
    "expected_value",
    "score_strict",
    "score_paper",
    "utilisation",
    "cpa_ratio",
    "roas_ratio",
    "violation_rate",
)

IntArray = NDArray[np.int64]
Float64Array = NDArray[np.float64]

# Runs stepped together: enough to keep all cores busy, few enough to stay small in memory.
_RUNS_AT_ONCE = 96


@dataclass(frozen=True)
class Evaluation:
    """How a bidder did on the seats of one task.

    Attributes:
        task: Task name.
        trajectories: One a seat and episode, those of the bidder alone.
        metrics: Means over seats and episodes of value, expected_value, score_strict, score_paper
            (conversion values), utilisation (share of the budget) and violation_rate; cpa_ratio and
            roas_ratio are totals over totals: cost / sum(target * conversions), and
            value / sum(target * cost); nan for tasks without that target, and without any cost.
            Above 1 breaks a CPA limit, below 1 a ROAS limit.
        standard_errors: Of the means, over episodes (seats of an episode share its traffic and are
            averaged first); nan with fewer than two episodes, and for the ratios.
        incidents: What the bidders broke of their contract, where they may (see `Conduct`).
    """

    task: str
    trajectories: Trajectories
    metrics: dict[str, float]
    standard_errors: dict[str, float]
    incidents: tuple[Incident, ...] = ()


def evaluate(
    bidder: AnyBidder | str,
    task: str = "bcb",
    market: MarketConfig | str = "small",
    episodes: int | Sequence[int] = 10,
    seed: int = 0,
    *,
    protocol: str = "paper",
    lineup: LineupConfig | str = "mixed",
    on_error: str = "raise",
    time_limit: float | None = None,
    isolate: bool = False,
    progress: bool = False,
) -> Evaluation:
    """Score a bidder by roll-outs: each seat of the task is taken over alone, in every episode.

    Args:
        bidder: A bidder, its registered name, or `module:Class`.
        task: Task the bidder plays.
        market: A market, its name or a path.
        episodes: How many episodes, from 0 on; or their numbers.
        seed: Seed of the episodes; the same seed and episodes give every bidder the same traffic.
        protocol: "paper" for the seats the market gives this task, "wide" for all seats, each with
            a target of this task from the market's distribution.
        lineup: Plays the other seats.
        on_error: "raise", or "sit-out": a seat whose bidder breaks its contract bids 0 in that
            step, and the result holds an incident; see `auctionsim.conduct.Conduct`.
        time_limit: Seconds that a bidder may take a step for each seat; None for no limit.
        isolate: Whether the bidder runs in a process of its own, where it can be stopped.
        progress: Whether to show a progress bar.

    Returns:
        Metrics, their standard errors, the trajectories they come from, and incidents.

    Raises:
        InvalidArgumentError: If an argument breaks its rule, or the market has no seat of the task.
        BidderError: If the bidder breaks its contract, and may not sit out.
    """
    conduct = Conduct(on_error, time_limit, isolate)
    market, lineup = load_market(market), load_lineup(lineup)
    lineup.check()
    player = make(bidder) if isinstance(bidder, str) else check_is_bidder(bidder)
    name = bidder if isinstance(bidder, str) else name_of(player)
    seed = check_integer("seed", seed, 0, 2**64 - 1, "Pick another seed.")
    numbers = _episode_numbers(episodes)
    seats = task_seats(market, task, protocol)
    groups = _groups(numbers, len(seats))
    total = len(numbers) * market.steps
    parts: list[Trajectories] = []
    incidents: list[Incident] = []
    with tqdm(total=total, unit="step", desc=f"{name} {task}", disable=not progress) as bar:
        for group in groups:
            campaigns, replaced, runs = alone(market, group, seed, seats, task)
            simulation = Simulation(market, group, seed, runs=runs, campaigns=campaigns)
            taken, episode = [(name, player, replaced)], simulation.seat_episode
            with Cast(campaigns, lineup, taken, conduct=conduct, episodes=episode) as cast:
                parts.append(roll_out(simulation, cast, replaced, partial(bar.update, len(group))))
            incidents += cast.incidents
    found = summarise(task, Trajectories.concatenate(parts))
    return replace(found, incidents=tuple(incidents))


def _episode_numbers(episodes: int | Sequence[int]) -> list[int]:
    mend = "Give how many, or a list of episode numbers."
    if not _has_items(episodes):
        return list(range(check_integer("episodes", episodes, 1, 2**31 - 1, mend)))
    numbers = [check_integer("episodes", e, 0, 2**31 - 1, mend) for e in episodes]  # type: ignore[union-attr]
    if not numbers:
        raise invalid_argument("episodes", "must not be empty", episodes, mend)
    if len(set(numbers)) < len(numbers):
        raise invalid_argument("episodes", "must differ from each other", numbers, mend)
    return numbers


def _has_items(episodes: object) -> bool:
    try:
        return np.ndim(episodes) > 0  # type: ignore[arg-type]
    except ValueError:  # rows of unequal length
        return True


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


def _groups(episodes: list[int], seats: int) -> Iterator[list[int]]:
    size = max(1, _RUNS_AT_ONCE // seats)
    for first in range(0, len(episodes), size):
        yield episodes[first : first + size]


def alone(
    market: MarketConfig, episodes: Sequence[int], seed: int, seats: IntArray, task: str
) -> tuple[Campaigns, IntArray, list[int]]:
    """Lay out one run a seat and episode, in which this seat alone has the task.

    Args:
        market: The market.
        episodes: Episode numbers.
        seed: Seed of the episodes.
        seats: Advertisers, each taken over in a run of its own.
        task: Task name.

    Returns:
        Campaigns of all runs' seats, flat; flat index of the seat taken over in each run; place in
        `episodes` of each run's episode. The runs of an episode share its traffic.
    """
    runs = np.repeat(np.arange(len(episodes)), len(seats))
    replaced = np.tile(seats, len(episodes)) + market.advertisers * np.arange(len(runs))
    own = market_campaigns(market, [episode_key(seed, episodes[place]) for place in runs.tolist()])
    tasks = own.task.copy()
    tasks[replaced] = task_code(task)
    return with_tasks(market, own, tasks), replaced, runs.tolist()


def summarise(task: str, trajectories: Trajectories) -> Evaluation:
    """Sum trajectories of one task up into metrics (see `Evaluation`)."""
    realised, expected = trajectories.totals(), trajectories.totals(expected=True)
    columns: dict[str, Float64Array] = {
        "value": realised.value,
        "expected_value": expected.value,
        "score_strict": realised.score_strict,
        "score_paper": realised.score_paper(),
        "utilisation": realised.utilisation,
        "violation_rate": realised.violated.astype(np.float64),
    }
    metrics = {name: float(column.mean()) for name, column in columns.items()}
    errors = {n: _standard_error(c, trajectories.episode) for n, c in columns.items()}
    code = task_code(task)
    cost, budgeted = realised.cost, realised.cpa_target * realised.conversions
    metrics["cpa_ratio"] = _over(cost.sum(), budgeted.sum()) if code == CPA_MCB else np.nan
    owed = realised.roas_target * cost
    metrics["roas_ratio"] = (
        _over(realised.value.sum(), owed.sum()) if code == TARGET_ROAS else np.nan
    )
    errors["cpa_ratio"] = errors["roas_ratio"] = np.nan
    return Evaluation(
        task=task,
        trajectories=trajectories,
        metrics={name: metrics[name] for name in METRICS},
        standard_errors={name: errors[name] for name in METRICS},
    )


def _over(numerator: float, denominator: float) -> float:
    """numerator / denominator; infinite where only the denominator is 0, nan where both are."""
    if denominator > 0:
        return float(numerator / denominator)
    return np.inf if numerator > 0 else np.nan


def _standard_error(column: Float64Array, episode: NDArray[np.int32]) -> float:
    """Standard error of the mean over episodes, each the mean of its seats."""
    _, place = np.unique(episode, return_inverse=True)
    counts = np.bincount(place)
    if len(counts) < 2:
        return float("nan")
    means = np.bincount(place, column) / counts
    return float(means.std(ddof=1) / np.sqrt(len(means)))


__all__ = ["METRICS", "PROTOCOLS", "TASKS", "Evaluation", "evaluate", "summarise", "task_seats"]
