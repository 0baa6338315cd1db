"""Crossed factors: labels to codes, and trajectories to cells of equal labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_argument

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Sums over trajectories that share their levels of all resampled factors.

    Attributes:
        names: Factors that can be resampled, each of at least two levels, F.
        codes: Level of each cell, from 0, (F, cells).
        levels: Number of levels of each factor, (F,).
        sums: K sums a cell, (cells, K).
        unresampled: Factors asked for that have one level only.
    """

    names: tuple[str, ...]
    codes: IntArray
    levels: tuple[int, ...]
    sums: Float64Array
    unresampled: tuple[str, ...]


def code_labels(name: str, labels: NDArray[Any]) -> IntArray:
    """Return the place of each label among the sorted different ones, (n,).

    Raises:
        InvalidArgumentError: If the labels cannot be compared with each other.
    """
    try:
        _, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        rule, mend = "must hold labels of one kind", "Use whole numbers or text throughout."
        raise invalid_argument(f"factors.{name}", rule, error, mend) from None
    return codes.astype(np.int64).reshape(-1)


def collect(
    columns: Float64Array, factors: Mapping[str, NDArray[Any]], resample: Sequence[str]
) -> Cells:
    """Sum trajectories up by the levels of the factors to resample.

    A factor nested in another resampled one (each of its levels under one level of that one) is
    dropped: resampling the outer factor takes the inner one along, and its variance with it.

    Args:
        columns: What is summed, (n, K).
        factors: Labels by factor, each (n,).
        resample: Names of factors.
    """
    coded = {name: code_labels(name, factors[name]) for name in resample}
    several = {n: c for n, c in coded.items() if c.max() > 0}
    kept = _without_nested(several)
    place = _combine(list(kept.values()), len(columns))
    cells = int(place.max()) + 1
    codes = np.zeros((len(kept), cells), np.int64)
    for row, code in zip(codes, kept.values(), strict=True):
        row[place] = code
    sums = np.zeros((cells, columns.shape[1]))
    for index, column in enumerate(columns.T):
        sums[:, index] = np.bincount(place, column, cells)
    return Cells(
        names=tuple(kept),
        codes=codes,
        levels=tuple(int(code.max()) + 1 for code in kept.values()),
        sums=sums,
        unresampled=tuple(name for name in coded if name not in several),
    )


def _combine(codes: Sequence[IntArray], length: int) -> IntArray:
    """Return the number of each trajectory's combination of levels, (n,)."""
    place = np.zeros(length, np.int64)
    for code in codes:
        # Renumbered at every factor, so that products of level counts cannot overflow.
        place = code_labels("cells", place * (code.max() + 1) + code)
    return place


def _without_nested(codes: dict[str, IntArray]) -> dict[str, IntArray]:
    kept = dict(codes)
    for name in codes:
        if any(_nested(kept[name], kept[other]) for other in kept if other != name):
            del kept[name]
    return kept


def _nested(inner: IntArray, outer: IntArray) -> bool:
    """Return whether each level of `inner` occurs with one level of `outer` only."""
    representative = np.zeros(inner.max() + 1, np.int64)
    representative[inner] = outer
    return bool((representative[inner] == outer).all())
