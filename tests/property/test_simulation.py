"""Laws of the simulation, on random small markets full of ties and budgets that run out."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auctionsim import threads
from auctionsim.simulator import Simulation, market_campaigns
from auctionsim.simulator.reference import Sale, simulate_reference
from auctionsim.simulator.seats import known_spreads
from auctionsim.threads import use_threads
from auctionsim.traffic import draw_day, episode_key
from auctionsim.traffic.reference import opportunities_reference
from tests.auctionsim.simulator.comparing import (
    ROUNDED,
    assert_same_outcome,
    assert_same_outcomes,
    play,
    run_of,
)
from tests.property.markets import Play, any_rules, plays

fewer = settings(max_examples=25)


@given(plays())
def test_simulation_equals_the_walk_bit_for_bit(game: Play) -> None:
    walk = game.walk().outcomes
    with use_threads(1):
        assert_same_outcomes(game.simulate(), walk, rounded=ROUNDED)
    with use_threads(2):  # blocks are ranked ahead of settling
        assert_same_outcomes(game.simulate(chunk=512), walk, rounded=ROUNDED)


@fewer
@given(plays(rules="auctionnet", most=257))
def test_reauction_equals_the_walk_bit_for_bit(game: Play) -> None:
    assert_same_outcomes(game.simulate(), game.walk().outcomes, rounded=ROUNDED)


@fewer
@given(any_rules())
def test_nobody_ever_spends_more_than_its_budget(game: Play) -> None:
    simulation, outcomes = play(game.market, game.episode, game.seed, game.multipliers)
    budget = simulation.campaigns.budget
    assert (simulation.observe().cost <= budget).all()
    assert (simulation.remaining_budget >= 0.0).all()
    total = np.sum([outcome.cost[0] for outcome in outcomes], axis=0)
    np.testing.assert_allclose(simulation.observe().cost, total, rtol=1e-12)


@fewer
@given(any_rules(most=257))
def test_a_winner_pays_no_more_than_it_bid_and_no_less_than_the_reserve(game: Play) -> None:
    walk = game.walk()
    reserve = float(np.float32(game.market.reserve_price))
    budget = market_campaigns(game.market, [0]).budget
    spent = np.zeros(game.market.advertisers)
    for sale in walk.sales:
        assert sale.bid > 0.0
        assert reserve <= sale.price <= sale.bid
        if game.market.rules == "default":
            assert sale.bid <= budget[sale.advertiser] - spent[sale.advertiser] + 1e-9
        spent[sale.advertiser] += sale.price if sale.exposed else 0.0
    assert (spent <= budget * (1 + 1e-12)).all()


@fewer
@given(any_rules())
def test_chunks_change_nothing(game: Play) -> None:
    with use_threads(2):  # with one, nothing is ranked ahead in chunks
        assert_same_outcomes(game.simulate(chunk=256), game.simulate(chunk=8192))


@fewer
@given(any_rules())
def test_threads_change_nothing(game: Play) -> None:
    with use_threads(1):
        one = game.simulate()
    for count in (2, 3):
        with use_threads(count), patch.object(threads, "WORTH_A_THREAD", 1):
            assert_same_outcomes(game.simulate(), one)


@fewer
@given(any_rules(), st.data())
def test_a_batch_of_runs_and_episodes_brings_what_each_brings_alone(
    game: Play, data: st.DataObject
) -> None:
    episodes = [game.episode, (game.episode + 1) % 2**32]
    runs = data.draw(st.lists(st.integers(0, 1), min_size=1, max_size=4))
    factors = np.array([1.0, 0.5, 2.0, 0.0])[: len(runs), None]
    given_bids = data.draw(st.booleans())
    batch = Simulation(game.market, episodes, game.seed, runs=runs)
    alone = [Simulation(game.market, [episodes[run]], game.seed) for run in runs]
    for step in range(game.market.steps):
        multipliers = factors * game.multipliers[step]
        bids = {0: 2.0 * batch.values(0)} if given_bids else {}
        features = batch.observe().features.reshape(len(runs), game.market.advertisers, -1)
        together = batch.step(multipliers, bids)
        for run, single in enumerate(alone):
            np.testing.assert_array_equal(single.observe().features, features[run])
            outcome = single.step(multipliers[run], bids if run == 0 else {})
            assert_same_outcome(run_of(together, run), outcome, note=f"run {run}, step {step}")


@fewer
@given(any_rules(), st.data())
def test_bids_one_by_one_equal_their_multiplier(game: Play, data: st.DataObject) -> None:
    seat = data.draw(st.integers(0, game.market.advertisers - 1))
    plain = Simulation(game.market, [game.episode], game.seed)
    by_one = Simulation(game.market, [game.episode], game.seed)
    for step in range(game.market.steps):
        multipliers = game.multipliers[step]
        bids = np.float32(multipliers[seat]) * by_one.values(seat)
        others = np.where(np.arange(game.market.advertisers) == seat, 7.0, multipliers)
        one, two = plain.step(multipliers), by_one.step(others, {seat: bids})
        no_value = two.mean_value == 0.0  # then a multiplier cannot be told from bids
        two = replace(two, multiplier=np.where(no_value, one.multiplier, two.multiplier))
        assert_same_outcome(one, two, rounded=ROUNDED, note=f"in step {step}")


@fewer
@given(plays(), st.integers(-12, 12))
def test_scaling_all_money_by_a_power_of_two_scales_all_money(game: Play, power: int) -> None:
    factor = 2.0**power
    market = replace(
        game.market,
        reserve_price=game.market.reserve_price * factor,
        min_remaining_budget=game.market.min_remaining_budget * factor,
        days=replace(game.market.days, outside_price=game.market.days.outside_price * factor),
    )
    own = market_campaigns(market, [0])
    campaigns = replace(own, budget=own.budget * factor)
    plain = game.simulate()
    scaled = play(market, game.episode, game.seed, game.multipliers * factor, campaigns=campaigns)[
        1
    ]
    for one, two in zip(plain, scaled, strict=True):
        money = {
            name: getattr(one, name) * factor
            for name in ("multiplier", "mean_bid", "market_price", "cost")
        }
        assert_same_outcome(replace(one, **money), two)


@fewer
@given(any_rules(), st.data())
def test_traffic_does_not_depend_on_bids(game: Play, data: st.DataObject) -> None:
    seat = data.draw(st.integers(0, game.market.advertisers - 1))
    one = Simulation(game.market, [game.episode], game.seed)
    two = Simulation(game.market, [game.episode], game.seed)
    for step in range(game.market.steps):
        np.testing.assert_array_equal(one.values(seat), two.values(seat))
        a = one.step(game.multipliers[step])
        b = two.step(np.zeros(game.market.advertisers))
        np.testing.assert_array_equal(a.volume, b.volume)
        np.testing.assert_array_equal(a.mean_value, b.mean_value)


@fewer
@given(plays(most=60), st.data())
def test_a_seat_matters_only_where_its_bid_counts(game: Play, data: st.DataObject) -> None:
    """With budgets out of play, sales change only where its bid reaches a sold slot's price."""
    terms = replace(game.market.campaigns, budget=(1e9, 1e9), budget_step=1.0)
    market = replace(game.market, campaigns=terms, min_remaining_budget=0.0)
    seat = data.draw(st.integers(0, market.advertisers - 1))
    silent = game.multipliers.copy()
    silent[:, seat] = 0.0
    day = draw_day(market, episode_key(game.seed, game.episode))
    spreads = known_spreads(market, market_campaigns(market, [0]))
    with_seat, without = (
        _by_opportunity(simulate_reference(market, game.episode, game.seed, m).sales)
        for m in (game.multipliers, silent)
    )
    for step in range(market.steps):
        values = opportunities_reference(day, step, spreads).value[:, seat]
        bids = np.float32(game.multipliers[step, seat]) * values
        for j, bid in enumerate(bids):
            sales = without.get((step, j), [])
            lowest = min((s.price for s in sales), default=0.0)
            if (bid < lowest and len(sales) == market.slots) or bid == 0.0:
                assert with_seat.get((step, j), []) == sales


