"""The rows of the tables that a benchmark is shown in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from auctionsim.bench.cases import CASES
from auctionsim.bench.compilation import MARKET, Process
from auctionsim.bench.environments import ENVIRONMENTS, EnvironmentSpeed
from auctionsim.bench.goals import (
    AUCTIONNET,
    AUCTIONNET_PEAK_MIB,
    GOAL_MARKET,
    GOAL_THREADS,
    LAYER_GOALS,
    LayerGoal,
)
from auctionsim.bench.growth import Growth
from auctionsim.bench.memory import Memory
from auctionsim.bench.speed import Reference, Speed
from auctionsim.bench.stages import STAGES


class Sheet(NamedTuple):
    """A table: title, headings, rows, and lines of explanation below."""

    title: str
    headings: list[str]
    rows: list[list[object]]
    note: str = ""


def sheets(result: Mapping[str, Any]) -> list[Sheet]:
    """Lay out all that was measured.

    Args:
        result: By kind of measurement (speed, reference, environments, memory, compilation, growth)
            what was found; any may be missing or empty.
    """
    speeds: Sequence[Speed] = result.get("speed", ())
    found = []
    for market in dict.fromkeys(s.market for s in speeds):
        own = [s for s in speeds if s.market == market]
        found += [speed_sheet(own), stage_sheet(own)]
    found += [goal_sheet(speeds)] if any(s.goal for s in speeds) else []
    found += [reference_sheet(result["reference"])] if result.get("reference") else []
    found += [environment_sheet(result["environments"])] if result.get("environments") else []
    found += [memory_sheet(result["memory"])] if result.get("memory") else []
    found += [compilation_sheet(result["compilation"])] if result.get("compilation") else []
    return found + ([growth_sheet(result["growth"])] if result.get("growth") else [])


def speed_sheet(speeds: Sequence[Speed]) -> Sheet:
    """Lay out the times of one market's cases."""
    rows: list[list[object]] = [
        [
            CASES[s.case].title,
            s.threads,
            s.seconds / s.episodes,
            s.median_seconds / s.episodes,
            s.bids_per_second / 1e6,
            s.runs,
        ]
        for s in speeds
    ]
    headings = ["case", "threads", "s an episode", "median", "M bids/s", "runs"]
    differing = sorted({CASES[s.case].title for s in speeds if not s.same_result})
    note = f"RESULTS DIFFER between runs: {', '.join(differing)}." if differing else ""
    return Sheet(f"Market {speeds[0].market}: time, fastest run and median", headings, rows, note)


def stage_sheet(speeds: Sequence[Speed]) -> Sheet:
    """Lay out where the time of one market's fastest runs went."""
    rows: list[list[object]] = [
        [
            CASES[s.case].title,
            s.threads,
            *(_milliseconds(s.stages[stage]) for stage in STAGES),
            _milliseconds(s.seconds),
        ]
        for s in speeds
    ]
    headings = ["case", "threads", *STAGES, "all"]
    return Sheet(f"Market {speeds[0].market}: stages of the fastest run, ms", headings, rows)


def goal_sheet(speeds: Sequence[Speed]) -> Sheet:
    """Lay out the cases that have a goal."""
    rows: list[list[object]] = [
        [
            CASES[s.case].title,
            s.seconds,
            s.goal.seconds,
            s.seconds <= s.goal.seconds,
            _range(s.goal.auctionnet),
        ]
        for s in speeds
        if s.goal is not None
    ]
    headings = ["case", "s", "goal", "met", "AuctionNet"]
    title = f"Goals: market {GOAL_MARKET}, {_threads(GOAL_THREADS)}"
    return Sheet(title, headings, rows, f"{AUCTIONNET}; not in this run.")


def reference_sheet(references: Sequence[Reference]) -> Sheet:
    """Lay out how the NumPy reference compares."""
    counts = sorted({count for r in references for count in r.ratio})
    rows: list[list[object]] = [
        [
            r.market,
            r.opportunities,
            r.seconds,
            r.nanoseconds_per_bid,
            *(r.ratio.get(count) for count in counts),
            r.same_result,
        ]
        for r in references
    ]
    headings = ["market", "played", "s", "ns a bid"]
    headings += [f"ratio, {_threads(count)}" for count in counts] + ["same result"]
    note = (
        "Fixed multipliers. Opportunities the reference played (steps and budgets cut alike), its "
        "time, and the ratio of times a bid: its own over the simulator's on the whole market."
    )
    return Sheet("NumPy reference, timed in turn with the above", headings, rows, note)


