"""Checks of a market's numbers: each returns the value as plain `int`, `float`, tuple or dict.

Plain, because NumPy's scalars would bring their own precision and whole numbers beyond 64 bits
their own arithmetic into the simulator.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.tasks import TASKS

LARGEST_NUMBER = sys.float_info.max
#: Sums of shares: far enough from the largest number that no order of adding them overflows.
LARGEST_SUM = 1e308
#: Money and ratios: quotients and products of two are far from overflow, and of one within float32.
LARGEST_AMOUNT = 1e30
SMALLEST_AMOUNT = 1e-30

_MEND = "Change it in the market's config."


def require(ok: bool, argument: str, rule: str, found: object, mend: str = _MEND) -> None:
    """Raise unless the rule holds."""
    if not ok:
        raise invalid_argument(argument, rule, found, mend)


def check_whole(argument: str, value: object, low: int, limit: int) -> int:
    """Return a whole number in [low, limit)."""
    rule = f"must be a whole number in [{low}, {limit})"
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)
    require(whole and low <= int(value) < limit, argument, rule, value)  # type: ignore[call-overload]
    return int(value)  # type: ignore[call-overload, no-any-return]


def check_number(argument: str, value: object, low: float, high: float, rule: str = "") -> float:
    """Return a number in [low, high]; `rule` is for limits that are better said in other words."""
    number = as_number(value)
    rule = rule or f"must be a number in [{low:g}, {high:g}]"
    require(low <= number <= high, argument, rule, value)
    return number


def check_text(argument: str, value: object) -> str:
    """Return text that is not empty."""
    require(isinstance(value, str) and value != "", argument, "must be text", value)
    return str(value)


def check_name(argument: str, value: object, known: Sequence[str]) -> None:
    """Raise unless the value is one of the known names."""
    if not isinstance(value, str) or value not in known:
        raise unknown_name(argument, value, known)


def check_limits(argument: str, limits: object) -> tuple[float, float]:
    """Return the lowest and the highest of amounts of money."""
    rule = f"must be (lowest, highest), both in [{SMALLEST_AMOUNT:g}, {LARGEST_AMOUNT:g}]"
    row = as_row(limits)
    ok = row is not None and len(row) == 2 and SMALLEST_AMOUNT <= row[0] <= row[1] <= LARGEST_AMOUNT
    require(ok, argument, rule, limits)
    assert row is not None
    return row[0], row[1]


def check_shares(argument: str, shares: object) -> tuple[float, ...]:
    """Return relative shares whose sum is positive and does not overflow."""
    row = as_row(shares)
    ok = row is not None and all(x >= 0 for x in row) and 0 < sum(row) <= LARGEST_SUM
    rule = f"must hold shares >= 0 with a positive sum of at most {LARGEST_SUM:g}"
    require(ok, argument, rule, shares)
    return row or ()


def check_by_task(argument: str, numbers: object, high: float) -> dict[str, float]:
    """Return numbers in [0, high] by task."""
    require(isinstance(numbers, Mapping), argument, "must map tasks to numbers", numbers)
    assert isinstance(numbers, Mapping)
    for task in numbers:
        check_name(argument, task, TASKS)
    rule = f"must be a number in [0, {high:g}]"
    return {t: check_number(f"{argument}.{t}", x, 0.0, high, rule) for t, x in numbers.items()}


def as_number(value: Any) -> float:
    """Return a finite number that fits into float64; nan for anything else."""
    real = isinstance(value, int | float | np.integer | np.floating)
    if not real or isinstance(value, bool | np.timedelta64):
        return math.nan
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond float64; a long double becomes infinite
        return math.nan
    return number if math.isfinite(number) else math.nan


def as_row(values: Any) -> tuple[float, ...] | None:
    """Return a tuple, list or 1-D array of numbers as a tuple; None for anything else."""
    array = isinstance(values, np.ndarray) and not isinstance(values, np.ma.MaskedArray)
    if not isinstance(values, tuple | list) and not (array and values.ndim == 1):
        return None
    row = tuple(as_number(x) for x in values)
    return None if any(math.isnan(x) for x in row) else row
