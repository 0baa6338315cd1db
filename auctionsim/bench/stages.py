"""Where an episode's time goes: functions are wrapped for a while, and their time added up."""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from auctionsim.bench.timing import Run

#: Stage and the function that is this stage. Time in a stage within a stage counts for the inner.
PLACES: tuple[tuple[str, str], ...] = (
    ("traffic", "auctionsim.simulator.tables:StepTraffic.draw"),
    ("observe", "auctionsim.simulator.simulation:Simulation.observe"),
    ("bidders", "auctionsim.parts:Part.ask"),
    ("auction", "auctionsim.simulator.simulation:play_step"),
)
REST = "rest"
STAGES: tuple[str, ...] = (*(stage for stage, _ in PLACES), REST)


def timed_run(play: Callable[[], float]) -> Run:
    """Run something once, and tell its stages apart; what is in none of them is the rest."""
    with stage_clock() as seconds:
        began = time.perf_counter()
        result = play()
        total = time.perf_counter() - began
    stages = {**seconds, REST: total - sum(seconds.values())}
    return Run(total, result, stages)


@contextmanager
def stage_clock(places: tuple[tuple[str, str], ...] = PLACES) -> Iterator[dict[str, float]]:
    """Time the stages while the context lasts; yields seconds by stage, which grow meanwhile."""
    seconds = {stage: 0.0 for stage, _ in places}
    within: list[float] = []
    with ExitStack() as patches:
        for stage, place in places:
            patches.enter_context(_wrapped(place, _timer(stage, seconds, within)))
        yield seconds


@contextmanager
def _wrapped(place: str, wrap: Callable[[Any], Any]) -> Iterator[None]:
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    original = getattr(owner, name)
    setattr(owner, name, wrap(original))
    try:
        yield
    finally:
        setattr(owner, name, original)


def _timer(
    stage: str, seconds: dict[str, float], within: list[float]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a wrapper; `within` stacks up the time that open stages' inner stages took."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            within.append(0.0)
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.perf_counter() - began
                seconds[stage] += spent - within.pop()
                if within:
                    within[-1] += spent

        return timed

    return wrap
