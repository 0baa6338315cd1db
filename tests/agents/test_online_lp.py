from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.online_lp import OnlineLp, outlook
from agents.online_lp_table import CONVERSIONS, COST, VALUE, ResponseTable
from agents.online_lp_training import learn
from auctionsim.bidding import Observation
from auctionsim.campaigns import Campaigns
from auctionsim.cast import Cast
from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.frozen import FrozenMarket, record_rivals
from auctionsim.market import load_market
from auctionsim.observation import FEATURES
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation, with_tasks
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS
from auctionsim.testing import check_bidder
from tests.auctionsim.worlds import LINEUP, WORLD, campaigns_of, observation_of

Float64Array = NDArray[np.float64]

PLAIN: dict[str, Any] = {"margin": 1.0, "factor": 1.0, "noise": 0.0}
STEPS = 12
VOLUME = 100.0 * (1.0 + np.sin(np.arange(STEPS)) / 2)
# A toy of second-price auctions: every opportunity is worth P; the price to beat is uniform up to
# HIGHEST. A multiplier a wins a share s = a P / HIGHEST of them, at s HIGHEST / 2 each.
P, HIGHEST = 0.05, 20.0


def bought(multiplier: Float64Array | float, volume: float) -> tuple[Any, Any]:
    """Cost and conversions of a step of the toy."""
    share = np.minimum(np.asarray(multiplier) * P / HIGHEST, 1.0)
    return volume * HIGHEST * share**2 / 2, volume * P * share


def toy_table(points: int = 60, persistence: float = 0.0) -> ResponseTable:
    """The toy as it is; a share `persistence` of today's demand is taken to last all day."""
    grid = np.geomspace(2.0, 2000.0, points)
    curves = np.zeros((1, 1, STEPS, points, 3))
    for step, volume in enumerate(VOLUME.tolist()):
        cost, conversions = bought(grid, volume)
        curves[0, 0, step, :, COST] = cost
        curves[0, 0, step, :, CONVERSIONS] = curves[0, 0, step, :, VALUE] = conversions
    lasts = np.full(STEPS, persistence)
    lasts[0] = 1.0
    return ResponseTable(
        "category", np.array([0]), np.zeros(3, int), grid, curves,
        volume=VOLUME, mean_value=np.full((1, 1, STEPS), P), persistence=lasts,
    )  # fmt: skip


class Day(NamedTuple):
    cost: Float64Array
    conversions: Float64Array
    multipliers: Float64Array


def toy_observation(step: int, n: int = 3, demand: float = 1.0, **totals: Any) -> Observation:
    """What seats see whose opportunities are `demand` times as many as the table says."""
    seen = observation_of(n, step, steps=STEPS, **totals)
    seen.features[:, FEATURES.index("current_mean_value")] = P
    seen.features[:, FEATURES.index("current_volume")] = demand * VOLUME[step]
    return seen


def play(bidder: OnlineLp, campaigns: Campaigns, demand: float = 1.0) -> Day:
    """Play a day of the toy with `demand` times the opportunities of the table."""
    bidder.reset(campaigns)
    n = len(campaigns)
    cost, conversions, played = np.zeros(n), np.zeros(n), []
    for step in range(STEPS):
        left = campaigns.budget - cost
        seen = toy_observation(
            step, n, demand, remaining_budget=left, cost=cost,
            expected_conversions=conversions, expected_value=conversions,
        )  # fmt: skip
        played.append(bidder.act(seen))
        spend, won = bought(played[-1], demand * VOLUME[step])
        share = np.minimum(1.0, left / np.maximum(spend, 1e-300))
        cost, conversions = cost + share * spend, conversions + share * won
    return Day(cost, conversions, np.stack(played))


def optimum(budget: float, limit: float, demand: float = 1.0) -> float:
    """Conversions of the best constant multiplier, which is the best play of the toy.

    It spends the budget, or makes the mean price a conversion, half the multiplier, the limit.
    """
    total = demand * float(VOLUME.sum())
    best = min(np.sqrt(2 * budget / (total * HIGHEST)) * HIGHEST / P, 2 * limit, HIGHEST / P)
    return float(bought(best, total)[1])


def toy_campaigns(task: int, budget: float, limit: float = np.inf) -> Campaigns:
    campaigns = campaigns_of(3, task, steps=STEPS, budget=budget)
    cpa = np.full(3, limit if task == CPA_MCB else np.nan)
    roas = np.full(3, 1 / limit if task == TARGET_ROAS else np.nan)
    return replace(campaigns, cpa_target=cpa, roas_target=roas)


