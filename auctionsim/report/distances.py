"""Distances between two groups' distributions of one measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Distance", "distance"]


@dataclass(frozen=True)
class Distance:
    """How far apart two distributions are.

    Attributes:
        wasserstein: Wasserstein-1 distance over the pooled deviation (the root of the mean of both
            variances); 0 where both are one and the same constant, nan for two constants.
        ks: Kolmogorov-Smirnov distance, the largest gap of the distribution functions, in [0, 1].
    """

    wasserstein: float
    ks: float


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> Distance | None:
    """Compare two samples, nan left out; None if one has no numbers."""
    from scipy.stats import wasserstein_distance

    one, other = (np.sort(part[np.isfinite(part)]) for part in (one, other))
    if not one.size or not other.size:
        return None
    moved = float(wasserstein_distance(one, other))
    deviation = float(np.sqrt((one.var() + other.var()) / 2))
    # Of constants, variance is rounding alone.
    scale = np.abs(np.concatenate([one[-1:], other[-1:], one[:1], other[:1]])).max()
    constant = deviation <= 1e-12 * scale
    share = (0.0 if moved <= 1e-12 * scale else float("nan")) if constant else moved / deviation
    return Distance(share, _ks(one, other))


def _ks(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the largest gap between the distribution functions of two sorted samples."""
    places = np.concatenate([one, other])
    below = np.searchsorted(one, places, side="right") / one.size
    gap = np.abs(below - np.searchsorted(other, places, side="right") / other.size)
    return float(gap.max())
