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
            training data of the campaign's own task, whatever other data the planner learned from.
        ratio: The CPA asked for over the CPA target, and the ROAS target over the ROAS asked for;
            below 1 asks for more than the limit demands.
    """

    quantile: float = 0.75
    ratio: float = 0.9

    def __post_init__(self) -> None:
        if not 0.0 <= self.quantile <= 1.0:
            raise invalid_argument("quantile", "must be in [0, 1]", self.quantile, "Try 0.75.")
        if not (math.isfinite(self.ratio) and self.ratio > 0.0):
            raise invalid_argument("ratio", "must be finite and > 0", self.ratio, "Try 0.9.")
