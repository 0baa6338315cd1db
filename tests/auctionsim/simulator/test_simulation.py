"""The episode loop: edge cases, values known by hand, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from auctionsim.market import CampaignTerms, MarketConfig, Traffic, load_market
from auctionsim.observation import FEATURES
from auctionsim.simulator import Simulation, StepOutcome, market_campaigns, with_tasks
from auctionsim.simulator.seats import assign_tasks
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS
from tests.auctionsim.simulator.comparing import assert_same_outcome, run_of

# Every opportunity is worth 0.5 to everybody: bids are half the multipliers.
EQUAL = Traffic(
    mean_probability=0.5, category_spread=0.0, advertiser_spread=0.0, deviation_mean=0.0,
    deviation_spread=0.0, volume_spread=0.0, daily_profile=(1.0,),
)  # fmt: skip


def _market(**changes: Any) -> MarketConfig:
    base = MarketConfig(
        name="equal", opportunities=100, steps=2, advertisers=3, categories=1, slots=1,
        exposure=(1.0,), reserve_price=0.25, min_remaining_budget=1.0, traffic=EQUAL,
        campaigns=CampaignTerms(budget=(40.25, 40.25), budget_step=0.25, task_shares={"bcb": 1.0}),
    )  # fmt: skip
    return replace(base, **changes)


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


def test_tasks_are_dealt_by_their_shares() -> None:
    counts = np.bincount(assign_tasks(load_market("paper")))
    np.testing.assert_array_equal(counts, [2, 6, 40])
    other = replace(load_market("paper"), campaigns=CampaignTerms(seed=1))
    np.testing.assert_array_equal(np.bincount(assign_tasks(other)), [2, 6, 40])
    assert not np.array_equal(assign_tasks(other), assign_tasks(load_market("paper")))


def test_budgets_and_targets_lie_on_their_grids_and_follow_the_task() -> None:
    market = load_market("paper")
    own = market_campaigns(market, [1, 2])
    np.testing.assert_array_equal(own.budget % 50, 0)
    assert own.budget.min() >= 2000
    assert own.budget.max() <= 4850
    np.testing.assert_array_equal(np.isnan(own.cpa_target), own.task != CPA_MCB)
    np.testing.assert_array_equal(np.isnan(own.roas_target), own.task != TARGET_ROAS)
    assert (own.reference[own.task == BCB] == 90.0).all()
    cpa = own.task == CPA_MCB
    np.testing.assert_array_equal(own.reference[cpa], own.cpa_target[cpa])
    roas = own.task == TARGET_ROAS
    np.testing.assert_array_equal(1.0 / own.reference[roas], own.roas_target[roas])
    np.testing.assert_array_equal(own.budget[:48], own.budget[48:])
    assert np.unique(own.key).size == 96


def test_a_target_does_not_depend_on_when_it_is_asked_for() -> None:
    market = load_market("paper")
    own = market_campaigns(market, [1])
    as_cpa = with_tasks(market, own, np.full(48, CPA_MCB, np.int8))
    once_more = with_tasks(market, with_tasks(market, as_cpa, own.task), as_cpa.task)
    np.testing.assert_array_equal(as_cpa.cpa_target, once_more.cpa_target)
    some = with_tasks(market, own.take(np.array([5, 3])), np.array([CPA_MCB, CPA_MCB], np.int8))
    np.testing.assert_array_equal(some.cpa_target, as_cpa.cpa_target[[5, 3]])
    assert as_cpa.cpa_target.min() >= 60
    assert as_cpa.cpa_target.max() <= 130


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
