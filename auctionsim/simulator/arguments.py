"""Checks of what a simulation is given: each returns the value in the form it is used in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.bidding import LARGEST_MULTIPLIER
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import check_integer
from auctionsim.random_numbers import BLOCK
from auctionsim.tasks import TASKS
from auctionsim.traffic import Day


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
    if isinstance(values, str | bytes | Mapping) or np.ndim(values) != 1:  # type: ignore[arg-type]
        raise invalid_argument(argument, rule, values, "Pass a list, [0] say.")
    items: list[Any] = list(values)  # type: ignore[call-overload]
    if not items:
        raise invalid_argument(argument, rule, values, "Pass a list, [0] say.")
    return items


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


def check_days(days: Sequence[Day], episodes: int, steps: int, advertisers: int) -> list[Day]:
    """Return traffic parameters given from outside: one day an episode, of the market's shape."""
    found = list(days)
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
    }  # fmt: skip
    for name, (kind, shape) in expected.items():
        array = getattr(day, name)
        if array.shape != shape or array.dtype.kind != kind:
            found = f"{array.dtype} of shape {array.shape}"
            raise invalid_argument(f"days.{name}", f"must have shape {shape}", found, "See `Day`.")
        most = 2**31 if name == "volumes" else np.inf
        if name != "step_keys" and not ((array >= 0) & (array < most)).all():
            rule = "must be >= 0 and finite, volumes below 2^31"
            raise invalid_argument(f"days.{name}", rule, "another", "Mend the numbers.")


def check_campaigns(campaigns: Campaigns, own: Campaigns) -> Campaigns:
    """Return campaigns that may take the place of the market's own: one a seat, with budgets."""
    lengths = {len(getattr(campaigns, f.name)) for f in fields(campaigns) if f.name != "steps"}
    if lengths != {len(own)} or not np.array_equal(campaigns.advertiser, own.advertiser):
        raise invalid_argument(
            "campaigns", "must hold one campaign a seat, run by run, advertisers in order",
            f"{sorted(lengths)} entries for {len(own)} seats", "Start from `market_campaigns`.",
        )  # fmt: skip
    if campaigns.steps != own.steps:
        rule = f"must have the market's {own.steps} steps"
        raise invalid_argument("campaigns.steps", rule, campaigns.steps, "Use the same market.")
    budget = campaigns.budget
    bad = ~(np.isfinite(budget) & (budget >= 0.0))
    if bad.any():
        found = f"{budget[bad][0]} in seat {int(np.argmax(bad))}"
        raise invalid_argument("campaigns.budget", "must be finite and >= 0", found, "Mend it.")
    bad = (campaigns.task < 0) | (campaigns.task >= len(TASKS))
    if bad.any():
        rule = f"must hold task codes, 0 to {len(TASKS) - 1}"
        raise invalid_argument("campaigns.task", rule, campaigns.task[bad][0], "Use `task_code`.")
    return campaigns


def check_multipliers(multipliers: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return multipliers, finite and >= 0, as float32 of shape (runs, advertisers)."""
    rule = f"must hold one number a seat, shape ({shape[0] * shape[1]},) or {shape}"
    array = _numbers("multipliers", multipliers, rule)
    if array.shape not in (shape, (shape[0] * shape[1],)):
        raise invalid_argument("multipliers", rule, f"shape {array.shape}", "Check its shape.")
    return _amounts("multipliers", array.reshape(shape))


def check_bids(bids: ArrayLike, seat: int, volume: int) -> NDArray[np.float32]:
    """Return one seat's bids, finite and >= 0, one an opportunity, as float32."""
    rule = f"must hold one number an opportunity for seat {seat}, shape ({volume},)"
    array = _numbers("bids", bids, rule)
    if array.shape != (volume,):
        mend = "Use Simulation.values to size them."
        raise invalid_argument("bids", rule, f"shape {array.shape}", mend)
    return _amounts(f"bids of seat {seat}", array)


def _numbers(argument: str, values: ArrayLike, rule: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise invalid_argument(argument, rule, error, "Pass an array of numbers.") from None
    if array.dtype.kind not in "fiu":
        raise invalid_argument(argument, rule, f"dtype {array.dtype}", "Pass an array of numbers.")
    return array.astype(np.float64)


def _amounts(argument: str, array: NDArray[np.float64]) -> NDArray[np.float32]:
    good = (array >= 0.0) & (array <= LARGEST_MULTIPLIER)  # false for nan as well
    if not good.all():
        place = tuple(int(x) for x in np.argwhere(~good)[0])
        found = f"{array[place]} at {place[0] if len(place) == 1 else place}"
        rule = f"must be finite, >= 0 and at most {LARGEST_MULTIPLIER:g}"
        raise invalid_argument(argument, rule, found, "Mend the bidder.")
    return array.astype(np.float32)
