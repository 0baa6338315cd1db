"""Time of each case by market and threads, with the NumPy reference timed in turn with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from auctionsim.bench.cases import CASES, cases_for, play_fixed
from auctionsim.bench.goals import Goal, goal_for
from auctionsim.bench.sizes import cut, warm_up
from auctionsim.bench.stages import timed_run
from auctionsim.bench.timing import Patience, Run, fastest, median_seconds, take_turns
from auctionsim.market import MarketConfig
from auctionsim.simulator.reference import simulate_reference
from auctionsim.threads import use_threads

_COMPARED = "fixed"
_REFERENCE = ("reference", 1)


@dataclass(frozen=True)
class Speed:
    """How fast one case is.

    Attributes:
        market: Market name.
        case: Name in `CASES`.
        threads: Threads that the kernels might use.
        runs: How often it was played.
        seconds: Of the fastest run.
        median_seconds: Of all runs.
        episodes: Episodes in a run.
        bids_per_second: In the fastest run.
        stages: Seconds of the fastest run by stage.
        cost: What all recorded seats paid: the same for the same work.
        same_result: Whether it was the same in all runs, whatever the threads.
        goal: What it should take.
    """

    market: str
    case: str
    threads: int
    runs: int
    seconds: float
    median_seconds: float
    episodes: int
    bids_per_second: float
    stages: dict[str, float]
    cost: float
    same_result: bool
    goal: Goal | None


@dataclass(frozen=True)
class Reference:
    """How much faster the simulator is than the same in NumPy, opportunity by opportunity.

    Attributes:
        market: Market name.
        opportunities: Opportunities that the reference played; where they are fewer than the
            market's, steps and budgets were cut by the same factor.
        runs: How often.
        seconds: Of the reference's fastest run.
        nanoseconds_per_bid: Of the reference.
        ratio: That over the simulator's, by threads; fixed multipliers, the market whole.
        same_result: Whether both find that the seats of that cut pay the same.
    """

    market: str
    opportunities: int
    runs: int
    seconds: float
    nanoseconds_per_bid: float
    ratio: dict[int, float]
    same_result: bool


def measure_speed(
    market: MarketConfig,
    thread_counts: Sequence[int],
    seed: int,
    patience: Patience,
    *,
    reference_opportunities: int = 0,
    on_finished: Callable[[], object] = lambda: None,
) -> tuple[list[Speed], Reference | None]:
    """Time all cases of a market by thread count, in turns.

    Args:
        market: The market.
        thread_counts: Threads to try.
        seed: Seed of the episodes.
        patience: How often to run each.
        reference_opportunities: Size of the cut that the NumPy reference plays; 0 for none.
        on_finished: Called whenever a case is through for a thread count.

    Returns:
        The cases' speeds, and how the reference compares.
    """
    variants = {
        (name, count): _player(name, count, market, seed)
        for name in cases_for(market)
        for count in thread_counts
    }
    for name in cases_for(market):
        CASES[name].play(warm_up(market), seed)
    small = cut(market, reference_opportunities) if reference_opportunities else None
    if small is not None:
        variants[_REFERENCE] = lambda: timed_run(lambda: _play_reference(small, seed))
    runs = take_turns(variants, patience, on_finished)
    speeds = [
        _speed(market, name, count, runs[name, count], _all_same(runs, name))
        for name, count in runs
        if (name, count) != _REFERENCE
    ]
    if small is None:
        return speeds, None
    return speeds, _reference(market, small, seed, runs[_REFERENCE], speeds)


def _player(name: str, count: int, market: MarketConfig, seed: int) -> Callable[[], Run]:
    def run() -> Run:
        with use_threads(count):
            return timed_run(lambda: CASES[name].play(market, seed))

    return run


def _play_reference(market: MarketConfig, seed: int) -> float:
    shape = (market.steps, market.advertisers)
    multipliers = np.full(shape, market.campaigns.reference_price)
    return float(simulate_reference(market, 0, seed, multipliers).spent.sum())


def _all_same(runs: dict[tuple[str, int], list[Run]], case: str) -> bool:
    found = {run.result for (name, _), each in runs.items() if name == case for run in each}
    return len(found) == 1


def _speed(market: MarketConfig, case: str, count: int, runs: list[Run], same: bool) -> Speed:
    best = fastest(runs)
    return Speed(
        market=market.name,
        case=case,
        threads=count,
        runs=len(runs),
        seconds=best.seconds,
        median_seconds=median_seconds(runs),
        episodes=CASES[case].episodes,
        bids_per_second=CASES[case].bids(market) / best.seconds,
        stages=dict(best.stages),
        cost=best.result,
        same_result=same,
        goal=goal_for(market, case, count),
    )


def _reference(
    market: MarketConfig, small: MarketConfig, seed: int, runs: list[Run], speeds: list[Speed]
) -> Reference:
    best = fastest(runs)
    # A market may be without opportunities: it has no time per bid.
    bids = CASES[_COMPARED].bids(small) or np.nan
    per_bid = best.seconds / bids
    ratio = {s.threads: per_bid * s.bids_per_second for s in speeds if s.case == _COMPARED}
    return Reference(
        market=market.name,
        opportunities=small.opportunities,
        runs=len(runs),
        seconds=best.seconds,
        nanoseconds_per_bid=1e9 * per_bid,
        ratio=ratio,
        same_result=best.result == play_fixed(small, seed),
    )
