from __future__ import annotations

from dataclasses import replace

import pytest

from auctionsim.bench.environments import (
    ENVIRONMENTS,
    PLAYS,
    VECTOR_SIZE,
    measure_environments,
)
from auctionsim.bench.goals import LAYER_GOALS, layer_goal_for
from auctionsim.bench.timing import Patience
from auctionsim.market import load_market
from tests.auctionsim.worlds import WORLD

PATIENCE = Patience(seconds=0.001)


def test_every_environment_brings_what_the_simulator_brings() -> None:
    finished: list[None] = []
    speeds = measure_environments(WORLD, 1, 3, PATIENCE, lambda: finished.append(None))
    assert [s.environment for s in speeds] == list(ENVIRONMENTS)
    assert len(finished) == 2 * len(speeds)
    for speed in speeds:
        assert speed.same_result
        assert speed.runs >= 2
        added = speed.seconds - speed.own_seconds
        assert speed.steps == (7 * VECTOR_SIZE if speed.environment == "vector" else 8)
        assert speed.own_microseconds == pytest.approx(1e6 * speed.own_seconds / speed.steps)
        assert speed.layer_microseconds == pytest.approx(1e6 * added / speed.steps)
        assert speed.layer_share == pytest.approx(added / speed.own_seconds)
        assert speed.steps_per_second == pytest.approx(speed.steps / speed.seconds)
        assert speed.goal is None


def test_results_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from auctionsim.bench import environments

    broken = {name: (layered, lambda *_: lambda: -1.0) for name, (layered, _) in PLAYS.items()}
    monkeypatch.setattr(environments, "PLAYS", broken)
    speeds = measure_environments(WORLD, 1, 0, PATIENCE)
    assert [s.same_result for s in speeds] == [False] * 3


def test_goals_are_for_the_markets_as_they_are() -> None:
    assert layer_goal_for(load_market("tiny")) == LAYER_GOALS["tiny"]
    assert layer_goal_for(replace(load_market("tiny"), slots=1, exposure=())) is None
    assert layer_goal_for(load_market("paper")) is None
    assert LAYER_GOALS["tiny"].met(50.0, 9.0)
    assert not LAYER_GOALS["tiny"].met(50.1, 0.0)
    assert LAYER_GOALS["small"].met(1e9, 0.1)
    assert not LAYER_GOALS["small"].met(0.0, 0.11)