def _by_opportunity(sales: list[Sale]) -> dict[tuple[int, int], list[Sale]]:
    result: dict[tuple[int, int], list[Sale]] = {}
    for sale in sales:
        result.setdefault((sale.step, sale.opportunity), []).append(sale)
    return result


@fewer
@given(any_rules(), st.floats(0.0, 5.0))
def test_who_begins_a_step_with_too_little_sits_it_out(game: Play, least: float) -> None:
    market = replace(game.market, min_remaining_budget=least)
    simulation = Simulation(market, [game.episode], game.seed)
    for step in range(market.steps):
        left = simulation.remaining_budget
        active = left >= least
        np.testing.assert_array_equal(simulation.observe().active, active)
        outcome = simulation.step(game.multipliers[step])
        np.testing.assert_array_equal(outcome.active[0], active)
        for name in ("multiplier", "mean_bid", "wins", "exposed_wins", "cost", "expected_value"):
            assert (getattr(outcome, name)[0][~active] == 0.0).all(), name
        np.testing.assert_array_equal(simulation.remaining_budget[~active], left[~active])


@fewer
@given(any_rules(), st.data())
def test_who_sits_out_is_as_good_as_absent(game: Play, data: st.DataObject) -> None:
    seat = data.draw(st.integers(0, game.market.advertisers - 1))
    market = replace(game.market, min_remaining_budget=max(game.market.min_remaining_budget, 0.1))
    own = market_campaigns(market, [draw_day(market, episode_key(game.seed, game.episode)).key])
    budget = own.budget.copy()
    budget[seat] = 0.05
    silent = game.multipliers.copy()
    silent[:, seat] = 0.0
    poor = play(
        market, game.episode, game.seed, game.multipliers, campaigns=replace(own, budget=budget)
    )[1]
    quiet = play(market, game.episode, game.seed, silent, campaigns=own)[1]
    for one, two in zip(poor, quiet, strict=True):
        assert_same_outcome(replace(one, active=two.active), two)


