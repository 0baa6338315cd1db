from __future__ import annotations

import math
from dataclasses import replace

import pytest

from auctionsim.bench.cases import CASES
from auctionsim.bench.goals import GOALS, goal_for
from auctionsim.bench.speed import measure_speed
from auctionsim.bench.timing import Patience
from auctionsim.market import load_market
from auctionsim.threads import get_threads
from tests.auctionsim.worlds import WORLD, world

PATIENCE = Patience(seconds=0.001)
COUNTS = sorted({1, get_threads()})


def test_every_case_is_timed_with_every_thread_count() -> None:
    finished: list[None] = []
    speeds, reference = measure_speed(
        WORLD, COUNTS, 1, PATIENCE, reference_opportunities=100,
        on_finished=lambda: finished.append(None),
    )  # fmt: skip
    assert [(s.case, s.threads) for s in speeds] == [(c, n) for c in CASES for n in COUNTS]
    assert len(finished) == len(speeds) + 1
    for speed in speeds:
        case = CASES[speed.case]
        assert speed.market == "world"
        assert speed.runs >= 2
        assert 0 < speed.seconds <= speed.median_seconds
        assert speed.bids_per_second == pytest.approx(case.bids(WORLD) / speed.seconds)
        assert sum(speed.stages.values()) == pytest.approx(speed.seconds)
        assert speed.cost == case.play(WORLD, 1)
        assert speed.same_result
        assert speed.goal is None
    assert reference is not None
    assert reference.same_result
    assert reference.opportunities == 100
    per_bid = reference.seconds / (100 * 8)
    assert reference.nanoseconds_per_bid == pytest.approx(1e9 * per_bid)
    for speed in speeds:
        if speed.case == "fixed":
            expected = per_bid / (speed.seconds / 6400)
            assert reference.ratio[speed.threads] == pytest.approx(expected)


def test_results_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(1000))
    drifting = replace(CASES["fixed"], play=lambda market, seed: float(next(numbers)))
    monkeypatch.setitem(CASES, "fixed", drifting)
    speeds, reference = measure_speed(WORLD, [1], 0, PATIENCE)
    assert {s.case: s.same_result for s in speeds} == {
        "fixed": False, "lineup": True, "alone": True, "frozen": True, "bounds": True,
        "many": True,
    }  # fmt: skip
    assert reference is None


def test_a_reference_that_pays_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auctionsim.bench.speed.play_fixed", lambda market, seed: -1.0)
    _, reference = measure_speed(WORLD, [1], 0, PATIENCE, reference_opportunities=100)
    assert reference is not None
    assert not reference.same_result


def test_a_market_without_opportunities_has_no_time_per_bid() -> None:
    market = world(opportunities=0)
    speeds, reference = measure_speed(market, [1], 0, PATIENCE, reference_opportunities=100)
    assert all(s.bids_per_second == 0 and s.cost == 0 for s in speeds)
    assert reference is not None
    assert math.isnan(reference.nanoseconds_per_bid)


def test_goals_are_those_of_the_paper_market_on_two_cores() -> None:
    paper = load_market("paper")
    assert {case: goal_for(paper, case, 2) for case in GOALS} == GOALS
    assert set(GOALS) < set(CASES)
    assert goal_for(paper, "many", 2) is None
    assert goal_for(paper, "fixed", 1) is None
    assert goal_for(load_market("small"), "fixed", 2) is None
    assert goal_for(replace(paper, opportunities=5), "fixed", 2) is None
