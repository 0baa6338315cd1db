"""Values that have no business as an argument, and what makes a value a number at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Refused = Callable[[Any], bool]

_HUGE = 10**400  # beyond float64, as is the largest long double on most machines
_SCALARS: list[Any] = [
    None, True, np.True_, "", "gsp", "default", "bcb", "1", "nan", b"1", -1, 0, 2**63, 2**64,
    10**40, _HUGE, -_HUGE, float("nan"), float("inf"), -float("inf"), -1.0, -0.0, 2.5, 3.0, 1e308,
    5e-324, -5e-324, 1j, np.float32("nan"), np.finfo(np.longdouble).max, np.int64(1),
    np.float64(0.5), Decimal(1), Decimal("NaN"), Fraction(1, 3), np.datetime64("2020"),
    np.timedelta64(1, "s"), object(), Ellipsis, int, len, np.ma.masked,
]  # fmt: skip
_ARRAYS: list[Any] = [
    np.array(1), np.array(0.5), np.array([]), np.zeros((2, 2)), np.zeros((1, 2, 2)),
    np.array([None, None]), np.array(["a", "b"]), np.array([True, False]), np.array([1j, 1j]),
    np.ma.masked_array([1.0, 2.0], [True, False]), np.ma.masked_array([1.0, 2.0], [False, False]),
    np.zeros(2, [("a", float)]), np.zeros(2, "m8[s]"), np.array([np.nan, 1.0]),
    np.array([np.inf, 1.0]), np.array([-1.0, 1.0]), np.array([2**63, 1], np.uint64),
]  # fmt: skip
_CONTAINERS: list[Any] = [
    [], (), {}, set(), {1}, {"a": 1}, {5: 1.0}, {None: 1}, {0: None}, {0: "1"}, [[1], [1, 2]],
    [1, 2], [2, 1], [1.0, 2.0], [0.5, 0.2], [1.0, float("nan")], ["a", "b"], [None, None],
    [_HUGE, 1], [1, _HUGE], [1e308, 1e308], [5e-324, 1e308], [Fraction(1, 2), Fraction(1)],
    {"bcb": 1.0}, {"bcb": float("nan")}, {"bcb": "1"}, {"bcb": _HUGE}, {"bcb": None}, {"bcb": True},
    {"bcb": 1e308, "cpa_mcb": 1e308}, {"bcb": -1.0},
]  # fmt: skip

#: The same in every run.
NONSENSE: list[Any] = _SCALARS + _ARRAYS + _CONTAINERS


def anything() -> st.SearchStrategy[Any]:
    """Values of any kind, mostly hostile."""
    dtypes = hnp.scalar_dtypes() | hnp.array_dtypes(max_size=2)
    arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    numbers = st.floats() | st.integers() | st.complex_numbers() | st.decimals() | st.fractions()
    scalars = st.none() | st.booleans() | st.text(max_size=5) | st.binary(max_size=5) | numbers
    rows = st.lists(scalars, max_size=3) | st.lists(numbers, min_size=2, max_size=2)
    maps = st.dictionaries(
        st.sampled_from(["bcb", 0, 1, None]) | st.text(max_size=5), numbers, max_size=2
    )
    return scalars | rows | maps | arrays | hnp.from_dtype(np.dtype("m8[s]"))


def is_whole(value: Any) -> bool:
    """Whether it is an integer and meant as one: no truth value, no span of time."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)


def is_real(value: Any) -> bool:
    """Whether it is a finite number that fits into float64."""
    if not is_whole(value) and not isinstance(value, float | np.floating):
        return False
    return bool(abs(value) <= sys.float_info.max)


def _may_be_a_number(value: Any) -> bool:
    """Whether one may take it for a number, or refuse it: fractions, decimals, 0-D arrays."""
    zero_dimensions = type(value) is np.ndarray and value.shape == () and value.dtype.kind in "fiu"
    return zero_dimensions or isinstance(value, Fraction | Decimal)


def unless_whole(low: int, high: int) -> Refused:
    return lambda value: (
        not _may_be_a_number(value) and not (is_whole(value) and low <= value <= high)
    )


def unless_real(low: float, high: float, *, also: object = 0.0) -> Refused:
    def refused(value: Any) -> bool:
        if _may_be_a_number(value) or value is also:
            return False
        return not is_real(value) or not low <= value <= high

    return refused


def unless_text(*known: str) -> Refused:
    return lambda value: not (isinstance(value, str) and value in known)


def unless_row(length: int | None, good: Callable[[Any], bool]) -> Refused:
    """A list or tuple, of this length, whose numbers are good; arrays are nobody's loss."""

    def refused(value: Any) -> bool:
        if type(value) is np.ndarray:
            return value.dtype.kind not in "fiu" or value.ndim != 1
        if not isinstance(value, list | tuple) or len(value) != (length or len(value)):
            return True
        if any(isinstance(x, Fraction | Decimal) for x in value):
            return False
        return not all(map(is_real, value)) or not good(value)

    return refused


def unless_array(
    shapes: tuple[tuple[int, ...], ...], high: float, *, whole: bool = False, nan: bool = False
) -> Refused:
    """Numbers from 0 to `high` of one of these shapes, none of them masked."""

    def refused(value: Any) -> bool:
        if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
            return True
        try:
            array = np.asarray(value)
        except ValueError:
            return True
        if array.size == 0:
            return array.shape not in shapes
        if array.dtype.kind not in ("iu" if whole else "fiu") or array.shape not in shapes:
            return True
        return not (((array >= 0) & (array <= high)) | (nan & (array != array))).all()

    return refused


def unless_by_task(low: float, high: float, *, empty: bool) -> Refused:
    def refused(value: Any) -> bool:
        if not isinstance(value, dict) or (not value and not empty):
            return True
        if any(_may_be_a_number(number) for number in value.values()):
            return False
        tasks = all(isinstance(t, str) and t in ("bcb", "cpa_mcb", "target_roas") for t in value)
        return not tasks or not all(is_real(x) and low <= x <= high for x in value.values())

    return refused
