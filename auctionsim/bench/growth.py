"""How time and memory grow with a market's sizes, one size at a time around a centre."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auctionsim.bench.cases import CASES
from auctionsim.bench.formula import MEMORY_TERMS, TIME_TERMS, Formula, Sizes, fit
from auctionsim.bench.memory import Memory, measure_memory
from auctionsim.bench.sizes import resize, warm_up
from auctionsim.bench.stages import timed_run
from auctionsim.bench.timing import Patience, Run, fastest, take_turns
from auctionsim.errors import invalid_argument
from auctionsim.market import MarketConfig
from auctionsim.threads import use_threads

CASE = "fixed"
# The allocator keeps a few MiB or does not; beside the program's own they do not matter.
MEMORY_FLOOR_MIB = 5.0

#: By size: its values; those of opportunities are shares of the centre's.
AXES: dict[str, tuple[float, ...]] = {
    "opportunities": (0.01, 0.03, 0.1, 0.3, 1, 3, 10),
    "advertisers": (6, 12, 24, 48, 100, 300, 1000),
    "slots": (1, 2, 3, 5, 7, 10),
    "steps": (12, 24, 48, 96, 192),
}
QUICK_AXES: dict[str, tuple[float, ...]] = {
    "opportunities": (0.1, 1, 4),
    "advertisers": (6, 48, 96),
    "slots": (1, 3, 10),
    "steps": (24, 48),
}


@dataclass(frozen=True)
class Point:
    """One market that was measured.

    Attributes:
        sizes: Its sizes.
        axes: Sizes along which it lies: one, or all for the centre.
        runs: How often it was timed.
        seconds: An episode with fixed multipliers takes so long.
        mib: It takes so much memory beyond what the program takes itself.
    """

    sizes: Sizes
    axes: tuple[str, ...]
    runs: int
    seconds: float
    mib: float | None


@dataclass(frozen=True)
class Growth:
    """How time and memory grow.

    Attributes:
        market: Name of the market in the centre.
        threads: Threads that the kernels might use.
        points: What was measured.
        time: Formula of the seconds an episode takes.
        memory: Formula of the memory it takes; None where memory is not known.
        before_mib: What the program takes itself, to be added to that.
    """

    market: str
    threads: int
    points: list[Point]
    time: Formula
    memory: Formula | None
    before_mib: float | None


def markets_around(
    centre: MarketConfig, axes: Mapping[str, Sequence[float]] = AXES
) -> list[tuple[tuple[str, ...], MarketConfig]]:
    """Return the markets to measure, each with the axes on which it lies: the centre is on all.

    Raises:
        InvalidArgumentError: The centre has no opportunities, of which there could be more or less.
    """
    if centre.opportunities == 0:
        mend = "Name a larger one."
        raise invalid_argument("--market", "must have opportunities", centre.name, mend)
    if centre.mechanism == "second_price":  # has one slot by its nature
        axes = {axis: values for axis, values in axes.items() if axis != "slots"}
    markets = [(tuple(axes), centre)]
    for axis, values in axes.items():
        own: int = getattr(centre, axis)
        wanted = {max(round(own * v), 1) if axis == "opportunities" else int(v) for v in values}
        markets += [((axis,), resize(centre, **{axis: v})) for v in sorted(wanted - {own})]
    return markets


def measure_growth(
    centre: MarketConfig,
    thread_count: int,
    seed: int,
    patience: Patience,
    axes: Mapping[str, Sequence[float]] = AXES,
    *,
    memory: bool = True,
    on_finished: Callable[[], object] = lambda: None,
) -> Growth:
    """Time every market around a centre in turns, then take the memory of each, then fit.

    Args:
        centre: The market that the others differ from in one size each.
        thread_count: Threads that the kernels may use.
        seed: Seed of the episodes.
        patience: How often to time each.
        axes: Values of each size.
        memory: Whether to take memory as well, a fresh process a market.
        on_finished: Called when a market's time is known, and when its memory is.
    """
    places = markets_around(centre, axes)
    variants = {k: _player(market, seed) for k, (_, market) in enumerate(places)}
    with use_threads(thread_count):
        for _, market in places:
            CASES[CASE].play(warm_up(market), seed)
        runs = take_turns(variants, patience, on_finished)
    taken: list[Memory] = []
    for _, market in places if memory else []:
        taken.append(measure_memory(market, CASE, seed))
        on_finished()
    points = [
        Point(
            sizes=sizes_of(market),
            axes=on,
            runs=len(runs[k]),
            seconds=fastest(runs[k]).seconds,
            mib=taken[k].growth_mib if memory else None,
        )
        for k, (on, market) in enumerate(places)
    ]
    before = taken[0].before_mib if memory else None
    return Growth(centre.name, thread_count, points, *formulas(points), before)


def formulas(points: Sequence[Point]) -> tuple[Formula, Formula | None]:
    """Fit time and memory to some points."""
    sizes = [point.sizes for point in points]
    time = fit("seconds an episode", TIME_TERMS, sizes, [point.seconds for point in points])
    mib = [point.mib for point in points if point.mib is not None]
    if len(mib) < len(points):
        return time, None
    return time, fit("MiB", MEMORY_TERMS, sizes, mib, MEMORY_FLOOR_MIB)


def sizes_of(market: MarketConfig) -> Sizes:
    """Return a market's sizes."""
    return Sizes(market.opportunities, market.advertisers, market.slots, market.steps)


def _player(market: MarketConfig, seed: int) -> Callable[[], Run]:
    return lambda: timed_run(lambda: CASES[CASE].play(market, seed))
