"""The cost of rules of weighting as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.power_tables import markdown
from benchmarks.weighting_cost import EQUAL, Cost

#: The goals for VAO: a step, and memory, over those of equal weights.
STEP_GOAL, MEMORY_GOAL = 1.15, 1.5


def tables(costs: Sequence[Cost]) -> str:
    """Return one table a device, under its title."""
    return "\n\n".join(
        f"{_TITLES[device]}\n\n{cost_table([cost for cost in costs if cost.device == device])}"
        for device in dict.fromkeys(cost.device for cost in costs)
    )


_TITLES = {"cpu": "CPU, one thread", "cuda": "CUDA"}


def cost_table(costs: Sequence[Cost]) -> str:
    """Return one row a rule."""
    heads = [
        "rule", "ms a step", "over equal weights", "quartiles", "first of five", "the others",
        "MiB", "over equal weights",
    ]  # fmt: skip
    equal = equal_weights(costs)
    rows = [
        [
            f"`{cost.rule}`", f"{cost.step:.1f}", f"{cost.ratio:.2f}",
            f"{cost.low:.2f}–{cost.high:.2f}", f"{cost.first / equal.first:.2f}",
            f"{cost.rest / equal.rest:.2f}", f"{cost.memory:.0f}",
            f"{memory_ratio(cost, equal):.2f}",
        ]
        for cost in costs
    ]  # fmt: skip
    return markdown(heads, rows)


def equal_weights(costs: Sequence[Cost]) -> Cost:
    """Return what equal weights cost on the first of the devices."""
    return next(cost for cost in costs if cost.rule == EQUAL)


def memory_ratio(cost: Cost, equal: Cost) -> float:
    """Return the memory that a rule's steps add over what those of equal weights add."""
    return cost.memory / equal.memory
