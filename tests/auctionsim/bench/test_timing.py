from __future__ import annotations

from collections.abc import Callable

import pytest

from auctionsim.bench.timing import (
    Patience,
    Run,
    fastest,
    median_seconds,
    take_turns,
)


def play(name: str, seconds: float, order: list[str]) -> Callable[[], Run]:
    def run() -> Run:
        order.append(name)
        return Run(seconds, 0.0, {})

    return run


def test_variants_take_turns_until_each_has_had_its_time() -> None:
    order: list[str] = []
    finished: list[int] = []
    variants = {name: play(name, seconds, order) for name, seconds in (("slow", 3.0), ("fast", 1))}
    runs = take_turns(variants, Patience(seconds=4.0), lambda: finished.append(len(order)))
    assert "".join(name[0] for name in order) == "sfsfff"
    assert {name: len(each) for name, each in runs.items()} == {"slow": 2, "fast": 4}
    assert finished == [3, 6]


@pytest.mark.parametrize(("least", "most", "count"), [(1, 50, 1), (3, 50, 3), (1, 1, 1)])
def test_there_are_runs_enough_but_not_too_many(least: int, most: int, count: int) -> None:
    runs = take_turns({0: play("", 9.0, [])}, Patience(1.0, least, most))
    assert len(runs[0]) == count
    instant = take_turns({0: play("", 0.0, [])}, Patience(1.0, least, most))
    assert len(instant[0]) == most


def test_the_fastest_run_and_the_median_are_told() -> None:
    runs = [Run(seconds, seconds, {}) for seconds in (5.0, 1.0, 2.0)]
    assert fastest(runs).result == 1.0
    assert median_seconds(runs) == 2.0
