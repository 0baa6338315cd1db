"""What is asked about mean results: means, shares, changes, and mean relative drops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Contrast", "Figure", "Term", "change", "drop", "drop_gap", "mean", "share"]

Float64Array = NDArray[np.float64]
_ROUNDING = 1e-13

Figure = tuple[str, str, str]
"""A mean result: entrant, task, metric."""


@dataclass(frozen=True)
class Term:
    """A multiple of a mean, or of the ratio of two.

    Attributes:
        factor: What it is multiplied by.
        over: The mean, or the ratio's numerator.
        under: The ratio's denominator; None for a mean.
    """

    factor: float
    over: Figure
    under: Figure | None = None


@dataclass(frozen=True)
class Contrast:
    """A sum of terms: everything that a table of results says of means has this form.

    Attributes:
        terms: What is summed.
        constant: Added to it.
    """

    terms: tuple[Term, ...]
    constant: float = 0.0

    @property
    def figures(self) -> list[Figure]:
        """The means that it needs, each once."""
        named = (f for t in self.terms for f in (t.over, t.under) if f is not None)
        return list(dict.fromkeys(named))

    def value(self, mean_of: Callable[[Figure], Float64Array]) -> Float64Array:
        """Return its value; nan or infinite where a denominator is 0.

        What is 0 but for rounding is 0, so that an entrant never differs from itself.

        Args:
            mean_of: Gives a figure's mean, or many resampled ones, (...).
        """
        total = np.asarray(self.constant, np.float64)
        size = np.abs(total)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for term in self.terms:
                ratio = mean_of(term.over)
                if term.under is not None:
                    ratio = ratio / mean_of(term.under)
                total = total + term.factor * ratio
                size = size + np.abs(term.factor * ratio)
        return np.where(np.isfinite(size) & (np.abs(total) <= _ROUNDING * size), 0.0, total)

    def slopes(self, mean_of: Callable[[Figure], Float64Array]) -> dict[Figure, float]:
        """Return its derivatives by the means; denominators must not be 0."""
        found = dict.fromkeys(self.figures, 0.0)
        for term in self.terms:
            under = 1.0 if term.under is None else float(mean_of(term.under))
            found[term.over] += term.factor / under
            if term.under is not None:
                found[term.under] -= term.factor * float(mean_of(term.over)) / under**2
        return found


def mean(entrant: str, task: str, metric: str) -> Contrast:
    """An entrant's mean."""
    return Contrast((Term(1.0, (entrant, task, metric)),))


def share(entrant: str, other: str, task: str, metric: str) -> Contrast:
    """An entrant's mean in percent of another's."""
    return Contrast((Term(100.0, (entrant, task, metric), (other, task, metric)),))


def change(entrant: str, other: str, task: str, metric: str) -> Contrast:
    """By how much an entrant's mean exceeds another's, in percent of the other's."""
    return Contrast(share(entrant, other, task, metric).terms, -100.0)


def drop(entrant: str, baseline: str, tasks: Sequence[str], score: str) -> Contrast:
    """Delta-m over the tasks' Value and Score, in percent; see `vao.metrics.delta_m`.

    A cell's -(M - B) / B * 100 is 100 - 100 M / B.
    """
    cells = [(task, metric) for task in tasks for metric in ("value", score)]
    part = -100.0 / len(cells)
    terms = (Term(part, (entrant, t, m), (baseline, t, m)) for t, m in cells)
    return Contrast(tuple(terms), 100.0)


def drop_gap(entrant: str, other: str, baseline: str, tasks: Sequence[str], score: str) -> Contrast:
    """An entrant's delta-m less another's, in points; below 0 where the entrant is better."""
    ours = drop(entrant, baseline, tasks, score).terms
    theirs = drop(other, baseline, tasks, score).terms
    return Contrast((*ours, *(Term(-t.factor, t.over, t.under) for t in theirs)))
