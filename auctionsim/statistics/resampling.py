"""Spread of a statistic of crossed data: its shape by the bootstrap, its size by moments.

The pigeonhole bootstrap (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2))
resamples the levels of each factor independently with replacement; a cell's weight is the product
of its levels' multiplicities. It has two flaws where levels are few: the spread of a factor of n
levels comes out (n - 1) / n too small, with tails of a normal, and what is left beside the factors
counts up to three times. So the size is taken from moments, as in an analysis of variance of the
statistic's linear part, and Student's distribution with Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.statistics.factors import Cells, Float64Array

#: Sums (..., K) to statistics (...).
Statistic = Callable[[Float64Array], Float64Array]

_WEIGHTS_AT_ONCE = 1 << 21
_SWEEPS = 50


@dataclass(frozen=True)
class Spread:
    """Size of a statistic's spread.

    Attributes:
        variance: Estimated variance of the statistic.
        degrees: Degrees of freedom of that estimate.
    """

    variance: float
    degrees: float


@dataclass(frozen=True, eq=False)
class Variances:
    """What factors add to a statistic's variance.

    Attributes:
        own: (F,) estimates by factor; each holds the residual's too.
        degrees: (F,) degrees of freedom of these.
        residual: What no single factor explains; 0 where that cannot be told.
        left: Degrees of freedom of the residual.
    """

    own: Float64Array
    degrees: Float64Array
    residual: float
    left: float


def replicate(cells: Cells, statistic: Statistic, repeats: int, seed: int) -> Float64Array:
    """Return the statistic of `repeats` pigeonhole bootstrap samples, (repeats,).

    Args:
        cells: With at least one factor.
        statistic: Takes weighted sums.
        repeats: How many samples.
        seed: Every factor draws from a generator of its own, row by row.
    """
    draws = [np.random.default_rng([seed, place]) for place in range(len(cells.names))]
    chunk = max(1, _WEIGHTS_AT_ONCE // cells.codes.shape[1])
    parts = []
    for first in range(0, repeats, chunk):
        rows = min(chunk, repeats - first)
        weights = np.ones((cells.codes.shape[1], rows))
        for generator, levels, codes in zip(draws, cells.levels, cells.codes, strict=True):
            drawn = generator.multinomial(levels, np.full(levels, 1.0 / levels), rows)
            # Samples side by side, so that a cell copies a run of memory.
            weights *= np.ascontiguousarray(drawn.T, np.float64)[codes]
        parts.append(statistic((cells.sums.T @ weights).T))
    return np.concatenate(parts)


def spread_of(cells: Cells, gradient: Float64Array) -> Spread:
    """Estimate the statistic's variance from its linear part, by crossed random effects.

    Each factor's variance holds the residual's too, so that all but one of them are taken off
    again; the result is never below the largest factor's.

    Args:
        cells: With at least one factor, F.
        gradient: Of the statistic by the K sums, (K,).
    """
    return combined(variances_of(cells, gradient))


def combined(found: Variances) -> Spread:
    """Return the variance of the statistic, given what each factor adds."""
    own, degrees = found.own, found.degrees
    surplus = (len(own) - 1) * found.residual
    variance = float(own.sum() - surplus)
    largest = int(own.argmax())
    if variance <= own[largest]:
        return Spread(float(own[largest]), float(degrees[largest]))
    doubt = float((own**2 / degrees).sum() + surplus**2 / found.left)
    return Spread(variance, max(1.0, variance**2 / doubt))


def variances_of(cells: Cells, gradient: Float64Array) -> Variances:
    """Take the variance of the statistic's linear part apart, by factor.

    Args:
        cells: With at least one factor, F.
        gradient: Of the statistic by the K sums, (K,).
    """
    linear = cells.sums @ gradient
    own = np.array([_between(linear, c, n) for c, n in zip(cells.codes, cells.levels, strict=True)])
    return Variances(own, np.array(cells.levels) - 1.0, *_residual(linear, cells))


def _between(linear: Float64Array, codes: NDArray[np.int64], levels: int) -> float:
    """Variance that a factor of random levels gives a sum."""
    totals = np.bincount(codes, linear, levels)
    return float(((totals - totals.mean()) ** 2).sum() * levels / (levels - 1))


def _residual(linear: Float64Array, cells: Cells) -> tuple[float, float]:
    """Variance that what no single factor explains gives the sum, and its degrees of freedom."""
    count = len(linear)
    left = count - 1.0 - sum(n - 1 for n in cells.levels)
    if len(cells.levels) < 2 or left < 1:
        return 0.0, 1.0
    rest = linear - linear.mean()
    for _ in range(_SWEEPS):
        before = rest
        for codes, levels in zip(cells.codes, cells.levels, strict=True):
            held = np.bincount(codes, minlength=levels)
            rest = rest - (np.bincount(codes, rest, levels) / held)[codes]
        if np.allclose(rest, before, rtol=0.0, atol=1e-9 * np.abs(linear).max()):
            break
    return float((rest**2).sum() * count / left), left
