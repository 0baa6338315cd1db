"""Intervals for rates: shares of trajectories in which something happened, crossed or clustered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from auctionsim.errors import invalid_argument
from auctionsim.statistics.arguments import (
    check_factors,
    check_numbers,
    check_resample,
    check_share,
)
from auctionsim.statistics.factors import Cells, collect
from auctionsim.statistics.intervals import RESAMPLED, Interval
from auctionsim.statistics.resampling import spread_of


def rate_interval(
    outcomes: ArrayLike,
    factors: Mapping[str, ArrayLike],
    resample: Sequence[str] | str | None = None,
    *,
    level: float = 0.95,
) -> Interval:
    """Estimate how often something happens, with an interval inside [0, 1].

    It is Wilson's score interval (J. of the American Statistical Association 22, 1927) with the
    effective number of independent outcomes in place of their number: the number that would give
    the variance that the factors' levels show (the outcomes over their design effect), and never
    more than there are. Where levels hold several outcomes, that variance is an estimate, and the
    quantile is Student's with its degrees of freedom (Korn and Graubard 1998, Survey Methodology
    24). Where all outcomes are equal no variance shows, and a level counts as one outcome.

    Unlike `interval` it needs no nearly normal mean. Of 1,500 intervals of 95 % each, 91 to 100 %
    held a rate of 0.1 or 0.5, from 2 to 100 episodes, of one outcome, of 8 or of 48, independent or
    correlated with each other by up to 0.9. Of a rate of 0.02 it was 85 % in the worst case: 48
    outcomes an episode, correlated by 0.2, so that a few episodes hold most of what happens.

    Args:
        outcomes: Whether it happened, 0 or 1 (or False and True), one a trajectory, (n,).
        factors: Labels by factor, each (n,).
        resample: As in `auctionsim.statistics.interval`.
        level: Share of such intervals that shall hold the truth.

    Returns:
        The rate, its interval, and the standard error of that many independent outcomes.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """
    numbers = check_numbers("outcomes", outcomes)
    wrong = numbers[(numbers != 0.0) & (numbers != 1.0)]
    if wrong.size:
        mend = "Use `interval` for other numbers."
        raise invalid_argument("outcomes", "must be 0 or 1 throughout", wrong[0], mend)
    labels = check_factors(factors, len(numbers))
    names = check_resample(resample, labels, RESAMPLED)
    level = check_share("level", level)
    cells = collect(np.stack([numbers, np.ones(len(numbers))], axis=1), labels, names)
    rate = float(numbers.mean())
    if not cells.names:
        return Interval(rate, np.nan, np.nan, np.nan, level, 0.0, cells.unresampled)
    units, degrees = _effective(cells, rate)
    quantile = float(special.stdtrit(degrees, 0.5 + level / 2))
    low, high = _wilson(rate, units, quantile)
    error = float(np.sqrt(rate * (1.0 - rate) / units))
    return Interval(rate, low, high, error, level, degrees, cells.unresampled)


def _effective(cells: Cells, rate: float) -> tuple[float, float]:
    """Return the effective number of independent outcomes, and its degrees of freedom."""
    outcomes = float(cells.sums[:, 1].sum())
    if len(cells.names) == 1 and outcomes == len(cells.sums):
        return outcomes, np.inf  # each level has one: the rate alone says how they spread
    fewest = float(min(cells.levels))
    if rate in (0.0, 1.0):
        return fewest, fewest - 1.0
    spread = spread_of(cells, np.array([1.0, -rate]) / outcomes)
    if spread.variance <= rate * (1.0 - rate) / outcomes:
        return outcomes, spread.degrees
    return rate * (1.0 - rate) / spread.variance, spread.degrees


def _wilson(rate: float, units: float, quantile: float) -> tuple[float, float]:
    weight = quantile**2 / units
    middle = (rate + weight / 2) / (1.0 + weight)
    arm = np.sqrt(weight * (rate * (1.0 - rate) + weight / 4)) / (1.0 + weight)
    # Rounding must not put the ends beyond the rate, or beyond what rates can be.
    return max(0.0, min(rate, float(middle - arm))), min(1.0, max(rate, float(middle + arm)))
