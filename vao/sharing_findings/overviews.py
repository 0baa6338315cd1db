"""All pairs of many tasks at once: shades late in training, and their spread over training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vao.report.lines import Panel, finite
from vao.report.sharing import Grid, Overview
from vao.sharing_findings.lines import (
    effective_sources,
    lines_of,
    mean_of_last,
    spread_line,
    variance_of_last,
)
from vao.sharing_findings.records import Track, mean_where_known

__all__ = ["alignments_of_many", "conflicts_of_many", "weights_of_many"]

_LATE = 0.1
"""Share of the records, the last ones, that shades of pairs are means of."""

Array = NDArray[np.float64]


def weights_of_many(track: Track, weights: Array) -> Overview:
    """Return the shares that sources have, in percent over training.

    Args:
        track: Where the weights are from.
        weights: (times, targets, sources).
    """
    own = [(k, track.sources.index(t)) for k, t in enumerate(track.targets) if t in track.sources]
    rows, columns = [k for k, _ in own], [i for _, i in own]
    other = np.ones(weights.shape[1:], bool)
    other[rows, columns] = False
    lines = []
    if own:
        lines.append(spread_line("own data", track, 100 * weights[:, rows, columns]))
    if other.any():
        lines.append(spread_line("any other source", track, 100 * weights[:, other]))
    effective = spread_line("effective sources", track, effective_sources(weights))
    panels = (
        Panel("All targets: weights", tuple(lines), track.stages, "weight, %"),
        Panel("All targets: effective sources", (effective,), track.stages, "effective sources"),
    )
    return Overview(_late(track, "Weight of each source", track.sources, weights), panels)


def alignments_of_many(track: Track, alignment: Array, noise: Array | None) -> Overview:
    """Return how alignments spread, and how far their differences stand out from the noise.

    Args:
        track: Where the alignments are from.
        alignment: (times, targets, sources).
        noise: Standard deviations of a measurement, likewise; None where they were not told.
    """
    pairs = spread_line("all pairs", track, alignment.reshape(len(alignment), -1))
    differences = np.sqrt(variance_of_last(alignment))
    lines = [spread_line("differences between sources", track, differences)]
    if noise is not None:
        level = np.sqrt(mean_of_last(np.square(noise)))
        lines.append(spread_line("noise of a measurement", track, level))
    panels = (
        Panel("All pairs: alignments", (pairs,), track.stages, "alignment"),
        Panel(
            "All targets: differences and noise", tuple(lines), track.stages, "standard deviation"
        ),
    )
    grid = _late(track, "Alignment of each source", track.sources, alignment)
    return Overview(grid, panels)


def conflicts_of_many(track: Track, conflicts: Array) -> Overview:
    """Return how the cosines between targets spread, and how many pairs are in conflict.

    Args:
        track: Where the cosines are from.
        conflicts: (times, targets, targets), symmetric.
    """
    upper = np.triu_indices(len(track.targets), 1)
    pairs = conflicts[:, upper[0], upper[1]]
    against = np.where(np.isfinite(pairs), 100.0 * (pairs < 0.0), np.nan)
    share = lines_of(track, ["pairs below 0"], mean_where_known(against.T)[:, None])
    cosines = spread_line("all pairs", track, pairs)
    panels = (
        Panel("All pairs: cosines", (cosines,), track.stages, "cosine"),
        Panel("All pairs: in conflict", tuple(share), track.stages, "pairs below 0, %"),
    )
    off = np.where(np.eye(len(track.targets)) == 1, np.nan, conflicts)
    return Overview(_late(track, "Cosine of each pair", track.targets, off), panels)


def _late(track: Track, title: str, columns: tuple[str, ...], values: Array) -> Grid:
    """Return the means of values (times, targets, columns) over the last records."""
    count = max(1, round(_LATE * len(track.steps)))
    means = mean_where_known(values[-count:])
    shown = tuple(finite([float(f"{number:.4g}") for number in row]) for row in means)
    return Grid(title, track.targets, columns, shown)
