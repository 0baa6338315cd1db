"""Bounds of many runs, and the checks of a day."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from auctionsim.errors import AuctionSimError
from auctionsim.hindsight import SeatDay, bounds_of_run, bounds_of_runs
from auctionsim.threads import use_threads
from tests.auctionsim.hindsight.days import random_day


def make(run: int) -> SeatDay:
    return random_day(run, ("bcb", "cpa_mcb", "target_roas")[run % 3], 200, spread=0.5)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_runs_come_in_order_whatever_the_number_of_threads(threads: int) -> None:
    with use_threads(threads):
        found = bounds_of_runs(make, 12)
    assert found == [bounds_of_run(make(run)) for run in range(12)]


def test_no_more_days_are_made_at_a_time_than_there_are_threads() -> None:
    makers: set[int] = set()

    def watched(run: int) -> SeatDay:
        makers.add(threading.get_ident())
        return make(run)

    with use_threads(2):
        bounds_of_runs(watched, 20)
    assert 1 <= len(makers) <= 2


def test_an_error_of_one_run_ends_them_all() -> None:
    made: list[int] = []

    def broken(run: int) -> SeatDay:
        made.append(run)
        if run == 3:
            raise RuntimeError("no such run")
        return make(run)

    with use_threads(2), pytest.raises(RuntimeError, match="no such run"):
        bounds_of_runs(broken, 1000)
    assert len(made) < 100


def test_no_runs_have_no_bounds() -> None:
    assert bounds_of_runs(make, 0) == []


@pytest.mark.parametrize("runs", [-1, 1.5, True, "2"])
def test_runs_must_be_a_count(runs: Any) -> None:
    with pytest.raises(AuctionSimError, match="runs"):
        bounds_of_runs(make, runs)


NASTY: list[tuple[str, Any]] = [
    ("task", "cpc"),
    ("budget", -1.0),
    ("budget", float("nan")),
    ("budget", float("inf")),
    ("min_remaining_budget", -0.1),
    ("reference", 0.0),
    ("target", 0.0),
    ("target", float("nan")),
    ("price", np.ones(6, np.float32)),
    ("price", -np.ones((3, 6), np.float32)),
    ("price", np.full((3, 6), np.nan, np.float32)),
    ("price", np.arange(18, dtype=np.float32).reshape(3, 6)),
    ("value", np.ones(5, np.float32)),
    ("value", np.full(6, np.inf, np.float32)),
    ("worth", np.full(6, np.nan, np.float32)),
    ("chance", np.full(6, -1.0, np.float32)),
    ("seen", np.ones((1, 6), np.uint8)),
    ("exposure", np.array([0.6, 0.8, 1.0])),
    ("starts", np.array([0, 5])),
    ("starts", np.array([0, 4, 3, 6])),
    ("starts", np.zeros(0, np.int64)),
]


@pytest.mark.parametrize(("name", "found"), NASTY)
def test_a_day_that_makes_no_sense_is_refused(name: str, found: Any) -> None:
    with pytest.raises(AuctionSimError, match=f"`{name}`"):
        random_day(**{"seed": 0, "task": "cpa_mcb", name: found})


def test_arrays_of_the_right_kind_are_not_copied() -> None:
    day = random_day(0)
    again = random_day(0, price=day.price, value=day.value, worth=day.value, chance=day.value)
    assert again.price is day.price
    assert again.worth is again.value is again.chance is day.value