def environment_sheet(speeds: Sequence[EnvironmentSpeed]) -> Sheet:
    """Lay out the environments' speed, and what they add to the simulator's own time."""
    rows: list[list[object]] = [
        [
            s.market,
            ENVIRONMENTS[s.environment],
            s.steps_per_second,
            s.own_microseconds,
            s.layer_microseconds,
            f"{s.layer_share:.1%}",
            None if s.goal is None else s.goal.met(s.layer_microseconds, s.layer_share),
        ]
        for s in speeds
    ]
    headings = ["market", "environment", "steps/s", "own µs", "layer µs", "layer %", "met"]
    lines = [
        "Own: simulator, line-up and observation, a step of one environment, played by hand in "
        "turn with it; layer: what the environment adds. Resets included; fastest runs.",
    ]
    if any(s.goal for s in speeds):
        goals = ", ".join(_layer_goal(name, goal) for name, goal in LAYER_GOALS.items())
        lines.append(f"Goals: {goals}.")
    if not all(s.same_result for s in speeds):
        lines.append("RESULTS DIFFER between the environment and the same played by hand.")
    title = f"Environments, {_threads(speeds[0].threads)}"
    return Sheet(title, headings, rows, "\n".join(lines))


def _layer_goal(market: str, goal: LayerGoal) -> str:
    limit = f"{goal.share:.0%}" if goal.share is not None else f"{goal.microseconds:g} µs"
    return f"{market} {limit} at most"


def memory_sheet(memories: Sequence[Memory]) -> Sheet:
    """Lay out the peaks of memory."""
    rows: list[list[object]] = [
        [m.market, CASES[m.case].title, m.before_mib, m.peak_mib, m.growth_mib] for m in memories
    ]
    headings = ["market", "case", "before", "peak", "growth"]
    note = (
        "A process a case; before: all imported, kernels loaded.\n"
        f"{AUCTIONNET}: {AUCTIONNET_PEAK_MIB:,.0f} MiB for an episode of {GOAL_MARKET}'s size."
    )
    return Sheet("Peak of resident memory, MiB", headings, rows, note)


def compilation_sheet(processes: Sequence[Process]) -> Sheet:
    """Lay out the first call, with and without a cache."""
    rows: list[list[object]] = [
        [p.cache, p.import_seconds, p.first_seconds, p.second_seconds, p.process_seconds]
        for p in processes
    ]
    headings = ["cache", "import", "first episode", "second", "whole process"]
    note = f"{CASES['lineup'].title}, market {MARKET}."
    return Sheet("First-call compilation, in fresh processes, s", headings, rows, note)


def growth_sheet(growth: Growth) -> Sheet:
    """Lay out what was measured around the centre, and what the formulas give there."""
    rows: list[list[object]] = [
        [
            "(centre)" if len(p.axes) > 1 else p.axes[0],
            p.sizes.opportunities,
            p.sizes.advertisers,
            p.sizes.slots,
            p.sizes.steps,
            p.seconds,
            growth.time(p.sizes),
            p.mib,
            growth.memory and growth.memory(p.sizes),
        ]
        for p in growth.points
    ]
    headings = ["varied", "N", "A", "S", "T", "s", "formula", "MiB", "formula"]
    lines = ["N opportunities, A advertisers, S slots, T steps. Whole episodes, fixed multipliers."]
    lines.append(f"{growth.time}; off by at most {growth.time.largest_relative_error:.0%}")
    if growth.memory is not None:
        lines.append(
            f"{growth.memory}, beside the program's own {growth.before_mib or 0.0:.0f}; off by at "
            f"most {growth.memory.largest_relative_error:.0%} (of {growth.memory.floor:g} at least)"
        )
    title = f"Growth around market {growth.market}, {_threads(growth.threads)}"
    return Sheet(title, headings, rows, "\n".join(lines))


def _milliseconds(seconds: float) -> float | int:
    """Return milliseconds, whole ones where there are many: columns are narrow."""
    return 1e3 * seconds if seconds < 1 else round(1e3 * seconds)


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _range(limits: tuple[float, float] | None) -> str | None:
    return None if limits is None else f"{limits[0]:.3g}–{limits[1]:.3g}"
