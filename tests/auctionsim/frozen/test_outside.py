"""Recorded competitors from outside: seats and bounds meet them as the market had them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auctionsim.day_conditions import DayConditions
from auctionsim.errors import InvalidArgumentError
from auctionsim.frozen import record_rivals
from auctionsim.frozen.days import seat_days
from auctionsim.simulator import Simulation
from auctionsim.simulator.outcome import OUTCOME_ARRAYS
from tests.auctionsim.frozen.playing import play, record
from tests.auctionsim.worlds import WORLD, world

DAYS = DayConditions(outside_price=150.0, price_drift=0.5, price_jump_rate=3.0, price_jump_size=0.4)
MARKET, EPISODES = world(days=DAYS), [4, 2]
MULTIPLIERS = np.tile(np.geomspace(60.0, 400.0, 8), (MARKET.steps, 2))


def test_recorded_bids_are_no_lower_than_those_from_outside() -> None:
    recording, _, _ = record(MARKET, EPISODES, MULTIPLIERS)
    outside = 0
    for step, top in enumerate(recording.steps):
        for place, day in enumerate(recording.days):
            volume, floor = top.volume[place], day.floor[step]
            bid, holder = (a[place, :, :volume] for a in (top.bid, top.holder))
            assert (bid >= floor).all()
            assert (bid[holder < 0] == floor).all()
            assert (np.diff(bid, axis=0) <= 0.0).all()
            outside += int((holder < 0).sum())
    assert 0.1 < outside / sum(top.bid[0].size * 2 for top in recording.steps) < 0.9


def test_what_was_bid_brings_what_it_brought() -> None:
    recording, recorded, campaigns = record(MARKET, EPISODES, MULTIPLIERS)
    _, outcomes = play(recording, campaigns, np.repeat([0, 1], 8).tolist(), MULTIPLIERS)
    for then, now in zip(recorded, outcomes, strict=True):
        for name in OUTCOME_ARRAYS:
            expected = getattr(then, name)
            if name in ("volume", "market_price"):
                expected = np.repeat(expected, 8)
            np.testing.assert_array_equal(getattr(now, name).ravel(), expected.ravel(), name)
    assert sum(float(outcome.wins.sum()) for outcome in recorded) > 100.0


def test_slots_cost_a_seat_no_less_than_the_floor_of_their_step() -> None:
    recording, _, campaigns = record(MARKET, EPISODES, MULTIPLIERS)
    own = campaigns.take(np.arange(8))
    for some in seat_days(recording, 0, own):
        for day in some:
            floor = np.repeat(recording.days[0].floor, np.diff(day.starts))
            assert (day.price >= floor).all()
            cheapest = day.price[-1] == floor
            assert 0.05 < cheapest.mean() < 1.0


def test_the_market_tells_prices_no_lower_than_the_floor() -> None:
    simulation = Simulation(MARKET, EPISODES, 3)
    for step, row in enumerate(MULTIPLIERS):
        outcome = simulation.step(row, keep_sales=True)
        floors = [day.floor[step] for day in simulation.days]
        assert (outcome.market_price >= np.array(floors) * (1 - 1e-6)).all()
        assert outcome.sales is not None
        for run, floor in enumerate(floors):
            price = outcome.sales.results(8 * run).market_price
            assert (price >= floor).all()


def test_a_mechanism_of_ones_own_is_not_frozen_beside_bids_from_outside() -> None:
    own = "auctionsim.mechanism.pricing:gsp"
    with pytest.raises(InvalidArgumentError, match="`market` must have a mechanism out of"):
        record_rivals(replace(MARKET, mechanism=own), [0])
    record_rivals(replace(WORLD, mechanism=own), [0])
