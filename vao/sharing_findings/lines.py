"""Lines of a track's numbers over training, and what is told of weights and alignments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vao.report.lines import Line, finite
from vao.sharing_findings.records import Track, mean_where_known

__all__ = ["effective_sources", "lines_of", "mean_of_last", "spread_line", "variance_of_last"]

Array = NDArray[np.float64]


def lines_of(
    track: Track,
    names: Iterable[str],
    values: Array,
    noise: Array | None = None,
    *,
    running: bool = False,
    swings: bool = False,
) -> list[Line]:
    """Return a line a column, with a band of one standard deviation where there is noise.

    Args:
        track: Where the values are from.
        names: Of the columns.
        values: (times, columns).
        noise: (times, columns) standard deviations.
        running: Whether lines are running means where there are points enough, those behind them.
        swings: Whether the band is that of the values that a mean is over instead.
    """
    x, points = track.positions(), track.thinned(values)
    smooth = track.running if running and track.window > 1 else _as_it_is
    means = smooth(points)
    if noise is not None:
        half = np.sqrt(smooth(track.thinned(np.square(noise))))
    elif swings and track.averaged > 1:
        # Rounding may bring the difference below 0.
        squares = smooth(track.thinned(np.square(values)))
        half = np.sqrt(np.maximum(squares - np.square(means), 0.0))
    else:
        half = np.full_like(means, np.nan)
    low, high = means - half, means + half
    lines = []
    for i, name in enumerate(names):
        line = Line.of(name, x, means[:, i], raw=() if means is points else points[:, i])
        if np.isfinite(half[:, i]).any():
            line = replace(line, low=finite(low[:, i]), high=finite(high[:, i]))
        lines.append(line)
    return lines


def _as_it_is(points: Array) -> Array:
    return points


def spread_line(name: str, track: Track, values: Array) -> Line:
    """Return the median of values (times, columns) over columns, and a band of 10 to 90 %."""
    thinned = track.thinned(values)
    edges = np.full((3, len(thinned)), np.nan)
    known = np.isfinite(thinned).any(axis=1)
    edges[:, known] = np.nanquantile(thinned[known], [0.5, 0.1, 0.9], axis=1)
    return Line.of(name, track.positions(), *edges)


def effective_sources(weights: Array) -> Array:
    """Return exp of the entropy of weights (..., sources), (...): 1 to the number of sources.

    Weights need not sum to 1; nan where they are all 0 or none is known.
    """
    known = np.where(np.isfinite(weights), np.maximum(weights, 0.0), 0.0)
    total = known.sum(axis=-1, keepdims=True)
    shares = known / np.where(total > 0.0, total, 1.0)
    logs = np.log(np.where(shares > 0.0, shares, 1.0))
    effective: Array = np.where(total[..., 0] > 0.0, np.exp(-(shares * logs).sum(axis=-1)), np.nan)
    return effective


def mean_of_last(numbers: Array) -> Array:
    """Average numbers (times, targets, columns) over columns, (times, targets); nan is left out."""
    return mean_where_known(np.moveaxis(numbers, 2, 0))


def variance_of_last(numbers: Array) -> Array:
    """Return the variance of numbers (times, targets, columns) over columns, (times, targets).

    Unbiased; nan is left out, and the result where fewer than two numbers are known.
    """
    counts = np.isfinite(numbers).sum(axis=2)
    squares = np.square(numbers - mean_of_last(numbers)[:, :, None])
    scale = np.where(counts > 1, counts / np.maximum(counts - 1, 1), np.nan)
    variance: Array = mean_of_last(squares) * scale
    return variance
