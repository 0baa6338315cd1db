"""Bidding tasks, their constraints, and the two Scores.

A task says which limits a campaign must keep beside its budget:

    cpa_mcb      cost per conversion  CPA  = cost / conversions <= target
    target_roas  return on ad spend   ROAS = value / cost       >= target
    bcb          the budget alone
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import unknown_name

TASKS: tuple[str, ...] = ("cpa_mcb", "target_roas", "bcb")
CPA_MCB, TARGET_ROAS, BCB = range(3)

FloatArray = NDArray[np.float64]


def task_code(name: str) -> int:
    """Return the integer code of a task name (its place in `TASKS`)."""
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    return TASKS.index(name)


@dataclass(frozen=True)
class PaperScore:
    """Exponents of the Score that can fall short of, and exceed, the Value.

    The VAO paper's tables show BCB Scores below the Value and TargetROAS Scores above it without
    giving the formula; these constants fix one reading of it.

    Attributes:
        utilisation_exponent: gamma in min(1, cost / budget)^gamma for bcb.
        roas_exponent: beta in min((ROAS / target)^beta, cap) for target_roas.
        roas_cap: The cap of that factor.
    """

    utilisation_exponent: float = 1.0
    roas_exponent: float = 1.0
    roas_cap: float = 1.05


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """numerator / denominator; +inf where only the denominator is 0, nan where both are."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result: FloatArray = np.divide(numerator, denominator)
    return result


def cpa_ratio(cost: ArrayLike, conversions: ArrayLike, cpa_target: ArrayLike) -> FloatArray:
    """CPA over its target: above 1 breaks the limit.

    Args:
        cost: Spend, in currency.
        conversions: Conversions, realised or expected.
        cpa_target: Highest allowed cost per conversion, in currency.

    Returns:
        The ratio; +inf for cost without conversions, nan for neither cost nor conversions.
    """
    cost, conversions = np.asarray(cost, np.float64), np.asarray(conversions, np.float64)
    return _ratio(_ratio(cost, conversions), np.asarray(cpa_target, np.float64))


def roas_ratio(cost: ArrayLike, value: ArrayLike, roas_target: ArrayLike) -> FloatArray:
    """ROAS over its target: below 1 breaks the limit; nan for no cost.

    Args:
        cost: Spend, in currency.
        value: Value of the conversions, realised or expected.
        roas_target: Lowest allowed value per unit of currency spent.
    """
    cost, value = np.asarray(cost, np.float64), np.asarray(value, np.float64)
    return _ratio(_ratio(value, cost), np.asarray(roas_target, np.float64))


@dataclass(frozen=True)
class Totals:
    """What campaigns achieved over an episode; all arrays have one shape, the campaigns'.

    Attributes:
        task: Task codes (see `TASKS`).
        budget: In currency.
        cpa_target: In currency a conversion; nan where the task has none.
        roas_target: In value a unit of currency; nan where the task has none.
        cost: In currency.
        conversions: Count of conversions (or its expectation).
        value: Value of the conversions (or its expectation).
    """

    task: NDArray[np.int8]
    budget: FloatArray
    cpa_target: FloatArray
    roas_target: FloatArray
    cost: FloatArray
    conversions: FloatArray
    value: FloatArray

    @property
    def utilisation(self) -> FloatArray:
        """Share of the budget spent; 0 where the budget is 0."""
        return np.where(self.budget > 0, self.cost / np.maximum(self.budget, 1e-300), 0.0)

    @property
    def cpa_ratio(self) -> FloatArray:
        """CPA over target, nan for other tasks."""
        ratio = cpa_ratio(self.cost, self.conversions, self.cpa_target)
        return np.where(self.task == CPA_MCB, ratio, np.nan)

    @property
    def roas_ratio(self) -> FloatArray:
        """ROAS over target, nan for other tasks."""
        ratio = roas_ratio(self.cost, self.value, self.roas_target)
        return np.where(self.task == TARGET_ROAS, ratio, np.nan)

    @property
    def violated(self) -> NDArray[np.bool_]:
        """Whether the task's limit was broken (never for bcb, whose budget cannot break)."""
        return (self.cpa_ratio > 1.0) | (self.roas_ratio < 1.0)

    @property
    def score_strict(self) -> FloatArray:
        """Value times min((C / CPA)^2, 1) or min((ROAS / target)^2, 1); Value itself for bcb.

        The CPA form is AuctionNet's; the ROAS form is GAS's (arXiv 2412.17018, eq. 16-18).
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            cpa_factor = np.minimum(self.cpa_ratio**-2.0, 1.0)
            roas_factor = np.minimum(self.roas_ratio**2.0, 1.0)
        return self._score(cpa_factor, roas_factor, np.ones_like(self.value))

    def score_paper(self, form: PaperScore | None = None) -> FloatArray:
        """The Score of `PaperScore`: utilisation for bcb, and a ROAS factor that may exceed 1."""
        form = form or PaperScore()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            cpa_factor = np.minimum(self.cpa_ratio**-2.0, 1.0)
            roas_factor = np.minimum(self.roas_ratio**form.roas_exponent, form.roas_cap)
        budget_factor = np.minimum(1.0, self.utilisation) ** form.utilisation_exponent
        return self._score(cpa_factor, roas_factor, budget_factor)

    def _score(self, cpa: FloatArray, roas: FloatArray, budget: FloatArray) -> FloatArray:
        factor = np.choose(self.task, [cpa, roas, budget])
        # No value scores 0 whatever the ratios; value without cost cannot have broken a limit.
        factor = np.where(np.isnan(factor), 1.0, factor)
        return np.where(self.value > 0.0, self.value * factor, 0.0)
