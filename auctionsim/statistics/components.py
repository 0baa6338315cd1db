"""How much of the spread of results is due to episodes, to seats, and to neither."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument
from auctionsim.statistics.arguments import check_labels, check_numbers
from auctionsim.statistics.factors import Float64Array, code_labels

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of crossed random effects: value = mean + episode + seat + residual.

    Attributes:
        episode: Of what all seats of an episode share.
        seat: Of what all episodes of a seat share.
        residual: Of the rest.
    """

    episode: float
    seat: float
    residual: float

    def __post_init__(self) -> None:
        for name in ("episode", "seat", "residual"):
            variance = getattr(self, name)
            if not 0.0 <= variance < np.inf:
                rule, mend = "must be a finite number >= 0", "Give variances."
                raise invalid_argument(f"components.{name}", rule, variance, mend)


def variance_components(
    values: ArrayLike, episode: ArrayLike, seat: ArrayLike
) -> VarianceComponents:
    """Estimate variance components by the method of moments, balanced or not.

    Three sums of squares, within episodes, within seats and about the mean, are set equal to their
    expectations (Gao and Owen 2017, "Efficient moment calculations for variance components in large
    unbalanced crossed random effects models", Electronic J. of Statistics 11). On balanced data
    this is the analysis of variance. Estimates below 0 are put to 0.

    Args:
        values: One a trajectory, (n,); paired differences to plan a comparison.
        episode: Labels, (n,).
        seat: Labels, (n,).

    Raises:
        InvalidArgumentError: If an argument breaks its rule, or the data cannot tell the three
            apart: that needs two episodes, two seats, and more than their sum of values.
    """
    numbers = check_numbers("values", values)
    rows = code_labels("episode", check_labels("episode", episode, len(numbers)))
    columns = code_labels("seat", check_labels("seat", seat, len(numbers)))
    if min(rows.max(), columns.max()) == 0 or len(numbers) == 1:
        found = f"{rows.max() + 1} episode(s) and {columns.max() + 1} seat(s)"
        mend = "Give more results."
        raise invalid_argument("values", "must span two episodes and two seats", found, mend)
    count, centred = float(len(numbers)), numbers - numbers.mean()
    squares = np.array([
        _within(centred, rows), _within(centred, columns), count * (centred**2).sum()
    ])  # fmt: skip
    per_row, per_column = np.bincount(rows), np.bincount(columns)
    expected = np.array([
        [0.0, count - _overlap(rows, columns), count - len(per_row)],
        [count - _overlap(columns, rows), 0.0, count - len(per_column)],
        [count**2 - (per_row**2.0).sum(), count**2 - (per_column**2.0).sum(), count**2 - count],
    ])  # fmt: skip
    if np.linalg.matrix_rank(expected) < len(expected):
        rule, mend = "must cross episodes and seats", "Give several seats in each episode."
        raise invalid_argument("values", rule, "labels that cannot be told apart", mend)
    found_ = np.maximum(np.linalg.solve(expected, squares), 0.0)
    return VarianceComponents(*(float(v) for v in found_))


def _within(centred: Float64Array, codes: IntArray) -> float:
    """Sum of squares about the means of the levels."""
    means = np.bincount(codes, centred) / np.bincount(codes)
    return float(((centred - means[codes]) ** 2).sum())


def _overlap(outer: IntArray, inner: IntArray) -> float:
    """Sum over levels of `outer` of the mean count of results that share their `inner` level."""
    _, place = np.unique(outer * (inner.max() + 1) + inner, return_inverse=True)
    held = np.bincount(place)
    per_outer = np.bincount(outer)
    return float((held[place] / per_outer[outer]).sum())
