from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest

from auctionsim.bench.cases import CASES
from auctionsim.bench.stages import PLACES, REST, STAGES, stage_clock, timed_run
from auctionsim.parts import Part
from auctionsim.simulator import simulation
from auctionsim.simulator.simulation import Simulation
from auctionsim.simulator.tables import StepTraffic
from tests.auctionsim.worlds import WORLD

HERE = __name__
PAUSE = 0.02


def outer() -> None:
    time.sleep(PAUSE)
    inner()
    inner()


def inner() -> None:
    time.sleep(PAUSE)


def fail() -> None:
    time.sleep(PAUSE)
    raise KeyError


def test_time_within_an_inner_stage_is_its_own() -> None:
    places = (("outside", f"{HERE}:outer"), ("inside", f"{HERE}:inner"))
    with stage_clock(places) as seconds:
        began = time.perf_counter()
        outer()
        total = time.perf_counter() - began
    assert seconds["inside"] >= 2 * PAUSE
    assert seconds["outside"] >= PAUSE
    assert sum(seconds.values()) <= total
    assert seconds["outside"] <= total - 2 * PAUSE


def test_a_stage_that_fails_is_timed_and_everything_is_put_back() -> None:
    original = fail
    with stage_clock((("failing", f"{HERE}:fail"),)) as seconds:
        assert fail is not original
        with pytest.raises(KeyError):
            fail()
    assert seconds["failing"] >= PAUSE
    assert fail is original


@pytest.mark.parametrize("case", CASES)
def test_the_stages_of_every_case_add_up_to_its_time(case: str) -> None:
    run = timed_run(partial(CASES[case].play, WORLD, 0))
    assert set(run.stages) == set(STAGES)
    assert all(seconds >= 0 for seconds in run.stages.values())
    assert sum(run.stages.values()) == pytest.approx(run.seconds)
    silent = {"observe", "bidders"} if case == "fixed" else set()
    for stage in STAGES:
        assert (run.stages[stage] > 0) == (stage not in silent), stage


def test_the_simulator_is_as_before_afterwards() -> None:
    def stages() -> list[Any]:
        return [StepTraffic.draw, Simulation.observe, Part.ask, vars(simulation)["play_step"]]

    before = stages()
    with stage_clock():
        assert all(a is not b for a, b in zip(stages(), before, strict=True))
    assert stages() == before
    assert [stage for stage, _ in PLACES] + [REST] == list(STAGES)
