"""Checks of the arguments of statistics: each returns the value in the form the sums take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.market_checks import as_number
from auctionsim.mechanism.arguments import as_array, shown

Float64Array = NDArray[np.float64]


def check_numbers(
    argument: str, value: ArrayLike, length: int | None = None, least: float = -np.inf
) -> Float64Array:
    """Return a row of finite numbers as float64, (n,).

    Args:
        argument: Name of the argument.
        value: As given.
        length: How many there must be; None for any number from 1.
        least: The smallest allowed.

    Raises:
        InvalidArgumentError: If it is no such row.
    """
    bound = "" if least == -np.inf else f" and >= {least:g}"
    rule = f"must be a row of finite numbers{bound}"
    array = as_array(argument, value, rule)
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        found = f"{array.dtype} of shape {array.shape}"
        raise invalid_argument(argument, rule, found, "Give one number a trajectory.")
    if length is not None and len(array) != length:
        rule = f"must hold {length} numbers, one a trajectory"
        raise invalid_argument(argument, rule, len(array), "Give rows of one length.")
    if not len(array):
        raise invalid_argument(argument, "must not be empty", "no trajectory", "Give some.")
    numbers = array.astype(np.float64)
    bad = ~(np.isfinite(numbers) & (numbers >= least))
    if bad.any():
        place = int(bad.argmax())
        mend = "Give a ratio as its numerator and denominator, and leave out what is undefined."
        raise invalid_argument(argument, rule, f"{numbers[place]} at position {place}", mend)
    return numbers


def check_labels(argument: str, value: ArrayLike, length: int) -> NDArray[Any]:
    """Return a factor's labels, (length,): whole numbers, text, or anything with an order.

    Raises:
        InvalidArgumentError: If they are no row of that length, or hold nan.
    """
    rule = f"must be a row of {length} labels, one a trajectory"
    array = as_array(argument, value, rule)
    if array.shape != (length,):
        raise invalid_argument(argument, rule, f"shape {array.shape}", "Give rows of one length.")
    if array.dtype.kind == "f" and np.isnan(array).any():
        place = int(np.isnan(array).argmax())
        raise invalid_argument(argument, rule, f"nan at position {place}", "Label every one.")
    return array


def check_factors(
    factors: Mapping[str, ArrayLike], length: int, argument: str = "factors"
) -> dict[str, NDArray[Any]]:
    """Return the labels of every factor; see `check_labels`."""
    given: object = factors
    if not isinstance(given, Mapping) or not given:
        rule = "must map names of factors (seed, episode, seat) to labels"
        raise invalid_argument(argument, rule, shown(given), "Name at least one factor.")
    return {n: check_labels(f"{argument}.{n}", row, length) for n, row in factors.items()}


def check_resample(
    resample: Sequence[str] | str | None, factors: Mapping[str, object], default: Sequence[str]
) -> tuple[str, ...]:
    """Return the factors to resample: as named, or those of the default that there are."""
    if resample is None:
        names = tuple(name for name in default if name in factors)
        if not names:
            rule = f"must be given where no factor is called {' or '.join(default)}"
            raise invalid_argument("resample", rule, list(factors), "Name the random factors.")
        return names
    names = (resample,) if isinstance(resample, str) else tuple(resample)
    for name in names:
        if name not in factors:
            raise unknown_name("resample", name, factors)
    if not names or len(set(names)) < len(names):
        rule = "must name at least one factor, each once"
        raise invalid_argument("resample", rule, list(names), "Correct it.")
    return names


def check_share(argument: str, value: object) -> float:
    """Return a number strictly between 0 and 1."""
    number = as_number(value)
    if not 0.0 < number < 1.0:
        rule = "must be a number between 0 and 1, both excluded"
        raise invalid_argument(argument, rule, shown(value), "Use 0.95 for a level, say.")
    return number


def check_positive(argument: str, value: object) -> float:
    """Return a finite number > 0."""
    number = as_number(value)
    if not 0.0 < number < np.inf:
        raise invalid_argument(argument, "must be a number > 0", shown(value), "Correct it.")
    return number
