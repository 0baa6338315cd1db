"""What a trained planner is asked for when it acts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auctionsim.errors import invalid_argument

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """What a planner is asked for, relative to the task's training data and the campaign's target.

    Attributes:
        quantile: The return (expected value over budget) asked for is this quantile of those in the
            training data of the campaign's own task at similar budgets, whatever other data the
            planner learned from; 1 is the best of them.
        factor: Times this: 1.05 over quantile 1 asks for 5 % more than the data's best.
        ratio: The CPA asked for over the CPA target, and the ROAS target over the ROAS asked for;
            below 1 asks for more than the limit demands.
        adapt: How far a request follows what was achieved so far: 0 asks for the same all day; 1
            moves return, CPA and ROAS away from what is asked for by as much as the day so far
            missed it, in proportion to the share of the budget spent.
    """

    quantile: float = 0.75
    ratio: float = 0.9
    factor: float = 1.0
    adapt: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.quantile <= 1.0:
            raise invalid_argument("quantile", "must be in [0, 1]", self.quantile, "Try 0.75.")
        for name, mend in (("ratio", "Try 0.9."), ("factor", "Try 1.")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise invalid_argument(name, "must be finite and > 0", value, mend)
        if not (math.isfinite(self.adapt) and 0.0 <= self.adapt <= 10.0):
            raise invalid_argument("adapt", "must be in [0, 10]", self.adapt, "Try 0 or 1.")

    def __str__(self) -> str:
        words = f"quantile {self.quantile:g}, ratio {self.ratio:g}"
        words += f", factor {self.factor:g}" if self.factor != 1.0 else ""
        return words + (f", adapt {self.adapt:g}" if self.adapt else "")
