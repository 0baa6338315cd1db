"""Ranges of values: never too few in one, no ties torn apart, as even as can be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vao.cutting import cuts, most_bins

values = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=14).map(np.array)
least = st.integers(1, 4)


def _counts(of: NDArray[np.float64], ends: list[float]) -> list[int]:
    which = np.searchsorted(ends, of, side="right")
    counts: list[int] = np.bincount(which, minlength=len(ends) + 1).tolist()
    return counts


def _most(of: NDArray[np.float64], least: int) -> int:
    """By trying all sets of cuts between distinct values."""
    distinct = np.unique(of)
    found = 0
    for bins in range(1, len(distinct) + 1):
        for ends in itertools.combinations(distinct[1:].tolist(), bins - 1):
            if min(_counts(of, list(ends))) >= least:
                found = bins
                break
    return found


@given(values, least)
def test_no_more_ranges_than_all_cuts_allow(of: NDArray[np.float64], least: int) -> None:
    assert most_bins(of, least) == _most(of, least)


@given(values, least)
def test_every_range_holds_enough(of: NDArray[np.float64], least: int) -> None:
    for bins in range(1, most_bins(of, least) + 1):
        ends = cuts(of, bins, least)
        assert len(ends) == bins - 1
        assert ends == sorted(ends)
        assert min(_counts(of, ends)) >= least
        assert cuts(of[::-1], bins, least) == ends


@pytest.mark.parametrize(("count", "bins"), [(100, 4), (101, 7), (12, 12)])
def test_ranges_without_ties_are_even(count: int, bins: int) -> None:
    of = np.linspace(0.0, 1.0, count)
    counts = _counts(of, cuts(of, bins, 1))
    assert max(counts) - min(counts) <= 1


def test_cuts_lie_between_neighbours_however_near() -> None:
    low = 1.0
    high = float(np.nextafter(low, 2.0))
    (end,) = cuts(np.array([low, high]), 2, 1)
    assert low < end <= high
    (end,) = cuts(np.array([-1.7e308, 1.7e308]), 2, 1)
    assert -1.7e308 < end <= 1.7e308
