"""The comparison of frozen and responsive opponents as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auctionsim.tasks import TASKS
from benchmarks.frozen_compare import Agreement, Cost, Ranking
from benchmarks.power_tables import markdown, signed


def tables(
    agreements: Sequence[Agreement], rankings: Sequence[Ranking], costs: Sequence[Cost]
) -> str:
    """Return all tables, each under its title."""
    usual = [row for row in agreements if row.budget_factor == 1.0]
    other = [row for row in agreements if row.budget_factor != 1.0]
    parts = {
        "Frozen over responsive, by bidder": agreement_table(usual),
        "With other budgets": agreement_table(other),
        "Differences between bidders": ranking_table(rankings),
        "CPU time": cost_table(costs),
    }
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items())


def agreement_table(agreements: Sequence[Agreement]) -> str:
    """Return one row a market, bidder and budget."""
    heads = [
        "market", "bidder", "budget", *(f"expected Score, {task}" for task in TASKS),
        "expected Value", "cost", "correlation", "of a trajectory",
    ]  # fmt: skip
    rows = []
    for key in dict.fromkeys((x.market, x.bidder, x.budget_factor) for x in agreements):
        mine = [x for x in agreements if (x.market, x.bidder, x.budget_factor) == key]
        score = [x for x in mine if x.figure == "expected_score"]
        by_task = {x.task: x for x in score}
        others = ([x for x in mine if x.figure == name] for name in ("expected_value", "cost"))
        rows.append([
            f"`{key[0]}`", key[1], f"{100 * key[2]:.0f} %",
            *(_interval(by_task[task]) for task in TASKS),
            *(_range(x.difference for x in part) for part in others),
            f"{min(x.correlation for x in score):.4f}",
            f"{max(x.deviation for x in score):.1f} %",
        ])  # fmt: skip
    return markdown(heads, rows)


def ranking_table(rankings: Sequence[Ranking]) -> str:
    """Return one row a market and task: do differences between bidders agree?"""
    heads = [
        "market", "task", "pairs", "same order", "smallest difference", "differences apart, mean",
        "most", "apart beyond luck",
    ]  # fmt: skip
    rows = []
    for market, task in dict.fromkeys((row.market, row.task) for row in rankings):
        mine = [row for row in rankings if (row.market, row.task) == (market, task)]
        apart = [abs(row.frozen - row.responsive) for row in mine]
        rows.append([
            f"`{market}`", task, str(len(mine)), str(sum(row.same_order for row in mine)),
            f"{min(abs(row.responsive) for row in mine):.1f} %",
            f"{sum(apart) / len(apart):.2f} %", f"{max(apart):.2f} %",
            str(sum(row.low > 0.0 or row.high < 0.0 for row in mine)),
        ])  # fmt: skip
    return markdown(heads, rows)


def cost_table(costs: Sequence[Cost]) -> str:
    """Return CPU time, market by market."""
    heads = ["market", "frozen, ms", "responsive, ms", "ratio", "recording an episode, ms"]
    rows = [
        [
            f"`{row.market}`", f"{row.frozen:.1f}", f"{row.responsive:.1f}",
            f"{row.responsive / row.frozen:.1f}", f"{row.recording:.0f}",
        ]
        for row in costs
    ]  # fmt: skip
    return markdown(heads, rows)


def _interval(row: Agreement) -> str:
    low, high = (signed(end).removesuffix(" %") for end in (row.low, row.high))
    return f"{signed(row.difference)} [{low}, {high}]"


def _range(percents: Iterable[float]) -> str:
    ordered = sorted(percents)
    low = signed(ordered[0]).removesuffix(" %")
    return f"{low} to {signed(ordered[-1])}"