BOUND = [
    (BCB, 3000.0, np.inf),
    (BCB, 300.0, np.inf),
    (CPA_MCB, 3000.0, 60.0),
    (CPA_MCB, 1e6, 100.0),
    (TARGET_ROAS, 3000.0, 60.0),
    (TARGET_ROAS, 1e6, 100.0),
    (CPA_MCB, 1000.0, 1e4),
]


@pytest.mark.parametrize(("task", "budget", "limit"), BOUND)
def test_with_perfect_foresight_it_reaches_the_optimum(
    task: int, budget: float, limit: float
) -> None:
    day = play(OnlineLp(toy_table(), **PLAIN), toy_campaigns(task, budget, limit))
    best = optimum(budget, limit)
    assert (day.conversions >= 0.98 * best).all()
    assert (day.conversions <= 1.02 * best).all()
    assert (day.cost <= budget * (1 + 1e-9)).all()
    assert (day.cost <= 1.01 * limit * day.conversions).all()


def test_a_binding_budget_is_spent() -> None:
    day = play(OnlineLp(toy_table(), **PLAIN), toy_campaigns(BCB, 3000.0))
    assert (day.cost >= 0.97 * 3000.0).all()


def test_what_binds_nowhere_is_bought_whole() -> None:
    day = play(OnlineLp(toy_table(), **PLAIN), toy_campaigns(BCB, 1e9))
    assert day.conversions == pytest.approx(np.full(3, P * VOLUME.sum()))


@pytest.mark.parametrize("demand", [0.6, 1.6])
@pytest.mark.parametrize(("task", "budget", "limit"), BOUND[:1] + BOUND[2:5:2])
def test_solved_anew_it_makes_up_for_another_day_than_expected(
    task: int, budget: float, limit: float, demand: float
) -> None:
    campaigns, best = toy_campaigns(task, budget, limit), optimum(budget, limit, demand)
    anew = play(OnlineLp(toy_table(), **PLAIN), campaigns, demand)
    told = play(OnlineLp(toy_table(persistence=1.0), **PLAIN), campaigns, demand)
    once = play(OnlineLp(toy_table(), every=STEPS, **PLAIN), campaigns, demand)
    assert (anew.conversions >= 0.93 * best).all()
    assert (anew.conversions >= once.conversions - 1e-9).all()
    # Who knows that today's demand lasts has perfect foresight again.
    assert (told.conversions >= 0.98 * best).all()


def test_richer_opportunities_buy_as_much_for_less() -> None:
    """With values f times as high, a multiplier bids what f times it bid before."""
    grid = np.geomspace(1.0, 100.0, 50)
    curve = np.outer(grid, [1.0, 0.1, 0.05])
    nothing = np.zeros_like(curve)
    for f in (0.5, 2.0):
        found = outlook(curve, curve, grid, np.array([f, 1.0]))
        expected = np.outer(np.minimum(grid * f, 100.0), [1.0, 0.1 * f, 0.05 * f])
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(outlook(curve, curve, grid, np.array([1.0, 3.0])), 3 * curve)
    np.testing.assert_allclose(outlook(curve, nothing, grid, np.array([2.0, 3.0])), curve)
    half = outlook(curve, curve / 2, grid, np.array([1.0, 3.0]))
    np.testing.assert_allclose(half, 2 * curve)


def test_days_beyond_belief_and_without_opportunities_are_no_error() -> None:
    bidder = OnlineLp(toy_table(), **PLAIN)
    bidder.reset(toy_campaigns(BCB, 3000.0))
    for value, volume in ((0.0, 0.0), (1.0, 1e9), (1e-9, 1.0), (0.05, 0.0)):
        seen = toy_observation(3)
        seen.features[:, FEATURES.index("current_mean_value")] = value
        seen.features[:, FEATURES.index("current_volume")] = volume
        got = bidder.act(seen)
        assert (np.isfinite(got) & (got > 0.0)).all()


def test_an_overrun_is_worked_off() -> None:
    """Half way with twice the allowed cost, it bids below the limit; with slack, above it."""
    bidder = OnlineLp(toy_table(), **PLAIN)
    bidder.reset(toy_campaigns(CPA_MCB, 1e6, 60.0))
    seen = [
        toy_observation(6, remaining_budget=1e6, cost=c, expected_conversions=10.0)
        for c in (1200.0, 600.0, 300.0)
    ]
    over, even, under = (float(bidder.act(s)[0]) for s in seen)
    assert over < even < under
    # Twice the limit, as well as the grid resolves it.
    assert even == pytest.approx(120.0, rel=0.06)
    hopeless = replace(seen[0], cost=np.full(3, 1e5))
    # No play mends it: the one that mends most is to bid what a conversion may cost.
    assert float(bidder.act(hopeless)[0]) == pytest.approx(60.0, rel=0.03)


