"""Values cut into ranges, as evenly as ties allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cuts", "most_bins"]


def most_bins(values: NDArray[np.float64], least: int) -> int:
    """Return into how many ranges of at least so many values each they can be cut.

    Args:
        values: (n,) finite; equal ones stay together.
        least: Values that each range must hold, >= 1.
    """
    return int(_room(_places(values), len(values), least)[0])


def cuts(values: NDArray[np.float64], bins: int, least: int) -> list[float]:
    """Return where to cut values into ranges: `bins - 1` ends, halfway between two values.

    Each cut is put, of the places that leave room for the ranges to come, where it divides what
    is left most evenly.

    Args:
        values: (n,) finite; equal ones stay together.
        bins: Ranges, at most `most_bins`.
        least: Values that each range must hold, >= 1.
    """
    ordered = np.sort(values)
    places = _places(values)
    room = _room(places, len(values), least)
    begin, ends = 0, []
    for left in range(bins, 1, -1):
        allowed = places[(places - begin >= least) & (room >= left - 1)]
        wanted = begin + (len(values) - begin) / left
        begin = int(allowed[np.argmin(np.abs(allowed - wanted))])
        ends.append(_between(float(ordered[begin - 1]), float(ordered[begin])))
    return ends


def _between(low: float, high: float) -> float:
    """A number above `low` and not above `high`."""
    middle = 0.5 * low + 0.5 * high
    return middle if low < middle else high


def _places(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many values lie below each possible cut, ascending, from 0."""
    return np.unique(np.sort(values), return_index=True)[1].astype(np.int64)


def _room(places: NDArray[np.int64], count: int, least: int) -> NDArray[np.int64]:
    """Ranges that fit in above each place: (places,)."""
    room = np.zeros(len(places), np.int64)
    for place in range(len(places) - 1, -1, -1):
        if count - places[place] < least:
            continue
        # The narrowest range from here leaves most room above it.
        following = int(np.searchsorted(places, places[place] + least))
        room[place] = 1 + (room[following] if following < len(places) else 0)
    return room
