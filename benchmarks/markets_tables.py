"""The study of markets as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from auctionsim.tasks import TASKS
from benchmarks.markets_study import Gain, Level
from benchmarks.power_tables import markdown, signed


def tables(levels: Sequence[Level], gains: Sequence[Gain]) -> str:
    """Return all tables, each under its title."""
    parts = {
        "What knowing more gains, in hindsight": hindsight_table(levels, gains),
        "What adaptive rules gain over the same factor": played_table(gains),
    }
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items())


def hindsight_table(levels: Sequence[Level], gains: Sequence[Gain]) -> str:
    """Return the factors chosen on other days, and what hindsight adds to them."""
    heads = [
        "market", "task", "factor", "Score", "the seat's own factor", "the day's best constant",
        "a path over that constant", "the optimum over it",
    ]  # fmt: skip
    pairs = [
        ("seat_factor", "market_factor"), ("constant", "market_factor"), ("path", "constant"),
        ("optimum", "constant"),
    ]  # fmt: skip
    rows = [
        [
            of.market,
            of.task,
            f"{of.factor:.2f}",
            f"{of.score:.1f}",
            *_cells(gains, of.market, of.task, pairs),
        ]
        for of in levels
    ]
    return markdown(heads, rows)


def played_table(gains: Sequence[Gain]) -> str:
    """Return what bidders that adapt gain over the factor chosen on other days, all played."""
    heads = ["market", *(f"{task}: {name}" for task in TASKS for name in ("online LP", "PID"))]
    pairs = [("online_lp", "fixed"), ("pid", "fixed")]
    rows = []
    for market in dict.fromkeys(gain.market for gain in gains):
        found = [cell for t in TASKS for cell in _cells(gains, market, t, pairs)]
        rows.append([market, *found])
    return markdown(heads, rows)


def _cells(
    gains: Sequence[Gain], market: str, task: str, pairs: Sequence[tuple[str, str]]
) -> list[str]:
    by_pair = {g.pair: g for g in gains if (g.market, g.task) == (market, task)}
    return [_cell(by_pair[pair]) for pair in pairs]


def _cell(gain: Gain) -> str:
    return f"{signed(gain.percent)} ({_plain(gain.low)} to {_plain(gain.high)})"


def _plain(percent: float) -> str:
    return signed(percent).removesuffix(" %").removeprefix("+")
