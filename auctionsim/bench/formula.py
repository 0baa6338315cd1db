"""Formulas for planning: a sum of terms in a market's sizes, fitted to what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# A term that nowhere brings a larger share of what was measured is rounding, not a finding.
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Sizes:
    """Sizes of a market: N opportunities, A advertisers, S slots, T steps."""

    opportunities: int
    advertisers: int
    slots: int
    steps: int


Term = Callable[[Sizes], float]

TIME_TERMS: dict[str, Term] = {
    "1": lambda s: 1.0,
    "T": lambda s: s.steps,
    "T A": lambda s: s.steps * s.advertisers,
    "N": lambda s: s.opportunities,
    "N A": lambda s: s.opportunities * s.advertisers,
    "N S": lambda s: s.opportunities * s.slots,
    "N A S": lambda s: s.opportunities * s.advertisers * s.slots,
}
MEMORY_TERMS: dict[str, Term] = {
    "1": lambda s: 1.0,
    "T A": lambda s: s.steps * s.advertisers,
    "N A / T": lambda s: s.opportunities * s.advertisers / s.steps,
    # Ahead of settling, 16,384 opportunities are ranked at a time; the fullest step of the day has
    # 1.8 times the mean.
    "S min(N / T, 9000)": lambda s: s.slots * min(s.opportunities / s.steps, 9000),
}


@dataclass(frozen=True)
class Formula:
    """A fitted sum of terms.

    Attributes:
        quantity: What it gives, with unit.
        coefficients: By term; those that came out as 0 are left out.
        largest_relative_error: Over the points it was fitted to, |formula / measured - 1|; points
            below the floor count as the floor.
        floor: Smallest amount that is told from 0, in the same unit.
    """

    quantity: str
    coefficients: dict[str, float]
    largest_relative_error: float
    floor: float = 0.0

    def __call__(self, sizes: Sizes) -> float:
        """Return the formula's value at some sizes."""
        return sum(c * _TERMS[name](sizes) for name, c in self.coefficients.items())

    def __str__(self) -> str:
        terms = (f"{c:.3g}" if n == "1" else f"{c:.3g} {n}" for n, c in self.coefficients.items())
        return f"{self.quantity} = {' + '.join(terms) or '0'}"


_TERMS: Mapping[str, Term] = {**TIME_TERMS, **MEMORY_TERMS}


def fit(
    quantity: str,
    terms: Mapping[str, Term],
    sizes: Sequence[Sizes],
    measured: Sequence[float],
    floor: float = 0.0,
) -> Formula:
    """Fit coefficients >= 0 by least squares of the relative error.

    Args:
        quantity: What was measured, with unit.
        terms: Terms of the sum.
        sizes: Where it was measured.
        measured: What was found there, > 0 unless there is a floor.
        floor: Errors are relative to the measured amount or to this, whichever is larger.
    """
    from scipy.optimize import nnls

    found = np.asarray(measured, np.float64)
    weight = 1.0 / np.maximum(found, floor)
    design = np.array([[term(s) for term in terms.values()] for s in sizes]) * weight[:, None]
    # Columns of one size: their units differ by many powers of ten.
    scale = np.maximum(np.abs(design).max(axis=0), np.finfo(np.float64).tiny)
    scaled, _ = nnls(design / scale, found * weight)
    coefficients = {
        name: float(value)
        for name, value, share in zip(terms, scaled / scale, scaled, strict=True)
        if share > _NEGLIGIBLE
    }
    formula = Formula(quantity, coefficients, 0.0, floor)
    errors = (np.array([formula(s) for s in sizes]) - found) * weight
    return Formula(quantity, coefficients, float(np.abs(errors).max()), floor)