def test_margin_moves_the_limit_and_nothing_else() -> None:
    campaigns = toy_campaigns(CPA_MCB, 1e6, 60.0)
    for margin in (0.8, 1.2):
        day = play(OnlineLp(toy_table(), **PLAIN | {"margin": margin}), campaigns)
        assert day.cost / day.conversions == pytest.approx(np.full(3, 60.0 * margin), rel=0.02)
    unlimited = toy_campaigns(BCB, 3000.0)
    one, other = (
        play(OnlineLp(toy_table(), **PLAIN | {"margin": m}), unlimited).multipliers
        for m in (0.8, 1.2)
    )
    np.testing.assert_array_equal(one, other)


def test_factor_and_noise_move_the_multiplier() -> None:
    campaigns = toy_campaigns(BCB, 3000.0)
    plain = play(OnlineLp(toy_table(), **PLAIN), campaigns).multipliers
    half = play(OnlineLp(toy_table(), **PLAIN | {"factor": 0.5}), campaigns).multipliers
    np.testing.assert_allclose(half[0], plain[0] / 2)
    many = replace(campaigns_of(2000, steps=STEPS, budget=3000.0))
    noisy = OnlineLp(toy_table(), **PLAIN | {"noise": 0.2})
    noisy.reset(many)
    first = np.log(noisy.act(toy_observation(0, 2000, remaining_budget=3000.0)))
    assert first.std() == pytest.approx(0.2, rel=0.1)
    assert first.mean() == pytest.approx(np.log(plain[0, 0]), abs=0.02)


def test_without_budget_or_at_the_end_of_it_no_number_is_wild() -> None:
    bidder = OnlineLp(toy_table(), **PLAIN)
    for task in (CPA_MCB, TARGET_ROAS, BCB):
        bidder.reset(toy_campaigns(task, 0.0, 60.0))
        with np.errstate(all="raise"):
            for left in (0.0, -1e-12, 1e-9):
                got = bidder.act(toy_observation(3, remaining_budget=left))
                assert (np.isfinite(got) & (got >= 0.0)).all()


def test_a_table_is_needed() -> None:
    with pytest.raises(BidderError, match=r"`table` must be given, or learned in prepare\(market"):
        OnlineLp().reset(campaigns_of(2))


def test_tables_are_read_from_files_and_then_nothing_is_learned(tmp_path: Path) -> None:
    path = tmp_path / "toy.npz"
    toy_table().save(path)
    campaigns = toy_campaigns(BCB, 3000.0)
    from_file = OnlineLp(str(path), **PLAIN)
    from_file.prepare(WORLD)  # of other steps than the table, which is kept
    played = play(from_file, campaigns).multipliers
    np.testing.assert_array_equal(played, play(OnlineLp(toy_table(), **PLAIN), campaigns)[2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"episodes": 0}, "`episodes` must be an integer from 1"),
        ({"every": 0}, "`every` must be an integer from 1"),
        ({"margin": 0.0}, "`margin` must be a number > 0"),
        ({"factor": -1.0}, "`factor` must be a number > 0"),
        ({"noise": "loud"}, "`noise` must be a number > 0"),
    ],
)
def test_parameters_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        OnlineLp(**changes)


def test_it_keeps_the_contract() -> None:
    bidder = OnlineLp(episodes=2)
    bidder.prepare(WORLD)
    check_bidder(bidder, market=WORLD)


@pytest.fixture(scope="module")
def days() -> dict[int, Trajectories]:
    """Trajectories of all seats of the tiny market, each alone, a task at a time."""
    market, played = load_market("tiny"), {}
    recording = record_rivals(market, [0, 1], 7)
    own = Simulation(market, [0, 1], 7).campaigns
    for task in (CPA_MCB, TARGET_ROAS, BCB):
        campaigns = with_tasks(market, own, np.full(96, task, np.int8))
        bidder = OnlineLp(learn(market, 4), **PLAIN)
        alone = FrozenMarket(recording, campaigns, [0] * 48 + [1] * 48)
        cast = Cast(campaigns, LINEUP, [("online_lp", bidder, np.arange(96))])
        played[task] = roll_out(alone, cast)
    return played


def test_in_a_market_it_spends_budgets_and_mostly_keeps_limits(
    days: dict[int, Trajectories],
) -> None:
    totals = {task: played.totals(expected=True) for task, played in days.items()}
    assert np.median(totals[BCB].utilisation) > 0.95
    assert (totals[CPA_MCB].cpa_ratio <= 1.1).mean() > 0.8
    assert (totals[TARGET_ROAS].roas_ratio >= 0.9).mean() > 0.8
