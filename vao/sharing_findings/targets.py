"""From the records of how sources were weighed to the panels that show it.

Few tasks get a panel a target and a line a source. Many get shades for every pair late in training
and, over training, the median of all pairs with a band.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vao.report.lines import Panel
from vao.report.sharing import Sharing
from vao.sharing_findings.lines import (
    effective_sources,
    lines_of,
    mean_of_last,
    spread_line,
    variance_of_last,
)
from vao.sharing_findings.overviews import alignments_of_many, conflicts_of_many, weights_of_many
from vao.sharing_findings.records import Track, mean_where_known

__all__ = ["FEW", "balance_of", "sharing_of", "weights_of"]

FEW = 8
"""Most targets, and most sources, that have lines of their own: as many as there are colours."""

Array = NDArray[np.float64]
History = Sequence[Mapping[str, Any]]


def weights_of(history: History) -> tuple[Panel, ...]:
    """Return the weights over training, a panel a target; nothing for many tasks or none.

    Args:
        history: All records of a run.
    """
    track = Track.of(history, "weights")
    weights = track.matrices("weights") if track else None
    if track is None or weights is None or _many(track):
        return ()
    return _panels(track, weights, swings=True)


def sharing_of(history: History) -> Sharing:
    """Return what the weights were made of and what came of them.

    Args:
        history: All records of a run; what they lack is left out. Conflicts are recorded with the
            weights of sources, or, by methods that have none, with those of targets.
    """
    track = Track.of(history, "weights")
    if track is None:
        track = Track.of(history, "balance")
    if track is None:
        return Sharing()
    weights, alignment = track.matrices("weights"), track.matrices("alignment")
    noise, conflicts = track.matrices("noise"), track.matrices("conflicts", of_targets=True)
    shares = _noise_shares(track, alignment, noise)
    if _many(track):
        return Sharing(
            averaged=track.averaged,
            many_weights=None if weights is None else weights_of_many(track, weights),
            many_alignments=None
            if alignment is None
            else alignments_of_many(track, alignment, noise),
            many_conflicts=None if conflicts is None else conflicts_of_many(track, conflicts),
            noise_shares=shares,
        )
    return Sharing(
        averaged=track.averaged,
        running=track.averaged * track.window,
        effective=() if weights is None else _effective_panels(track, weights),
        alignments=() if alignment is None else _panels(track, alignment, noise),
        conflicts=() if conflicts is None else _conflict_panels(track, conflicts),
        noise_shares=shares,
    )


def balance_of(histories: Mapping[str, History]) -> tuple[Panel, ...]:
    """Return the weights of targets over training, a panel a method that has any.

    Args:
        histories: All records of a run, by the name of its method.
    """
    panels = []
    for name, history in histories.items():
        if track := Track.of(history, "balance"):
            balance = track.vectors("balance")
            if len(track.targets) > FEW:
                lines = [spread_line("median of the targets", track, balance)]
            else:
                lines = lines_of(track, track.targets, balance)
            panels.append(Panel(name, tuple(lines), track.stages))
    return tuple(panels)


def _many(track: Track) -> bool:
    return len(track.targets) > FEW or len(track.sources) > FEW


def _panels(
    track: Track, values: Array, noise: Array | None = None, *, swings: bool = False
) -> tuple[Panel, ...]:
    """Return a panel a target, a line a source, of values (times, targets, sources)."""
    panels = []
    for k, target in enumerate(track.targets):
        own = None if noise is None else noise[:, k]
        lines = lines_of(track, track.sources, values[:, k], own, running=True, swings=swings)
        panels.append(Panel(target, tuple(lines), track.stages))
    return tuple(panels)


def _effective_panels(track: Track, weights: Array) -> tuple[Panel, ...]:
    effective = effective_sources(weights)
    panels = []
    for k, target in enumerate(track.targets):
        lines = lines_of(track, ["effective sources"], effective[:, [k]], running=True)
        panels.append(Panel(target, tuple(lines), track.stages))
    return tuple(panels)


def _conflict_panels(track: Track, conflicts: Array) -> tuple[Panel, ...]:
    panels = []
    for k, target in enumerate(track.targets):
        others = [i for i in range(len(track.targets)) if i != k]
        if others:
            names = [track.targets[i] for i in others]
            lines = lines_of(track, names, conflicts[:, k, others], running=True)
            panels.append(Panel(target, tuple(lines), track.stages))
    return tuple(panels)


def _noise_shares(track: Track, alignment: Array | None, noise: Array | None) -> dict[str, float]:
    """Return the noise's variance over that between sources, by target, late in training."""
    if alignment is None or noise is None or len(track.sources) < 2:
        return {}
    half = len(track.steps) // 2
    between, within = variance_of_last(alignment[half:]), mean_of_last(np.square(noise[half:]))
    between = mean_where_known(np.where(np.isfinite(within), between, np.nan))
    within = mean_where_known(within)
    return {
        target: float(f"{within[k] / between[k]:.4g}")
        for k, target in enumerate(track.targets)
        if np.isfinite(within[k]) and between[k] > 0.0
    }
