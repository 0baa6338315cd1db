"""Sales, opportunity by opportunity: those of the walk, and in step with the sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auctionsim.simulator import Sales, Simulation
from auctionsim.simulator.reference import ReferenceEpisode
from auctionsim.threads import use_threads
from tests.auctionsim.simulator.comparing import assert_same_outcomes
from tests.property.markets import Play, any_rules

fewer = settings(max_examples=25)


def entered(sales: Sales, walk: ReferenceEpisode, step: int) -> Sales:
    """Return the walk's sales of a step in the form of `Sales`."""
    shape = sales.winner.shape
    winner, price = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    exposed, converted, worth = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape)
    for sale in walk.sales:
        if sale.step == step:
            place = 0, sale.slot, sale.opportunity
            winner[place], price[place] = sale.advertiser, sale.price
            exposed[place], converted[place] = sale.exposed, sale.converted
            worth[place] = sale.worth
    market_price = walk.market_prices[step].astype(np.float32)[None]
    return Sales(
        sales.volume, sales.advertisers, winner, price, exposed, converted, worth, market_price
    )


ARRAYS = ("winner", "price", "exposed", "converted", "worth", "market_price")


def assert_same_sales(one: Sales, two: Sales) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


@given(any_rules(most=257))
def test_sales_are_those_of_the_walk(game: Play) -> None:
    walk = game.walk()
    for threads in (1, 2):
        with use_threads(threads):
            outcomes = game.simulate(chunk=512, keep_sales=True)
        for step, outcome in enumerate(outcomes):
            assert isinstance(outcome.sales, Sales)
            assert_same_sales(outcome.sales, entered(outcome.sales, walk, step))


@fewer
@given(any_rules())
def test_keeping_sales_changes_nothing(game: Play) -> None:
    assert_same_outcomes(game.simulate(keep_sales=True), game.simulate())


@fewer
@given(any_rules(), st.data())
def test_sales_of_a_batch_are_those_of_each_run(game: Play, data: st.DataObject) -> None:
    episodes = [game.episode, (game.episode + 1) % 2**32]
    runs = data.draw(st.lists(st.integers(0, 1), min_size=1, max_size=3))
    batch = Simulation(game.market, episodes, game.seed, runs=runs)
    alone = [Simulation(game.market, [episodes[run]], game.seed) for run in runs]
    for step in range(game.market.steps):
        asked = np.tile(game.multipliers[step], (len(runs), 1))
        together = batch.step(asked, keep_sales=True).sales
        assert isinstance(together, Sales)
        for run, simulation in enumerate(alone):
            single = simulation.step(game.multipliers[step], keep_sales=True).sales
            assert isinstance(single, Sales)
            width = int(single.volume[0])
            for name in ARRAYS:
                whole: NDArray[Any] = getattr(together, name)[run]
                np.testing.assert_array_equal(whole[..., :width], getattr(single, name)[0])
                assert (whole[..., width:] == (-1 if name == "winner" else 0)).all()


@fewer
@given(any_rules(), st.data())
def test_results_of_a_seat_add_up_to_its_sums(game: Play, data: st.DataObject) -> None:
    seat = data.draw(st.integers(0, game.market.advertisers - 1))
    simulation = Simulation(game.market, [game.episode], game.seed)
    for step in range(game.market.steps):
        told = simulation.opportunities(seat)
        bids = np.float32(game.multipliers[step][seat]) * told.values
        took_part = bool(simulation.active[seat])
        outcome = simulation.step(game.multipliers[step], {seat: bids}, keep_sales=True)
        assert outcome.sales is not None
        got = outcome.sales.results(seat)
        assert {len(array) for array in vars(got).values()} == {len(told)}
        assert (got.slot > 0).sum() == outcome.wins[0, seat]
        assert got.exposed.sum() == outcome.exposed_wins[0, seat]
        assert got.conversions.sum() == outcome.conversions[0, seat]
        cost = got.price[got.exposed].sum(dtype=np.float64)
        np.testing.assert_allclose(cost, outcome.cost[0, seat], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(got.values.sum(), outcome.value[0, seat], rtol=1e-9)
        assert not got.exposed[got.slot == 0].any()
        assert not got.price[got.slot == 0].any()
        assert (got.values[got.conversions == 0] == 0.0).all()
        if len(told):
            mean = got.market_price.mean(dtype=np.float64)
            np.testing.assert_allclose(mean, outcome.market_price[0], rtol=1e-6)
        dropped = (got.bids == 0.0) & (bids > 0.0)
        if game.market.rules == "default" and took_part:
            assert not dropped.any()
        np.testing.assert_array_equal(got.bids[~dropped & took_part], bids[~dropped & took_part])
