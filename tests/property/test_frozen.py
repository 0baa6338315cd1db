"""Seats against recorded bids: as recorded, and as a plain walk has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auctionsim.frozen.reference import play_reference
from auctionsim.simulator import with_tasks
from auctionsim.simulator.outcome import OUTCOME_ARRAYS
from auctionsim.threads import use_threads
from tests.auctionsim.frozen.playing import play, record
from tests.property.markets import Play, plays

fewer = settings(max_examples=40)


@given(plays(), st.booleans())
def test_what_was_bid_brings_what_it_brought(game: Play, two_episodes: bool) -> None:
    episodes = [game.episode, game.episode + 1][: 1 + two_episodes]
    multipliers = np.tile(game.multipliers, (1, len(episodes)))
    recording, recorded, campaigns = record(game.market, episodes, multipliers, seed=game.seed)
    runs = np.repeat(np.arange(len(episodes)), game.market.advertisers).tolist()
    for threads in (1, 2):
        with use_threads(threads):
            _, outcomes = play(recording, campaigns, runs, multipliers)
        for then, now in zip(recorded, outcomes, strict=True):
            for name in OUTCOME_ARRAYS:
                expected = getattr(then, name)
                if name in ("volume", "market_price"):
                    expected = np.repeat(expected, game.market.advertisers)
                found = getattr(now, name).ravel()
                np.testing.assert_array_equal(found, expected.ravel(), err_msg=name)


@fewer
@given(plays(), st.data())
def test_other_bids_bring_what_a_plain_walk_says(game: Play, data: st.DataObject) -> None:
    market = game.market
    recording, _, campaigns = record(market, [game.episode], game.multipliers, seed=game.seed)
    i = data.draw(st.integers(0, market.advertisers - 1))
    few = st.sampled_from([0.0, 0.3, 1.0, 5.0, 70.0, 1e4])
    own = np.array(data.draw(st.lists(few, min_size=market.steps, max_size=market.steps)))
    mine = campaigns.take(np.array([i]))
    mine = with_tasks(market, mine, np.array([data.draw(st.integers(0, 2))], np.int8))
    mine = replace(mine, budget=mine.budget * data.draw(st.sampled_from([0.1, 1.0, 3.0])))
    seat, outcomes = play(recording, mine, [0], own[:, None])
    expected = play_reference(recording, 0, mine[0], own)
    np.testing.assert_array_equal(seat.observe().cost, expected.spent[-1:])
    for step, outcome in enumerate(outcomes):
        for name, column in expected.sums.items():
            if name != "market_price":
                found = getattr(outcome, name).ravel()
                np.testing.assert_array_equal(found, column[step : step + 1], err_msg=name)
        total = outcome.market_price * outcome.volume
        np.testing.assert_allclose(total, expected.sums["market_price"][step], rtol=1e-12)
    for step, outcome in enumerate(outcomes):
        assert outcome.sales is not None
        results = outcome.sales.results(0)
        slots = np.zeros(outcome.volume[0], np.int64)
        worth = np.zeros(outcome.volume[0])
        for sale in expected.sales:
            if sale.step == step:
                slots[sale.opportunity], worth[sale.opportunity] = sale.slot + 1, sale.worth
        np.testing.assert_array_equal(results.slot, slots)
        np.testing.assert_array_equal(results.values, worth)


@fewer
@given(plays(), st.integers(0, 3))
def test_seats_beside_it_change_nothing(game: Play, others: int) -> None:
    market = game.market
    recording, _, campaigns = record(market, [game.episode], game.multipliers, seed=game.seed)
    seats = np.arange(others + 1) % market.advertisers
    own = np.repeat(game.multipliers[:, :1] * 1.5, len(seats), axis=1)
    _, together = play(recording, campaigns.take(seats), [0] * len(seats), own)
    _, alone = play(recording, campaigns.take(seats[:1]), [0], own[:, :1])
    for one, many in zip(alone, together, strict=True):
        for name in OUTCOME_ARRAYS:
            np.testing.assert_array_equal(getattr(one, name)[0], getattr(many, name)[0])
