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


def _masked(count: int) -> Any:
    return np.ma.masked_array(np.ones(count), np.arange(count) == 1)


def _beyond_float64(count: int) -> Any:
    """Such numbers, or the largest of float64 where the long double is no longer."""
    return np.full(count, np.finfo(np.longdouble).max)


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
    "masked multipliers": (_acts(_masked(3)), "`multipliers`.*masked"),
    "multiplier beyond float64": (_acts(_beyond_float64(3)), "`multipliers`.*at most 1e[+]30"),
    "number for bids": (_bids(0), "`bids` must map.*int 0"),
    "text for the bids": (_bids(""), "`bids` must map.*str ''"),
    "list for bids": (_bids([]), "`bids` must map.*list"),
    "set for bids": (_bids(set()), "`bids` must map.*set"),
    "array for bids": (_bids(np.ones((3, 50))), "`bids` must map.*ndarray"),
    "masked bids": (_bids({0: _masked(50)}), "`bids`.*masked"),
    "bid beyond float64": (_bids({0: _beyond_float64(50)}), "`bids of seat 0`.*1e[+]30"),
    "huge bid": (
        _bids({0: np.full(50, np.nextafter(np.float32(1e30), np.float32(np.inf)))}),
        "`bids of seat 0`.*at most 1e[+]30",
    ),
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
    "number for episodes": (_begins(3), "`episodes`.*int 3"),
    "ragged episodes": (_begins([[1], [1, 2]]), "`episodes`.*list"),
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
    "ragged runs": (_begins([0], runs=[[1], [1, 2]]), "`runs`.*list"),
    "seed of many digits": (_begins([0], 10**5000), "`seed`.*int"),
    "number for days": (_begins([0], days=3), "`days` must hold one Day"),
    "small chunk": (_begins([0], chunk=1), "`chunk`.*found 1"),
    "odd chunk": (_begins([0], chunk=300), "`chunk`.*multiple of 256; found 300"),
    "text for a chunk": (_begins([0], chunk="256"), "`chunk`"),
    "nan budget": (_campaigns(budget=np.array([1.0, np.nan, 1.0])), "`campaigns.budget`.*nan"),
    "negative budget": (_campaigns(budget=np.array([1.0, 1.0, -2.0])), "budget.*-2.0 in seat 2"),
    "budget beyond sums": (_campaigns(budget=[1.0, 2e30, 1.0]), "`campaigns.budget`.*1e[+]30"),
    "budget beyond float64": (_campaigns(budget=_beyond_float64(3)), "`campaigns.budget`.*1e[+]30"),
    "boolean budgets": (_campaigns(budget=np.ones(3, bool)), "`campaigns.budget`.*bool"),
    "masked budgets": (_campaigns(budget=_masked(3)), "`campaigns.budget`.*masked"),
    "too few budgets": (_campaigns(budget=np.ones(2)), "`campaigns.budget`.*3 seats"),
    "one budget for all": (_campaigns(budget=1.0), r"`campaigns.budget`.*shape \(\)"),
    "no budgets": (_campaigns(budget=None), "`campaigns.budget`.*object"),
    "other advertisers": (_campaigns(advertiser=np.array([0, 2, 1])), "`campaigns.*2 in seat 1"),
    "fractional category": (_campaigns(category=np.zeros(3)), "`campaigns.category`.*float64"),
    "fractional task": (_campaigns(task=np.full(3, 2.0)), "`campaigns.task`.*float64"),
    "fractional task in a list": (_campaigns(task=[2, 2.0, 2]), "`campaigns.task`.*float 2.0"),
    "boolean task": (_campaigns(task=np.ones(3, bool)), "`campaigns.task`.*bool"),
    "text for targets": (_campaigns(cpa_target=["a"] * 3), "`campaigns.cpa_target`.*<U1"),
    "negative target": (_campaigns(roas_target=[1.0, -1.0, 1.0]), "roas_target`.*-1.0 in seat 1"),
    "task without target": (
        _campaigns(task=[0, 2, 2], cpa_target=[np.nan] * 3),
        "`campaigns.cpa_target`.*cpa_mcb.*nan in seat 0",
    ),
    "nan reference": (_campaigns(reference=np.full(3, np.nan)), "`campaigns.reference`.*nan"),
    "negative key": (_campaigns(key=[1, -1, 2]), "`campaigns.key`.*found -1"),
    "large key": (_campaigns(key=[1, 2**64, 2]), "`campaigns.key`.*found 18446744073709551616"),
    "no campaigns": (_begins([0], campaigns="x"), "`campaigns`.*str 'x'"),
    "boolean steps": (_campaigns(steps=True), "`campaigns.steps`.*True"),
    "unknown task": (_campaigns(task=np.array([0, 3, 1], np.int8)), "`campaigns.task`.*'3 in seat"),
    "negative task": (_campaigns(task=np.array([0, -1, 1])), "`campaigns.task`.*'-1 in seat 1'"),
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
