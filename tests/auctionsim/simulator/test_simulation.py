"""The episode loop: edge cases, and values known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auctionsim.market import CampaignTerms, MarketConfig, Traffic, load_market
from auctionsim.observation import FEATURES
from auctionsim.simulator import Simulation, StepOutcome, market_campaigns, with_tasks
from auctionsim.tasks import TARGET_ROAS
from tests.auctionsim.simulator.comparing import assert_same_outcome, run_of
from tests.auctionsim.simulator.equal_market import equal_market as _market


def _step(market: MarketConfig, *multipliers: float) -> StepOutcome:
    return Simulation(market, [0]).step(multipliers)


def test_second_price_by_hand() -> None:
    outcome = _step(_market(), 4.0, 2.0, 1.0)  # bids 2, 1, 0.5: the first wins 40 at 1 each
    np.testing.assert_array_equal(outcome.wins[0], [40, 10, 0])
    np.testing.assert_array_equal(outcome.cost[0], [40.0, 5.0, 0.0])
    # Then it has 0.25 left, and the second wins at the third's bid.
    assert outcome.market_price[0] == pytest.approx((40 * 1.0 + 10 * 0.5) / 50)
    np.testing.assert_allclose(outcome.mean_bid[0], [(39 * 2 + 1.25 + 10 * 0.25) / 50, 1.0, 0.5])
    np.testing.assert_array_equal(outcome.mean_value[0], [0.5] * 3)
    np.testing.assert_array_equal(outcome.expected_conversions[0], [20.0, 5.0, 0.0])
    np.testing.assert_array_equal(outcome.expected_value[0], [20.0, 5.0, 0.0])
    np.testing.assert_array_equal(outcome.value, outcome.conversions)


def test_first_price_by_hand() -> None:
    outcome = _step(_market(mechanism="first_price"), 1.0, 0.6, 0.0)
    np.testing.assert_array_equal(outcome.cost[0], [50 * 0.5, 0.0, 0.0])


def test_a_bidder_is_capped_at_what_it_has_left() -> None:
    terms = CampaignTerms(budget=(1.25, 1.25), budget_step=1.25, task_shares={"bcb": 1.0})
    market = _market(campaigns=terms, mechanism="first_price", advertisers=1, steps=1)
    outcome = _step(market, 2.0)  # bids 1, then the 0.25 left, which is the reserve
    assert outcome.wins[0, 0] == 2
    assert outcome.cost[0, 0] == 1.25
    assert outcome.mean_bid[0, 0] == pytest.approx(1.25 / 100)


def test_an_exhausted_advertiser_stays_with_bids_of_zero() -> None:
    simulation = Simulation(_market(), [0])
    simulation.step([4.0, 2.0, 1.0])
    before = simulation.observe()
    np.testing.assert_array_equal(before.active, [False, True, True])
    np.testing.assert_array_equal(before.remaining_budget, [0.25, 35.25, 40.25])
    outcome = simulation.step([9.0, 2.0, 1.0], {0: np.full(50, 9.0)})
    np.testing.assert_array_equal(outcome.active[0], [False, True, True])
    for name in ("mean_bid", "multiplier", "wins", "cost"):
        assert getattr(outcome, name)[0, 0] == 0.0
    assert outcome.cost[0, 1] == 25.0


def test_who_has_exactly_the_least_budget_takes_part() -> None:
    own = market_campaigns(_market(), [0])
    for budget, active in ((1.0, True), (np.nextafter(1.0, 0.0), False)):
        poor = replace(own, budget=np.full(3, budget))
        assert Simulation(_market(), [0], campaigns=poor).active.tolist() == [active] * 3


def test_one_advertiser_pays_the_reserve() -> None:
    outcome = _step(_market(advertisers=1), 1.0)
    assert outcome.wins[0, 0] == 50
    assert outcome.cost[0, 0] == 50 * 0.25
    assert outcome.market_price[0] == 0.25


def test_one_advertiser_wins_nothing_under_auctionnets_rule() -> None:
    outcome = _step(_market(advertisers=1, rules="auctionnet"), 1.0)
    assert outcome.wins[0, 0] == 0
    assert outcome.cost[0, 0] == 0.0


def test_more_slots_than_bidders() -> None:
    market = _market(slots=5, exposure=(1.0,) * 5, advertisers=2)
    outcome = _step(market, 1.0, 0.8)
    np.testing.assert_array_equal(outcome.wins[0], [50, 50])
    np.testing.assert_allclose(outcome.cost[0], [50 * 0.4, 50 * 0.25], rtol=1e-6)
    assert outcome.market_price[0] == 0.25


def test_no_opportunities() -> None:
    simulation = Simulation(_market(opportunities=0), [0, 1])
    while not simulation.done:
        assert simulation.values(2).shape == (0,)
        outcome = simulation.step(np.ones(6), {5: np.zeros(0)})
        for name in ("volume", "mean_bid", "mean_value", "market_price", "wins", "cost"):
            assert (getattr(outcome, name) == 0).all(), name
    assert np.isfinite(simulation.observe().features).all()


@pytest.mark.parametrize("rules", ["default", "auctionnet"])
@pytest.mark.parametrize(
    ("multipliers", "reserve"),
    [((1.0, 2.0, 3.0), 10.0), ((0.0, 0.0, 0.0), 0.25), ((0.0,) * 3, 0.0)],
)
def test_nothing_sells(rules: str, multipliers: tuple[float, ...], reserve: float) -> None:
    outcome = _step(_market(rules=rules, reserve_price=reserve), *multipliers)
    for name in ("wins", "exposed_wins", "cost", "conversions", "value", "expected_value"):
        assert (getattr(outcome, name) == 0.0).all(), name
    assert outcome.market_price[0] == reserve


def test_a_bid_equal_to_the_reserve_buys_and_one_below_does_not() -> None:
    outcome = _step(_market(advertisers=2), 0.5, 0.49)
    np.testing.assert_array_equal(outcome.wins[0], [50, 0])
    np.testing.assert_array_equal(outcome.cost[0], [12.5, 0.0])


def test_ties_are_shared_out_evenly() -> None:
    """5,000 tied opportunities: each of three gets a third, to five standard errors."""
    terms = CampaignTerms(budget=(1e6, 1e6), budget_step=1.0)
    outcome = _step(_market(opportunities=10_000, campaigns=terms), 1.0, 1.0, 1.0)
    assert outcome.wins.sum() == 5000
    assert (np.abs(outcome.wins - 5000 / 3) < 5 * np.sqrt(5000 * 2 / 9)).all()


def test_exposure_is_nested_and_as_frequent_as_it_says() -> None:
    """10,000 opportunities: shares to five standard errors, and slot 3 only with slot 2."""
    terms = CampaignTerms(budget=(1e6, 1e6), budget_step=1.0)
    market = _market(
        opportunities=10_000, steps=1, slots=3, exposure=(1.0, 0.8, 0.6), campaigns=terms
    )
    seen = _step(market, 3.0, 2.0, 1.0).exposed_wins[0] / 10_000
    assert seen[0] == 1.0
    assert abs(seen[1] - 0.8) < 5 * 0.004
    assert abs(seen[2] - 0.6) < 5 * 0.0049


@pytest.mark.parametrize("realised", [0.0, 0.7])
def test_conversions_and_values_average_to_their_expectations(realised: float) -> None:
    market = load_market("small")
    market = replace(market, values=replace(market.values, realised=realised))
    roas = np.full(48, TARGET_ROAS, np.int8)
    own = market_campaigns(market, [0])
    rich = replace(with_tasks(market, own, roas), budget=np.full(48, 1e9))
    simulation = Simulation(market, [0], campaigns=rich)
    while not simulation.done:
        simulation.step(np.full(48, 90.0))
    final = simulation.observe()
    expected = final.expected_conversions.sum()
    # A sum of coins varies by at most its expectation; 5 standard errors.
    assert abs(final.conversions.sum() - expected) < 5 * np.sqrt(expected)
    variance = final.expected_value.sum() * 4  # E[g^2] / E[g] stays below 4 at these spreads
    assert abs(final.value.sum() - final.expected_value.sum()) < 5 * np.sqrt(variance)
    assert not np.array_equal(final.value, final.conversions)


def test_a_conversion_is_worth_one_where_no_value_spreads() -> None:
    simulation = Simulation("auctionnet", [0])
    for _ in range(3):
        outcome = simulation.step(np.full(48, 90.0))
        np.testing.assert_array_equal(outcome.value, outcome.conversions)
    assert outcome.conversions.sum() > 0


def test_features_name_and_count() -> None:
    simulation = Simulation("tiny", [3, 4], seed=5)
    observation = simulation.observe()
    assert observation.features.shape == (96, len(FEATURES))
    assert (observation.features[:, FEATURES.index("time_left")] == 1.0).all()
    value = observation.features[0, FEATURES.index("current_mean_value")]
    assert value == pytest.approx(simulation.values(0).mean(dtype=np.float64))
    assert observation.features[0, FEATURES.index("current_volume")] == len(simulation.values(0))
    outcome = simulation.step(np.full(96, 80.0))
    after = simulation.observe()
    bid = after.features[:, FEATURES.index("mean_bid")]
    np.testing.assert_array_equal(bid, outcome.mean_bid.ravel())
    price = after.features[:, FEATURES.index("mean_market_price")]
    np.testing.assert_array_equal(price, np.repeat(outcome.market_price, 48))


def test_bids_one_by_one_report_their_mean_multiplier() -> None:
    simulation = Simulation(_market(), [0])
    bids = np.linspace(0.0, 2.0, 50)
    outcome = simulation.step([0.0, 5.0, 5.0], {1: bids})
    assert outcome.multiplier[0, 1] == pytest.approx(bids.sum() / 25.0, rel=1e-6)
    assert outcome.multiplier[0].tolist()[::2] == [0.0, 5.0]


def test_episodes_of_one_simulation_do_not_share_traffic_and_runs_of_one_do() -> None:
    simulation = Simulation("tiny", [0, 1], runs=[0, 0, 1])
    np.testing.assert_array_equal(simulation.values(0), simulation.values(48))
    assert len(simulation.values(96)) != len(simulation.values(0))


def test_a_multiplier_is_taken_in_single_precision() -> None:
    one = _step(_market(), 4.0, 2.0 + 1e-9, 1.0)
    two = _step(_market(), 4.0, 2.0, 1.0)
    np.testing.assert_array_equal(one.cost, two.cost)


def test_shapes_flat_or_by_run() -> None:
    one, two = Simulation("tiny", [0, 1]), Simulation("tiny", [0, 1])
    multipliers = np.arange(96.0)
    np.testing.assert_array_equal(
        one.step(multipliers).cost, two.step(multipliers.reshape(2, 48)).cost
    )


@pytest.mark.parametrize("rules", ["default", "auctionnet"])
def test_long_steps_bring_the_same_bits_in_chunks_and_in_batches(rules: str) -> None:
    """Bids over 18 powers of ten: only then do sums of float32 in another order round apart."""
    market = replace(load_market("small"), rules=rules, reserve_price=0.0)
    alone = [Simulation(market, [9], chunk=chunk) for chunk in (256, 8192)]
    batch = Simulation(market, [5, 9, 7], runs=[0, 1, 1, 2])
    random = np.random.default_rng(0)
    for _ in range(4):
        wide = 10.0 ** random.uniform(-15, 3, len(alone[0].values(0)))
        bids = {seat: wide * (1.0 - seat / 100) for seat in range(5)}
        one, two = (simulation.step(np.zeros(48), bids) for simulation in alone)
        assert_same_outcome(one, two)
        both = {seat + 48 * run: row for run in (1, 2) for seat, row in bids.items()}
        together = batch.step(np.zeros(4 * 48), both)
        for run in (1, 2):
            assert_same_outcome(run_of(together, run), one)


def test_bidders_are_told_predictions_and_never_the_bias() -> None:
    market = replace(
        load_market("tiny"), traffic=Traffic(mean_probability=0.05, prediction_bias=1.0)
    )
    simulation = Simulation(market, [0])
    plain = Simulation(replace(market, traffic=replace(market.traffic, prediction_bias=0.0)), [0])
    multipliers = np.full(market.advertisers, 60.0)
    outcome, unbiased = simulation.step(multipliers), plain.step(multipliers)
    told = simulation.observe()
    np.testing.assert_array_equal(told.expected_conversions, unbiased.expected_conversions.ravel())
    np.testing.assert_array_equal(told.expected_value, unbiased.expected_value.ravel())
    assert np.any(outcome.expected_conversions != outcome.predicted_conversions)


def test_prediction_errors_are_a_share_of_the_probability() -> None:
    simulation = Simulation(load_market("tiny"), [0])
    bcb = int(np.flatnonzero(simulation.campaigns.task == 2)[0])
    told, errors = simulation.values(bcb), simulation.prediction_errors(bcb)
    ratios = errors[told > 0] / told[told > 0]
    assert 0.0 < ratios[0] < 0.5
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)
    assert np.all(errors[told == 0] == 0)
