"""Checks of campaigns given from outside: every field becomes the array that a simulation uses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import as_array, check_integer, shown
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS

#: Largest budget, in currency: sums of so many stay within float64's range.
LARGEST_BUDGET = 1e30

_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class _Column:
    """What a field of `Campaigns` may hold.

    Attributes:
        rule: The same in words.
        dtype: What it is converted to; an integer one takes integers only.
        most: Largest number; the smallest is 0.
        may_be_nan: Whether nan stands for none.
        mend: What the user can do.
    """

    rule: str
    dtype: type[np.number[Any]]
    most: float
    may_be_nan: bool = False
    mend: str = "Start from `market_campaigns`."


_TARGET = _Column("must hold numbers >= 0, or nan for none", np.float64, np.inf, may_be_nan=True)
_COLUMNS = {
    "advertiser": _Column("must hold integers in [0, 2^31)", np.int64, 2**31 - 1),
    "category": _Column("must hold integers in [0, 2^31)", np.int64, 2**31 - 1),
    "task": _Column(
        f"must hold task codes, 0 to {len(TASKS) - 1}", np.int8, len(TASKS) - 1,
        mend="Use `task_code`.",
    ),
    "budget": _Column(
        f"must be finite, >= 0 and at most {LARGEST_BUDGET:g}", np.float64, LARGEST_BUDGET
    ),
    "cpa_target": _TARGET,
    "roas_target": _TARGET,
    "reference": _Column("must be finite and >= 0", np.float64, _LARGEST),
    "key": _Column("must hold integers in [0, 2^64)", np.uint64, 2**64 - 1),
}  # fmt: skip


def check_campaigns(campaigns: object, own: Campaigns) -> Campaigns:
    """Return campaigns that may take the place of a market's own, as arrays of their own.

    Args:
        campaigns: As given; lists and other real dtypes are converted.
        own: The market's.

    Raises:
        InvalidArgumentError: If they are not one campaign a seat, run by run, advertisers in order,
            or a field breaks its rule.
    """
    if not isinstance(campaigns, Campaigns):
        rule = "must be a Campaigns, one campaign a seat"
        raise invalid_argument("campaigns", rule, shown(campaigns), "Use `market_campaigns`.")
    columns: dict[str, NDArray[Any]] = {
        name: _convert(f"campaigns.{name}", getattr(campaigns, name), len(own), column)
        for name, column in _COLUMNS.items()
    }
    if not np.array_equal(columns["advertiser"], own.advertiser):
        seat = int(np.argmax(columns["advertiser"] != own.advertiser))
        found = f"{columns['advertiser'][seat]} in seat {seat}"
        rule = "must name all advertisers in order, run by run"
        raise invalid_argument("campaigns.advertiser", rule, found, _TARGET.mend)
    for task, name in ((CPA_MCB, "cpa_target"), (TARGET_ROAS, "roas_target")):
        missing = (columns["task"] == task) & np.isnan(columns[name])
        if missing.any():
            rule = f"must not be nan where the task is {TASKS[task]}"
            found = f"nan in seat {int(np.argmax(missing))}"
            raise invalid_argument(f"campaigns.{name}", rule, found, "Use `with_tasks`.")
    return replace(campaigns, **columns, steps=_check_steps(campaigns.steps, own.steps))


def _convert(argument: str, values: object, seats: int, column: _Column) -> NDArray[Any]:
    whole = issubclass(column.dtype, np.integer)
    if whole and isinstance(values, list | tuple):
        # One by one: NumPy makes a row that crosses 2^63 floats, and rounds it.
        most = int(column.most)
        numbers = [check_integer(argument, x, 0, most, column.mend) for x in values]
        values = np.array(numbers, column.dtype)
    array = as_array(argument, values, column.rule)
    if array.shape != (seats,) or array.dtype.kind not in ("iu" if whole else "fiu"):
        found = f"{array.dtype} of shape {array.shape} for {seats} seats"
        raise invalid_argument(argument, column.rule, found, column.mend)
    if not whole:
        with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf
            array = array.astype(np.float64)
    good = (array >= 0) & (array <= column.most)  # false for nan as well
    if column.may_be_nan:
        good |= np.isnan(array)
    if not good.all():
        seat = int(np.argmax(~good))
        found = f"{array[seat]} in seat {seat}"
        raise invalid_argument(argument, column.rule, found, column.mend)
    # Always a copy of one layout: kernels are compiled for it, and nobody else may change it.
    return np.array(array, column.dtype, order="C")


def _check_steps(steps: object, wanted: int) -> int:
    number = check_integer("campaigns.steps", steps, 1, 2**31 - 1, "Use the same market.")
    if number != wanted:
        rule = f"must be the market's {wanted} steps"
        raise invalid_argument("campaigns.steps", rule, number, "Use the same market.")
    return number
