"""Mechanisms as functions: the built-in ones, and one of the user's own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from auctionsim import threads
from auctionsim.errors import InvalidArgumentError
from auctionsim.mechanism import clear
from auctionsim.mechanism.pricing import FUNCTIONS, load_mechanism
from auctionsim.mechanism.reference import clear_reference
from auctionsim.rules import RULES
from auctionsim.simulator import Simulation
from auctionsim.simulator.reference import simulate_reference
from tests.auctionsim.mechanism.comparing import assert_same
from tests.auctionsim.simulator.comparing import assert_same_outcome
from tests.auctionsim.worlds import WORLD

MODULE = """
import numba

@numba.njit
def vcg(bids, exposure, reserve, prices):
    '''What the others lose by the winner's presence, per view of its ad.'''
    slots = prices.size
    for slot in range(slots):
        harm = 0.0
        for below in range(slot, slots):
            after = exposure[below + 1] if below + 1 < slots else 0.0
            harm += (exposure[below] - after) * max(bids[below + 1], reserve)
        prices[slot] = min(harm / exposure[slot], bids[slot])

def plain(bids, exposure, reserve, prices):
    pass

@numba.njit
def too_few(bids):
    pass

@numba.njit
def greedy(bids, exposure, reserve, prices):
    prices[:] = bids[0] + 1.0
"""
EXPOSURE = (1.0, 0.8, 0.6)


@pytest.fixture
def mechanisms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a module of mechanisms, importable in the test; returns its name."""
    name = "house_of_mechanisms"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["gsp", "first_price"])
def test_built_in_mechanisms_are_what_their_functions_say(name: str, dtype: Any) -> None:
    bids = np.random.default_rng(0).integers(0, 6, (300, 9)).astype(dtype)
    for slots in (1, 3, 9, 12):
        assert_same(
            clear(bids, 1.0, slots, mechanism=name),
            clear(bids, 1.0, slots, mechanism=FUNCTIONS[name]),
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mechanism_of_ones_own_by_name_and_as_it_is(mechanisms: str, dtype: Any) -> None:
    bids = np.random.default_rng(1).integers(0, 9, (400, 7)).astype(dtype)
    name = f"{mechanisms}:vcg"
    result = clear(bids, 0.5, mechanism=name, seed=3, exposure=EXPOSURE)
    assert_same(result, clear(bids, 0.5, mechanism=load_mechanism(name), seed=3, exposure=EXPOSURE))
    ids = np.arange(7, dtype=np.uint32)
    expected = clear_reference(
        bids, 0.5, 3, name, "default", seed=3, first_opportunity=0, ids=ids, exposure=EXPOSURE
    )
    assert_same(result, expected)


def test_vcg_charges_the_harm_done_to_others(mechanisms: str) -> None:
    # Edelman, Ostrovsky and Schwarz (2007), section I: 200 and 100 clicks, bids 10, 4 and 2.
    bids = np.array([[10.0, 4.0, 2.0]])
    found = clear(bids, slots=2, mechanism=f"{mechanisms}:vcg", exposure=(1.0, 0.5))
    assert (found.prices[0] * [200, 100]).tolist() == [600.0, 200.0]
    gsp = clear(bids, slots=2, exposure=(1.0, 0.5))
    assert (gsp.prices[0] * [200, 100]).tolist() == [800.0, 200.0]


@pytest.mark.parametrize("count", [1, 2])
def test_a_simulation_plays_it_as_the_walk_does(mechanisms: str, count: int) -> None:
    market = replace(WORLD, mechanism=f"{mechanisms}:vcg")
    multipliers = np.full((market.steps, market.advertisers), 120.0)
    walk = simulate_reference(market, 2, 1, multipliers)
    with threads.use_threads(count), pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "WORTH_A_THREAD", 1)
        simulation = Simulation(market, [2], 1)
        for step in range(market.steps):
            outcome = simulation.step(multipliers[step])
            assert_same_outcome(outcome, walk.outcomes[step], rounded=("mean_bid", "multiplier"))
    spent = simulation.campaigns.budget - simulation.remaining_budget
    assert spent.sum() > 0
    gsp = Simulation(WORLD, [2], 1)
    assert gsp.step(multipliers[0]).cost.sum() > walk.outcomes[0].cost.sum()


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("slots", [1, 3])
def test_prices_above_the_bid_are_refused_and_nothing_is_lost(
    mechanisms: str, rules: str, slots: int
) -> None:
    name = f"{mechanisms}:greedy"
    with pytest.raises(InvalidArgumentError, match="must price every sold slot from 0 to"):
        clear(np.array([[2.0, 1.0]]), mechanism=name, slots=slots, rules=rules)
    market = replace(WORLD, mechanism=name, rules=rules, slots=slots, exposure=(0.0,) * slots)
    simulation = Simulation(market, [0], 1)
    before = simulation.remaining_budget
    with pytest.raises(InvalidArgumentError, match="must price every sold slot from 0 to"):
        simulation.step(np.full(len(simulation.campaigns), 90.0))
    np.testing.assert_array_equal(simulation.remaining_budget, before)
    assert simulation.step_index == 0


def test_a_mechanism_with_threads_of_its_own_is_refused() -> None:
    own_threads = numba.njit(parallel=True)(lambda bids, exposure, reserve, prices: None)
    with pytest.raises(InvalidArgumentError, match="must not be compiled with parallel=True"):
        clear(np.ones((2, 3)), mechanism=own_threads)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vgc", "must be one of"),
        ("gps", "Did you mean 'gsp'"),
        ("{}:nothing", "has no attribute 'nothing'"),
        ("no_such_module_here:vcg", "No module named"),
        ("{}:plain", "must be one of .* or a function compiled by numba.njit"),
        ("{}:too_few", "must compile for"),
        ("{}:", "must be one of"),
        ("a b:c", "must be one of"),
    ],
)
def test_what_is_no_mechanism_is_refused(mechanisms: str, name: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        clear(np.ones((2, 3)), mechanism=name.format(mechanisms))


@pytest.mark.parametrize(
    "value", [(1.0, 0.5), (1.0, 0.5, 0.7), (1.0, 0.5, -0.1), (1, 0.5, np.nan), "x"]
)
def test_exposure_is_one_falling_probability_a_slot(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="`exposure` must hold one probability a slot"):
        clear(np.ones((2, 4)), exposure=value)


def test_a_mechanism_given_as_a_lambda_works() -> None:
    half = numba.njit(lambda bids, exposure, reserve, prices: _halve(bids, prices))
    bids = np.array([[8.0, 4.0]])
    assert clear(bids, slots=1, mechanism=half).prices.tolist() == [[4.0]]


@numba.njit
def _halve(bids, prices):  # type: ignore[no-untyped-def]
    for slot in range(prices.size):
        prices[slot] = bids[slot] / 2
