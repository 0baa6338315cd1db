"""Intervals for means, ratios and paired differences of crossed results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import check_integer
from auctionsim.statistics.arguments import (
    check_factors,
    check_numbers,
    check_resample,
    check_share,
)
from auctionsim.statistics.factors import Cells, Float64Array, collect
from auctionsim.statistics.matching import match
from auctionsim.statistics.resampling import Statistic, replicate, spread_of

#: Factors resampled where none are named: what a new experiment would draw anew.
RESAMPLED = ("seed", "episode")

# How one-sided the bootstrap may make an interval; with few levels its quantiles are rough.
_LEAST_ARM, _LARGEST_ARM = 0.25, 0.75


@dataclass(frozen=True)
class Interval:
    """An estimate and how far to trust it.

    Attributes:
        estimate: sum(numerator) / sum(denominator), or a difference of such.
        low: Lower end; nan where nothing could be resampled, or the estimate is undefined.
        high: Upper end.
        standard_error: Square root of the estimated variance.
        level: Share of such intervals that are to hold the truth; where they do, see `interval`.
        degrees: Degrees of freedom of the standard error; 0 where it is nan.
        unresampled: Factors that were to be resampled and have one level only: the interval holds
            for that level, and says nothing of others.
    """

    estimate: float
    low: float
    high: float
    standard_error: float
    level: float
    degrees: float
    unresampled: tuple[str, ...] = ()

    def p_value(self, null: float = 0.0) -> float:
        """Return the two-sided p-value of `null`: below 1 - level just where the interval ends.

        It is nan where there is no interval, or one without length that does not hold `null`: equal
        results say nothing of their spread. It is as good as the interval's coverage; see
        `interval`.
        """
        if not self.standard_error >= 0.0 or not np.isfinite(self.estimate):
            return float("nan")
        if self.estimate == null:
            return 1.0
        arm = self.estimate - self.low if null < self.estimate else self.high - self.estimate
        if arm == 0.0:
            return float("nan")
        quantile = float(special.stdtrit(self.degrees, 0.5 + self.level / 2))
        distance = float(abs(self.estimate - null) / arm * quantile)
        return float(2.0 * special.stdtr(self.degrees, -distance))


@dataclass(frozen=True)
class Sample:
    """Results of one method, one a trajectory.

    Attributes:
        numerator: What is averaged, or the numerator of a ratio, (n,).
        factors: Labels by factor (seed, episode, seat), each (n,).
        denominator: Of the ratio, >= 0, (n,); None for a mean.
    """

    numerator: ArrayLike
    factors: Mapping[str, ArrayLike]
    denominator: ArrayLike | None = None


def interval(
    numerator: ArrayLike,
    factors: Mapping[str, ArrayLike],
    denominator: ArrayLike | None = None,
    resample: Sequence[str] | str | None = None,
    *,
    level: float = 0.95,
    repeats: int = 2000,
    seed: int = 0,
) -> Interval:
    """Estimate sum(numerator) / sum(denominator) over crossed factors.

    Length and degrees of freedom follow from `auctionsim.statistics.resampling.spread_of`; how far
    the interval leans to either side follows from the percentiles of the pigeonhole bootstrap.

    Where what the levels bring is nearly normal, as sums over many opportunities are, intervals
    hold the truth as often as `level` says, from two levels a factor on. Where it is not, a mean of
    few levels is not normal either, and they hold it less often. Measured at 95 % with 2, 5, 10 and
    20 levels: 91, 88, 90 and 92 % for exponential results, 90, 82, 85 and 88 % for lognormal ones
    (of deviation 1), and 17, 38, 69 and 87 % for 0 or 1 with a rate of 0.1; for those there is
    `rate_interval`.

    Args:
        numerator: One number a trajectory, (n,).
        factors: Labels by factor, each (n,).
        denominator: Numbers >= 0, (n,); None for a mean.
        resample: Factors whose levels are a sample; the others are what is asked about. None for
            those of "seed" and "episode" that there are.
        level: Share of such intervals that shall hold the truth.
        repeats: Bootstrap samples.
        seed: Of the bootstrap.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """
    columns, labels = _columns("", Sample(numerator, factors, denominator))
    names = check_resample(resample, labels, RESAMPLED)
    return _interval(collect(columns, labels, names), _ratio, level, repeats, seed)


def paired_difference(
    a: Sample,
    b: Sample,
    *,
    relative: bool = False,
    resample: Sequence[str] | str | None = None,
    level: float = 0.95,
    repeats: int = 2000,
    seed: int = 0,
) -> Interval:
    """Estimate by how much method a exceeds method b on the same seeds, episodes and seats.

    How often the interval holds the truth is said at `interval`; of differences, skewness cancels
    where both methods' results are equally skewed.

    Args:
        a: Results of the one, each combination of labels once.
        b: Results of the other, with the same factors and labels in any order.
        relative: Whether to give 100 (a / b - 1), in percent, instead of a - b.
        resample: See `interval`.
        level: See `interval`.
        repeats: See `interval`.
        seed: See `interval`.

    Raises:
        InvalidArgumentError: If an argument breaks its rule, labels have no partner, or b is 0
            where the relative difference is asked for.
    """
    ours, labels = _columns("a.", a)
    theirs, other = _columns("b.", b)
    names = check_resample(resample, labels, RESAMPLED)
    columns = np.concatenate([ours, theirs[match(labels, other)]], axis=1)
    if relative and columns[:, 2].sum() == 0.0:
        mend = "Ask for the absolute difference."
        raise invalid_argument("b.numerator", "must not sum to 0", 0.0, mend)
    statistic = _relative if relative else _difference
    return _interval(collect(columns, labels, names), statistic, level, repeats, seed)


def _columns(prefix: str, sample: Sample) -> tuple[Float64Array, dict[str, NDArray[Any]]]:
    numerator = check_numbers(f"{prefix}numerator", sample.numerator)
    denominator = np.ones(len(numerator))
    if sample.denominator is not None:
        denominator = check_numbers(
            f"{prefix}denominator", sample.denominator, len(numerator), least=0.0
        )
    labels = check_factors(sample.factors, len(numerator), f"{prefix}factors")
    return np.stack([numerator, denominator], axis=1), labels


def _interval(
    cells: Cells, statistic: Statistic, level: float, repeats: int, seed: int
) -> Interval:
    level = check_share("level", level)
    repeats = check_integer("repeats", repeats, 100, 1_000_000, "Use 2000, say.")
    seed = check_integer("seed", seed, 0, 2**63 - 1, "Pick another seed.")
    totals = cells.sums.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        estimate = float(statistic(totals))
    if not cells.names or not np.isfinite(estimate):
        return Interval(estimate, np.nan, np.nan, np.nan, level, 0.0, cells.unresampled)
    spread = spread_of(cells, _gradient(statistic, totals))
    error = float(np.sqrt(spread.variance))
    length = 2.0 * float(special.stdtrit(spread.degrees, 0.5 + level / 2)) * error
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        drawn = replicate(cells, statistic, repeats, seed)
    below = _lower_arm(drawn[~np.isnan(drawn)], estimate, level)
    low, high = estimate - below * length, estimate + (1.0 - below) * length
    return Interval(estimate, low, high, error, level, spread.degrees, cells.unresampled)


def _lower_arm(drawn: Float64Array, estimate: float, level: float) -> float:
    """Return the share of the percentile interval that lies below the estimate."""
    if not len(drawn):
        return 0.5
    # Values drawn, not means of two of them: a ratio may be infinite in some samples.
    ends = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], method="inverted_cdf")
    down, up = max(0.0, estimate - ends[0]), max(0.0, ends[1] - estimate)
    if down == up:
        return 0.5
    if np.isinf(down) or np.isinf(up):
        return _LEAST_ARM if np.isinf(up) else _LARGEST_ARM
    return float(np.clip(down / (down + up), _LEAST_ARM, _LARGEST_ARM))


def _ratio(sums: Float64Array) -> Float64Array:
    return np.asarray(sums[..., 0] / sums[..., 1])


def _difference(sums: Float64Array) -> Float64Array:
    return _ratio(sums[..., :2]) - _ratio(sums[..., 2:])


def _relative(sums: Float64Array) -> Float64Array:
    return 100.0 * (_ratio(sums[..., :2]) / _ratio(sums[..., 2:]) - 1.0)


def _gradient(statistic: Statistic, totals: Float64Array) -> Float64Array:
    """Return the statistic's derivatives by its sums, (K,)."""
    means = [totals[0] / totals[1]]
    rows = [np.array([1.0, -means[0]]) / totals[1]]
    if statistic is _ratio:
        return np.asarray(rows[0], np.float64)
    means.append(totals[2] / totals[3])
    rows.append(np.array([1.0, -means[1]]) / totals[3])
    if statistic is _difference:
        return np.concatenate([rows[0], -rows[1]]).astype(np.float64)
    inner = np.concatenate([rows[0], -means[0] / means[1] * rows[1]])
    return np.asarray(100.0 / means[1] * inner, np.float64)
