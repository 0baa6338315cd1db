"""Which returns a task's trajectories reach, given their budgets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_data

__all__ = ["QUANTILES", "TaskReturns"]

FloatArray = NDArray[np.float64]

QUANTILES: FloatArray = np.linspace(0.0, 1.0, 101)
"""The quantiles of residuals that are kept; between them is interpolated."""
QUANTILES.flags.writeable = False


@dataclass(frozen=True)
class TaskReturns:
    """Log returns of one task's trajectories: a line in log budget, and what lies around it.

    A larger budget buys worse opportunities and so returns less a unit of money: what is much for
    a campaign shows only beside campaigns of similar budgets.

    Attributes:
        intercept: Of the line, at log budget 0.
        slope: Of the line; 0 where budgets do not differ.
        lowest: Lowest log budget in the data; below it the line stays level.
        highest: Highest log budget in the data, likewise.
        residuals: 101 percentiles (`QUANTILES`) of log return less the line.
    """

    intercept: float
    slope: float
    lowest: float
    highest: float
    residuals: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = (self.intercept, self.slope, self.lowest, self.highest, *self.residuals)
        if len(self.residuals) != len(QUANTILES) or not np.isfinite(numbers).all():
            rule = f"must be a line, its ends and {len(QUANTILES)} residuals, all finite"
            found = f"{len(self.residuals)} residuals, {np.isfinite(numbers).sum()} finite numbers"
            raise invalid_data("returns", rule, found, "Train it again.")

    @classmethod
    def fit(cls, log_return: FloatArray, log_budget: FloatArray) -> TaskReturns:
        """Fit on trajectories, by least squares.

        Args:
            log_return: (n,) finite, n >= 1.
            log_budget: (n,) finite.
        """
        centre, spread = log_budget.mean(), log_budget.std()
        slope = 0.0
        if spread > 1e-8 * max(1.0, abs(centre)):
            slope = float(((log_budget - centre) * log_return).mean() / spread**2)
        intercept = float(log_return.mean() - slope * centre)
        residuals = np.quantile(log_return - intercept - slope * log_budget, QUANTILES)
        ends = float(log_budget.min()), float(log_budget.max())
        return cls(intercept, slope, *ends, tuple(residuals.tolist()))

    def at(self, quantile: float, log_budget: ArrayLike) -> FloatArray:
        """Return the quantile of log returns at log budgets of any shape."""
        budget = np.clip(np.asarray(log_budget, np.float64), self.lowest, self.highest)
        line: FloatArray = self.intercept + self.slope * budget
        return line + np.interp(quantile, QUANTILES, self.residuals)
