"""Records of how a run weighed its data, as arrays over training, thinned for drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_data

__all__ = ["POINTS", "WINDOWS", "Track", "mean_where_known"]

POINTS = 100
"""Most points of a line; longer records are averaged over neighbours."""

WINDOWS = 7
"""Running means of a line without overlap, about; fewer points than twice as many have none."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """Records of one kind in order of time.

    Where several models train side by side, each records its own targets: those of the same step
    are one time.

    Attributes:
        targets: Names of all targets, in order of appearance.
        sources: Names of all sources, likewise.
        steps: (times,) training steps, counted on from one stage to the next.
        stages: Where the stages begin, by name; empty where there is but one.
        spans: The times that each point of a line averages over; an empty one parts two stages.
        averaged: The most times in a span.
        window: Points that a running mean is over, an odd number.
    """

    targets: tuple[str, ...]
    sources: tuple[str, ...]
    steps: Array
    stages: dict[str, float]
    spans: tuple[slice, ...]
    averaged: int
    window: int
    _entries: tuple[tuple[int, Mapping[str, Any]], ...]

    @classmethod
    def of(cls, history: Iterable[Mapping[str, Any]], kind: str) -> Track | None:
        """Gather a history's records of one kind; None where there are none.

        Args:
            history: All records of a run: stages are as long as any kind of record says.
            kind: "weights" or "balance".
        """
        history = list(history)
        chosen = [entry for entry in history if entry["kind"] == kind]
        if not chosen:
            return None
        begins = _begins(history, chosen)
        places = {place: time for time, place in enumerate(dict.fromkeys(map(_place, chosen)))}
        steps = np.array([begins[stage] + step for stage, step in places], np.float64)
        spans, averaged = _spans([stage for stage, _ in places])
        return cls(
            targets=tuple(dict.fromkeys(t for entry in chosen for t in entry["tasks"])),
            sources=tuple(dict.fromkeys(s for entry in chosen for s in _sources(entry))),
            steps=steps,
            stages=begins if len(begins) > 1 else {},
            spans=spans,
            averaged=averaged,
            window=_window(spans),
            _entries=tuple((places[_place(entry)], entry) for entry in chosen),
        )

    def matrices(self, name: str, *, of_targets: bool = False) -> Array | None:
        """Return a part of the records over time; nan where one lacks it, None if all do.

        Args:
            name: Key of a matrix in the records.
            of_targets: Whether its columns are targets instead of sources.

        Returns:
            (times, targets, columns).

        Raises:
            InvalidDataError: If a matrix is not as large as its record's names say.
        """
        columns = self.targets if of_targets else self.sources
        held = [(time, entry) for time, entry in self._entries if entry.get(name) is not None]
        if not held:
            return None
        found = np.full((len(self.steps), len(self.targets), len(columns)), np.nan)
        for time, entry in held:
            across = entry["tasks"] if of_targets else _sources(entry)
            part = _numbers(entry, name, (len(entry["tasks"]), len(across)))
            down = [self.targets.index(target) for target in entry["tasks"]]
            found[np.ix_([time], down, [columns.index(c) for c in across])] = part
        return found

    def vectors(self, name: str) -> Array:
        """Return a part of the records that has a number a target, (times, targets).

        Raises:
            InvalidDataError: If a record does not hold a number for each of its tasks.
        """
        found = np.full((len(self.steps), len(self.targets)), np.nan)
        for time, entry in self._entries:
            down = [self.targets.index(target) for target in entry["tasks"]]
            found[time, down] = _numbers(entry, name, (len(down),))
        return found

    def thinned(self, numbers: Array) -> Array:
        """Average numbers (times, ...) over the spans, to (points, ...)."""
        return np.stack([mean_where_known(numbers[span]) for span in self.spans])

    def running(self, points: Array) -> Array:
        """Return running means of what is known of points (points, ...), likewise.

        Windows are cut short at both ends of a stage and do not reach into the next; what is not
        known stays so.
        """
        half, means = self.window // 2, np.full_like(points, np.nan)
        for begin, end in _stretches(self.spans):
            for at in range(begin, end):
                near = points[max(begin, at - half) : min(end, at + half + 1)]
                means[at] = np.where(np.isfinite(points[at]), mean_where_known(near), np.nan)
        return means

    def positions(self) -> Array:
        """Return where the points lie, (points,): mean steps; a gap lies where a stage begins."""
        return np.array(
            [
                self.steps[span].mean() if span.stop > span.start else self.steps[span.start]
                for span in self.spans
            ]
        )


def mean_where_known(numbers: Array) -> Array:
    """Average over the first axis what is finite; nan where nothing is."""
    known = np.isfinite(numbers)
    counts = known.sum(axis=0)
    sums = np.where(known, numbers, 0.0).sum(axis=0)
    means: Array = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means


def _place(entry: Mapping[str, Any]) -> tuple[str, int]:
    return entry.get("stage", ""), entry["step"]


def _sources(entry: Mapping[str, Any]) -> Sequence[str]:
    names: Sequence[str] = entry.get("sources", entry["tasks"])
    return names


def _numbers(entry: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> Array:
    """Return a record's numbers, what is not finite as nan."""
    argument = f"{name} of the records"
    rule, mend = f"must be numbers of shape {shape}", "Mend the history, or leave the record out."
    try:
        found = np.array(entry[name], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise invalid_data(argument, rule, str(error), mend) from None
    if found.shape != shape:
        raise invalid_data(argument, rule, str(found.shape), mend)
    return np.where(np.isfinite(found), found, np.nan)


def _begins(
    history: Iterable[Mapping[str, Any]], chosen: Iterable[Mapping[str, Any]]
) -> dict[str, float]:
    """Return where each stage that has such records begins, counted on from the one before."""
    last: dict[str, int] = {}
    for entry in history:
        stage, step = _place(entry)
        last[stage] = max(last.get(stage, 0), step + 1)
    begins, start = {}, 0.0
    for stage in dict.fromkeys(_place(entry)[0] for entry in chosen):
        begins[stage] = start
        start += last[stage]
    return begins


def _spans(stages: Sequence[str]) -> tuple[tuple[slice, ...], int]:
    """Return which times make a point, none of two stages, and the most that one holds."""
    size = -(-len(stages) // POINTS)
    changes = [i for i in range(1, len(stages)) if stages[i] != stages[i - 1]]
    spans: list[slice] = []
    for begin, end in zip([0, *changes], [*changes, len(stages)], strict=True):
        if begin:
            spans.append(slice(begin, begin))
        spans += [slice(at, min(at + size, end)) for at in range(begin, end, size)]
    return tuple(spans), size


def _window(spans: Sequence[slice]) -> int:
    points = len([span for span in spans if span.stop > span.start])
    return 2 * (points // (2 * WINDOWS + 1)) + 1


def _stretches(spans: Sequence[slice]) -> list[tuple[int, int]]:
    """Return the first point of each stage and the one after its last; empty spans part them."""
    gaps = [at for at, span in enumerate(spans) if span.stop == span.start]
    return list(zip([0, *(at + 1 for at in gaps)], [*gaps, len(spans)], strict=True))
