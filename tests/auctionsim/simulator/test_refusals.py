"""What a simulation refuses, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from auctionsim.simulator import Simulation, market_campaigns
from tests.auctionsim.simulator.equal_market import equal_market as _market


def _played_out() -> Simulation:
    simulation = Simulation(_market(opportunities=0), [0])
    while not simulation.done:
        simulation.step(np.ones(3))
    return simulation


Act = Callable[[], object]


def _acts(bad: Any) -> Act:
    return lambda: Simulation(_market(), [0]).step(bad)


def _bids(bad: Any) -> Act:
    return lambda: Simulation(_market(), [0]).step(np.ones(3), bad)


def _begins(*arguments: Any, **named: Any) -> Act:
    return lambda: Simulation(_market(), *arguments, **named)


def _campaigns(**changes: Any) -> Act:
    return lambda: Simulation(
        _market(), [0], campaigns=replace(market_campaigns(_market(), [0]), **changes)
    )


REFUSED: dict[str, tuple[Act, str]] = {
    "nan multiplier": (_acts([1.0, np.nan, 1.0]), r"`multipliers`.*nan at \(0, 1\)"),
    "infinite multiplier": (_acts([1.0, np.inf, 1.0]), "`multipliers`.*inf"),
    "negative multiplier": (_acts([1.0, 1.0, -1e-9]), r"`multipliers`.*-1e-09 at \(0, 2\)"),
    "huge multiplier": (_acts([1e31, 1.0, 1.0]), "`multipliers`.*at most 1e[+]30"),
    "too few multipliers": (_acts([1.0, 1.0]), r"`multipliers`.*shape \(2,\)"),
    "one multiplier for all": (_acts(1.0), r"`multipliers`.*shape \(\)"),
    "transposed multipliers": (_acts(np.ones((3, 1))), r"`multipliers`.*shape \(3, 1\)"),
    "ragged multipliers": (_acts([[1.0], [1.0, 2.0]]), "`multipliers`"),
    "text for multipliers": (_acts(["1", "2", "3"]), "`multipliers`.*dtype"),
    "booleans for multipliers": (_acts([True, False, True]), "`multipliers`.*dtype bool"),
    "complex multipliers": (_acts([1j, 1j, 1j]), "`multipliers`.*dtype complex"),
    "no multipliers": (_acts(None), "`multipliers`.*dtype object"),
    "too few bids": (_bids({0: np.ones(49)}), r"`bids`.*seat 0.*shape \(49,\)"),
    "nan bid": (_bids({1: np.full(50, np.nan)}), "`bids of seat 1`.*nan at 0"),
    "negative bid": (_bids({1: -np.ones(50)}), "`bids of seat 1`.*-1.0"),
    "infinite bid": (_bids({1: np.full(50, np.inf)}), "`bids of seat 1`.*inf"),
    "text for bids": (_bids({1: ["a"] * 50}), "`bids`.*dtype"),
    "unknown seat": (_bids({3: np.ones(50)}), "`bids`.*from 0 to 2; found 3"),
    "negative seat": (_bids({-1: np.ones(50)}), "`bids`.*found -1"),
    "text for a seat": (_bids({"0": np.ones(50)}), "`bids`.*str '0'"),
    "seat beyond": (lambda: Simulation(_market(), [0]).values(3), "`seat`.*found 3"),
    "seat before": (lambda: Simulation(_market(), [0]).values(-1), "`seat`.*found -1"),
    "step after the end": (lambda: _played_out().step(np.ones(3)), "`step`.*2 steps"),
    "values after the end": (lambda: _played_out().values(0), "`step`"),
    "no episodes": (_begins([]), "`episodes`"),
    "negative episode": (_begins([-1]), "`episodes`.*found -1"),
    "large episode": (_begins([2**32]), "`episodes`"),
    "fractional episode": (_begins([1.5]), "`episodes`.*float 1.5"),
    "boolean episode": (_begins([True]), "`episodes`.*True"),
    "text for episodes": (_begins("12"), "`episodes`"),
    "number for episodes": (_begins(3), "`episodes`.*found 3"),
    "negative seed": (_begins([0], -1), "`seed`.*found -1"),
    "large seed": (_begins([0], 2**64), "`seed`"),
    "text for a seed": (_begins([0], "7"), "`seed`.*'7'"),
    "fractional seed": (_begins([0], 0.5), "`seed`.*0.5"),
    "boolean seed": (_begins([0], True), "`seed`.*True"),
    "run of no episode": (_begins([0], runs=[1]), "`runs`.*found 1"),
    "negative run": (_begins([0], runs=[-1]), "`runs`.*found -1"),
    "no runs": (_begins([0], runs=[]), "`runs`"),
    "fractional run": (_begins([0], runs=[0.0]), "`runs`.*float"),
    "runs in a table": (_begins([0], runs=[[0]]), "`runs`"),
    "small chunk": (_begins([0], chunk=1), "`chunk`.*found 1"),
    "odd chunk": (_begins([0], chunk=300), "`chunk`.*multiple of 256; found 300"),
    "text for a chunk": (_begins([0], chunk="256"), "`chunk`"),
    "nan budget": (_campaigns(budget=np.array([1.0, np.nan, 1.0])), "`campaigns.budget`.*nan"),
    "negative budget": (_campaigns(budget=np.array([1.0, 1.0, -2.0])), "budget.*-2.0 in seat 2"),
    "too few budgets": (_campaigns(budget=np.ones(2)), "`campaigns`.*3 seats"),
    "other advertisers": (_campaigns(advertiser=np.array([0, 2, 1])), "`campaigns`"),
    "unknown task": (_campaigns(task=np.array([0, 3, 1], np.int8)), "`campaigns.task`.*found 3"),
    "negative task": (_campaigns(task=np.array([0, -1, 1], np.int8)), "`campaigns.task`.*found -1"),
    "other steps": (_campaigns(steps=48), "`campaigns.steps`.*found 48"),
    "unknown market": (lambda: Simulation("huge", [0]), "huge"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    act, message = REFUSED[case]
    with pytest.raises(InvalidArgumentError, match=message):
        act()


def test_a_refused_step_changes_nothing() -> None:
    simulation, untouched = Simulation(_market(), [0]), Simulation(_market(), [0])
    for bad in (np.full(3, np.nan), np.ones(2)):
        with pytest.raises(InvalidArgumentError):
            simulation.step(bad)
    with pytest.raises(InvalidArgumentError):
        simulation.step(np.ones(3), {0: np.ones(1)})
    assert simulation.step_index == 0
    np.testing.assert_array_equal(simulation.step(np.ones(3)).cost, untouched.step(np.ones(3)).cost)