@fewer
@given(any_rules())
def test_what_bidders_see_adds_up_what_the_steps_brought(game: Play) -> None:
    simulation, outcomes = play(game.market, game.episode, game.seed, game.multipliers)
    final = simulation.observe()
    # Bidders are told what they could predict, not what a bias makes of it.
    told = {"expected_conversions": "predicted_conversions", "expected_value": "predicted_value"}
    for name in ("conversions", "value", "expected_conversions", "expected_value"):
        total = np.zeros(game.market.advertisers)
        for outcome in outcomes:
            total += getattr(outcome, told.get(name, name))[0]
        np.testing.assert_array_equal(getattr(final, name), total)
    assert simulation.done
    assert not final.active.any()
    assert final.step == game.market.steps
    assert np.isfinite(final.features).all()


@fewer
@given(any_rules())
def test_outcomes_are_consistent_with_each_other(game: Play) -> None:
    for outcome in game.simulate():
        assert (outcome.exposed_wins <= outcome.wins).all()
        assert (outcome.wins <= outcome.volume[:, None]).all()
        assert outcome.wins.sum() <= outcome.volume[0] * game.market.slots
        assert (outcome.conversions <= outcome.exposed_wins).all()
        assert (outcome.expected_conversions <= outcome.exposed_wins).all()
        assert ((outcome.value > 0.0) <= (outcome.conversions > 0.0)).all()
        assert (outcome.cost[outcome.exposed_wins == 0.0] == 0.0).all()
        floor = float(np.float32(game.market.reserve_price))
        assert (outcome.market_price[outcome.volume > 0] >= floor * (1 - 1e-12)).all()


def test_markets_of_these_tests_exhaust_budgets() -> None:
    """The laws above say little where no budget ever binds: here every way of binding is met."""
    met = {"capped": 0, "exhausted": 0}

    @settings(max_examples=40, derandomize=True)
    @given(plays())
    def count(game: Play) -> None:
        for outcome in game.simulate():
            uncapped = outcome.multiplier * outcome.mean_value
            met["capped"] += int((outcome.mean_bid < uncapped * (1 - 1e-5)).any())
            met["exhausted"] += int((~outcome.active).any())

    count()
    assert met["capped"] >= 5, met
    assert met["exhausted"] >= 5, met
