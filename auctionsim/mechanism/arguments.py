"""Checks of the arguments of `clear`: each returns the value in the form the kernels take."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.mechanism.clearing import Bids, Ids

_ID_LIMIT = 2**32
_MENDED_BIDS = "Use 0 for an advertiser that does not bid."


def check_bids(bids: ArrayLike) -> Bids:
    """Return bids as a C-contiguous, read-only float32 or float64 array; the input is left alone.

    Raises:
        InvalidArgumentError: bids are not a 2-D array of real numbers, finite and >= 0.
    """
    array = as_array("bids", bids, "must be a 2-D array (opportunities, advertisers) of numbers")
    if array.ndim != 2:
        raise invalid_argument(
            "bids",
            "must have two dimensions (opportunities, advertisers)",
            f"{array.ndim} dimension(s), shape {array.shape}",
            "For one opportunity pass bids[None, :].",
        )
    if array.dtype.kind not in "fiu":
        raise invalid_argument(
            "bids",
            "must hold real numbers",
            f"dtype {array.dtype}",
            "Convert it first, to float64 say.",
        )
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, rejected below
        native = np.require(array, np.float32 if single else np.float64, ["C", "A"])
    _check_bid_range(native)
    view: Bids = native.view()
    view.flags.writeable = False  # one kernel for writable and read-only inputs
    return view


def check_reserve(reserve_price: object, dtype: np.dtype[Any]) -> np.floating[Any]:
    """Return the reserve price as a scalar of the bids' dtype, rounded to nearest.

    Raises:
        InvalidArgumentError: it is not a real number, not finite, negative, or too large for the
            dtype.
    """
    rule = "must be one real number, finite and >= 0"
    mend = "Use 0 for no reserve price."
    array = as_array("reserve_price", reserve_price, rule)
    if array.ndim != 0 or array.dtype.kind not in "fiu":
        raise invalid_argument("reserve_price", rule, shown(reserve_price), mend)
    with np.errstate(over="ignore"):
        reserve: np.floating[Any] = dtype.type(array[()])
    if not np.isfinite(array):
        raise invalid_argument("reserve_price", rule, reserve_price, mend)
    if array < 0:
        raise invalid_argument("reserve_price", rule, reserve_price, mend)
    if not np.isfinite(reserve):
        raise invalid_argument(
            "reserve_price",
            f"must be within the range of the bids' {dtype}",
            reserve_price,
            "Lower it, or pass bids as float64.",
        )
    return abs(reserve)  # -0.0 would otherwise show up in prices


def check_integer(argument: str, value: object, low: int, high: int, mend: str) -> int:
    """Return `value` as an int, low <= value <= high; bools and floats are not integers here."""
    rule = f"must be an integer from {low} to {high}"
    if isinstance(value, bool | np.bool_):
        raise invalid_argument(argument, rule, value, mend)
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise invalid_argument(argument, rule, shown(value), mend) from None
    if not low <= number <= high:
        raise invalid_argument(argument, rule, number, mend)
    return number


def check_flag(argument: str, value: object) -> bool:
    """Return a flag; text such as "no" would count as true.

    Raises:
        InvalidArgumentError: If it is neither True nor False.
    """
    if not isinstance(value, bool | np.bool_):
        raise invalid_argument(argument, "must be True or False", shown(value), "Pass one of them.")
    return bool(value)


def check_name(argument: str, value: object, known: Sequence[str]) -> str:
    """Return `value` if it is one of the known names."""
    if not isinstance(value, str):
        rule = f"must be one of {', '.join(known)}"
        raise invalid_argument(argument, rule, shown(value), "Pass the name as text.")
    if value not in known:
        raise unknown_name(argument, value, known)
    return value


def check_exposure(exposure: ArrayLike | None, slots: int) -> NDArray[np.float64]:
    """Return the probability that each slot is seen, (slots,); 1 where none are given.

    Raises:
        InvalidArgumentError: They are not one falling probability a slot.
    """
    if exposure is None:
        return np.ones(slots)
    rule, mend = "must hold one probability a slot, in [0, 1] and falling", "Leave it out for 1."
    array = as_array("exposure", exposure, rule)
    if array.shape != (slots,) or array.dtype.kind not in "fiu":
        found = f"{array.dtype} of shape {array.shape} for {slots} slot(s)"
        raise invalid_argument("exposure", rule, found, mend)
    seen = array.astype(np.float64)
    ok = (seen >= 0.0) & (seen <= 1.0)  # false for nan as well
    if not ok.all() or (np.diff(seen) > 0.0).any():
        raise invalid_argument("exposure", rule, seen.tolist(), mend)
    return seen


def check_ids(ids: ArrayLike | None, advertisers: int) -> Ids:
    """Return the advertisers' ids as uint32, 0, 1, 2, ... where none are given.

    Raises:
        InvalidArgumentError: ids are not one integer a column of bids, unique, 0 <= id < 2^32.
    """
    if ids is None:
        return np.arange(advertisers, dtype=np.uint32)
    rule = "must be unique integers, 0 <= id < 2^32, one a column of bids"
    mend = "Leave it out to number the columns 0, 1, 2, ..."
    array = as_array("ids", ids, rule)
    if array.shape != (advertisers,):
        found = f"shape {array.shape} for {advertisers} column(s)"
        raise invalid_argument("ids", rule, found, mend)
    if advertisers == 0:
        return np.empty(0, np.uint32)
    if array.dtype.kind not in "iu":
        raise invalid_argument("ids", rule, f"dtype {array.dtype}", mend)
    outside = (array < 0) | (array >= _ID_LIMIT)
    if outside.any():
        place = int(outside.argmax())
        raise invalid_argument("ids", rule, f"{array[place]} at position {place}", mend)
    values, counts = np.unique(array, return_counts=True)
    if values.size < advertisers:
        found = f"{values[counts.argmax()]} at {counts.max()} positions"
        raise invalid_argument("ids", rule, found, mend)
    return array.astype(np.uint32)


def as_array(argument: str, value: object, rule: str) -> NDArray[Any]:
    """Convert to an array; masked entries, which NumPy would unmask in silence, are refused."""
    try:
        array, masked = np.asarray(value), np.ma.is_masked(value)
    except (TypeError, ValueError, RuntimeError) as error:
        mend = "Pass a NumPy array, or nested lists of equal length."
        raise invalid_argument(argument, rule, f"{type(value).__name__} ({error})", mend) from None
    if masked:
        raise invalid_argument(argument, rule, "masked entries", "Fill them: value.filled(0).")
    return array


def _check_bid_range(bids: Bids) -> None:
    if bids.size == 0:
        return
    with np.errstate(invalid="ignore"):
        if bids.min() >= 0 and bids.max() < np.inf:  # false for nan as well
            return
    row, column = np.unravel_index(np.argmax(~(np.isfinite(bids) & (bids >= 0))), bids.shape)
    found = f"{bids[row, column]} at opportunity {row}, advertiser {column}"
    raise invalid_argument("bids", "must be finite and >= 0", found, _MENDED_BIDS)


def shown(value: object) -> str:
    """Put a value in a few words for a message: its type, and the beginning of its `repr`."""
    try:
        text = repr(value)
    except Exception:  # an integer of many digits, or a foreign object, may have no text
        return type(value).__name__
    return f"{type(value).__name__} {text if len(text) <= 80 else text[:77] + '...'}"
