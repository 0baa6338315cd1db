"""The figure that sums up a table of results."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

from auctionsim.errors import invalid_argument

__all__ = ["delta_m"]

Cell = TypeVar("Cell", bound=Hashable)


def delta_m(metrics: Mapping[Cell, float], baseline: Mapping[Cell, float]) -> float:
    """Mean relative drop against a baseline, in percent; negative means better than the baseline.

    The VAO paper's delta-m: the mean over cells s of -(M_s - B_s) / B_s * 100, where larger
    metrics are better.

    Args:
        metrics: One finite number a cell, usually keyed by (task, metric).
        baseline: The baseline's numbers, finite and not 0, with the same keys.

    Raises:
        InvalidArgumentError: Empty or different keys, a number that is not finite, a baseline of 0.
    """
    if not baseline:
        raise invalid_argument("baseline", "must hold a cell", dict(baseline), "Pass one a metric.")
    if metrics.keys() != baseline.keys():
        odd = sorted(map(str, set(metrics) ^ set(baseline)))
        raise invalid_argument(
            "metrics", "must have the baseline's keys", f"only in one of them: {odd}", "Match them."
        )
    for name, mapping in (("metrics", metrics), ("baseline", baseline)):
        for key, value in mapping.items():
            if not math.isfinite(value):
                raise invalid_argument(f"{name}[{key!r}]", "must be finite", value, "Drop the run.")
    zero = [key for key, value in baseline.items() if value == 0]
    if zero:
        raise invalid_argument(
            f"baseline[{zero[0]!r}]",
            "must not be 0, for drops are relative to it",
            0,
            "Leave out the cell on both sides.",
        )
    drops = [-(metrics[key] - base) / base * 100.0 for key, base in baseline.items()]
    return math.fsum(drops) / len(drops)
