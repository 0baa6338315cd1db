"""Checks of what a simulation is given: each returns the value in the form it is used in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.bidding import LARGEST_MULTIPLIER
from auctionsim.day_conditions import LARGEST_SPREAD
from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import as_array, check_integer, shown
from auctionsim.random_numbers import BLOCK
from auctionsim.traffic import Day

# Bids are compared in float32, to which the limit is rounded as they are.
_LARGEST_AMOUNT = float(np.float32(LARGEST_MULTIPLIER))
_MOST = {"volumes": 2**31, "floor": 1e31}


def check_seed(seed: object) -> int:
    """Return the seed, an integer in [0, 2^64)."""
    return check_integer("seed", seed, 0, 2**64 - 1, "Pick another seed.")


def check_episodes(episodes: object) -> list[int]:
    """Return episode numbers, at least one, each an integer in [0, 2^32)."""
    items = _items("episodes", episodes, "must hold at least one episode number")
    mend = "Number episodes from 0."
    return [check_integer("episodes", e, 0, 2**32 - 1, mend) for e in items]


def check_runs(runs: object, episodes: int) -> NDArray[np.int64]:
    """Return the place of each run's episode; None stands for one run an episode."""
    if runs is None:
        return np.arange(episodes)
    items = _items("runs", runs, "must hold at least one place in `episodes`")
    places = [check_integer("runs", r, 0, episodes - 1, "Give one place a run.") for r in items]
    return np.array(places, np.int64)


def _items(argument: str, values: object, rule: str) -> list[Any]:
    items: list[Any] = list(values) if _is_row(values) else []  # type: ignore[call-overload]
    if not items:
        raise invalid_argument(argument, rule, shown(values), "Pass a list, [0] say.")
    return items


def _is_row(values: Any) -> bool:
    if isinstance(values, str | bytes | Mapping):
        return False
    try:
        return np.ndim(values) == 1
    except (TypeError, ValueError):  # nested lists of unequal length
        return False


def check_chunk(chunk: object) -> int:
    """Return the chunk size, a positive multiple of `BLOCK`."""
    number = check_integer("chunk", chunk, BLOCK, 2**31 - BLOCK, "Use the default.")
    if number % BLOCK:
        raise invalid_argument(
            "chunk", f"must be a multiple of {BLOCK}", number, "Use the default."
        )
    return number


def check_seat(argument: str, seat: object, seats: int) -> int:
    """Return a flat index of a seat."""
    return check_integer(argument, seat, 0, seats - 1, "Use flat seat indices, run by run.")


def check_days(days: Iterable[Day], episodes: int, steps: int, advertisers: int) -> list[Day]:
    """Return traffic parameters given from outside: one day an episode, of the market's shape."""
    try:
        found = list(days)
    except TypeError:
        found = []
    if len(found) != episodes or not all(isinstance(day, Day) for day in found):
        rule = f"must hold one Day for each of {episodes} episode(s)"
        raise invalid_argument("days", rule, f"{len(found)} item(s)", "Start from `draw_day`.")
    for day in found:
        _check_day(day, steps, advertisers)
    return found


def _check_day(day: Day, steps: int, advertisers: int) -> None:
    expected = {
        "step_keys": ("u", (steps,)), "volumes": ("i", (steps,)),
        "mean": ("f", (steps, advertisers)), "deviation": ("f", (steps, advertisers)),
        "error_ratio": ("f", (advertisers,)), "bias": ("f", (advertisers,)),
        "floor": ("f", (steps,)),
    }  # fmt: skip
    for name, (kind, shape) in expected.items():
        array = getattr(day, name)
        if not isinstance(array, np.ndarray) or np.ma.isMaskedArray(array):
            rule = "must be an array without a mask"
            raise invalid_argument(f"days.{name}", rule, shown(array), "See `Day`.")
        if array.shape != shape or array.dtype.kind != kind:
            found = f"{array.dtype} of shape {array.shape}"
            raise invalid_argument(f"days.{name}", f"must have shape {shape}", found, "See `Day`.")
        most = _MOST.get(name, np.inf)
        if name != "step_keys" and not ((array >= 0) & (array < most)).all():
            rule = "must be >= 0 and finite, volumes below 2^31, floors below 1e31"
            raise invalid_argument(f"days.{name}", rule, "another", "Mend the numbers.")
    if not 0.0 <= day.quality_spread <= LARGEST_SPREAD:  # no for nan as well
        rule = f"must be a number in [0, {LARGEST_SPREAD:g}]"
        mend = "Give 0 for opportunities of equal quality."
        raise invalid_argument("days.quality_spread", rule, day.quality_spread, mend)


def check_multipliers(multipliers: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return multipliers, finite and >= 0, as float32 of shape (runs, advertisers)."""
    rule = f"must hold one number a seat, shape ({shape[0] * shape[1]},) or {shape}"
    array = _numbers("multipliers", multipliers, rule)
    if array.shape not in (shape, (shape[0] * shape[1],)):
        raise invalid_argument("multipliers", rule, f"shape {array.shape}", "Check its shape.")
    return _amounts("multipliers", array.reshape(shape))


def check_bids_by_seat(bids: object) -> Mapping[Any, Any]:
    """Return the bids one by one as a mapping, empty for None; its entries are not checked yet."""
    if bids is None:
        return {}
    if not isinstance(bids, Mapping):
        rule = "must map flat seat indices to rows of bids, or be None"
        raise invalid_argument("bids", rule, shown(bids), "Pass {seat: bids}, say.")
    return bids


def check_bids(bids: ArrayLike, seat: int, volume: int) -> NDArray[np.float32]:
    """Return one seat's bids, finite and >= 0, one an opportunity, as float32."""
    rule = f"must hold one number an opportunity for seat {seat}, shape ({volume},)"
    array = _numbers("bids", bids, rule)
    if array.shape != (volume,):
        mend = "Use Simulation.values to size them."
        raise invalid_argument("bids", rule, f"shape {array.shape}", mend)
    return _amounts(f"bids of seat {seat}", array)


def _numbers(argument: str, values: ArrayLike, rule: str) -> NDArray[np.float64]:
    array = as_array(argument, values, rule)
    if array.dtype.kind not in "fiu":
        raise invalid_argument(argument, rule, f"dtype {array.dtype}", "Pass an array of numbers.")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, refused later
        return array.astype(np.float64)


def _amounts(argument: str, array: NDArray[np.float64]) -> NDArray[np.float32]:
    good = (array >= 0.0) & (array <= _LARGEST_AMOUNT)  # false for nan as well
    if not good.all():
        place = tuple(int(x) for x in np.argwhere(~good)[0])
        found = f"{array[place]} at {place[0] if len(place) == 1 else place}"
        rule = f"must be finite, >= 0 and at most {LARGEST_MULTIPLIER:g}"
        raise invalid_argument(argument, rule, found, "Mend the bidder.")
    return array.astype(np.float32)
