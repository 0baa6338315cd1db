from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.fixed import FixedMultiplier
from auctionsim.errors import InvalidArgumentError
from auctionsim.evaluation import Evaluation, Takeover, evaluate, task_seats
from auctionsim.evaluation.bounds import bounds_against, has_bounds
from auctionsim.frozen import FrozenMarket, record_rivals
from auctionsim.market import MarketConfig, ValueSpreads, load_market
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import LINEUP, WORLD

TINY = load_market("tiny")


def score(task: str, *, frozen: bool = True, episodes: int = 2, **more: object) -> Evaluation:
    settings: dict[str, object] = {"protocol": "wide", "bounds": False, "seed": 9} | more
    return evaluate(FixedMultiplier(0.9), task, TINY, episodes, frozen=frozen, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", TASKS)
def test_frozen_opponents_agree_with_those_that_respond(task: str) -> None:
    frozen, live = score(task, episodes=3), score(task, episodes=3, frozen=False)
    ours, theirs = (r.trajectories.totals(expected=True).value for r in (frozen, live))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.97
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.03)
    for name in ("episode", "advertiser", "task", "budget"):
        np.testing.assert_array_equal(
            getattr(frozen.trajectories, name), getattr(live.trajectories, name)
        )


def test_a_share_of_the_budget_is_the_budget_of_the_seats_alone() -> None:
    whole, half = score("bcb"), score("bcb", budget_factor=0.5)
    np.testing.assert_allclose(half.trajectories.budget, 0.5 * whole.trajectories.budget)
    assert np.all(half.trajectories.cost.sum(axis=1) <= half.trajectories.budget * (1 + 1e-6))
    assert half.metrics["value"] < whole.metrics["value"]
    live = score("bcb", frozen=False, budget_factor=0.5)
    np.testing.assert_array_equal(live.trajectories.budget, half.trajectories.budget)


@pytest.mark.parametrize("factor", [0.0, -1.0, np.nan, np.inf, "half", None, True, 1e9])
def test_a_factor_that_is_none_is_refused(factor: object) -> None:
    with pytest.raises(InvalidArgumentError, match="budget_factor"):
        score("bcb", budget_factor=factor)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_the_best_constant_scores_what_its_bound_says(task: str, bias: float) -> None:
    market = replace(
        WORLD,
        rules="default",
        traffic=replace(WORLD.traffic, prediction_bias=bias),
        values=ValueSpreads(known={"cpa_mcb": 0.0, "target_roas": 0.5, "bcb": 0.3}),
    )
    recording = record_rivals(market, [3, 1], 5, lineup=LINEUP)
    takeover = Takeover(market, 5, task, task_seats(market, task, "wide"))
    bounds = bounds_against(recording, takeover)
    campaigns, runs = takeover.by_themselves([3, 1]), takeover.runs([3, 1])
    game = FrozenMarket(recording, campaigns, runs)
    value, cost, conversions = np.zeros((3, len(campaigns)))
    while not game.done:
        outcome = game.step(bounds.constant)
        value += outcome.expected_value.ravel()
        cost += outcome.cost.ravel()
        conversions += outcome.expected_conversions.ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = {
            "cpa_mcb": campaigns.cpa_target * conversions / cost,
            "target_roas": value / cost / campaigns.roas_target,
            "bcb": np.ones(len(campaigns)),
        }[task]
    factor = np.where(cost > 0, np.minimum(kept, 1.0) ** 2, 1.0)
    np.testing.assert_allclose(value * factor, bounds.constant_score, rtol=2e-5, atol=1e-9)
    assert bounds.constant_score.max() > 0


def test_no_bidder_is_above_the_optimum_on_average() -> None:
    found = score("bcb", bounds=True, episodes=4)
    assert found.bounds is not None
    assert np.all(found.bounds.optimum >= found.bounds.optimum_within_limits * (1 - 1e-9))
    assert found.bounds.constant_score.mean() < 1.02 * found.bounds.optimum.mean()
    assert 0.3 < found.metrics["share_of_optimum"] < found.metrics["share_of_constant"] * 1.05 < 1.1


@pytest.mark.parametrize(
    "market",
    [
        replace(WORLD, rules="auctionnet"),
        replace(WORLD, mechanism="first_price"),
    ],
    ids=["auctionnet", "first_price"],
)
def test_where_there_are_no_bounds_shares_are_nan(market: MarketConfig) -> None:
    assert not has_bounds(market)
    found = evaluate("pid", "bcb", market, 1, lineup=LINEUP)
    assert found.bounds is None
    assert np.isnan(found.metrics["share_of_optimum"])


def test_auctionnets_rules_cannot_be_frozen() -> None:
    market = replace(WORLD, rules="auctionnet")
    with pytest.raises(InvalidArgumentError, match=r"`market` must have the default rules"):
        evaluate("pid", "bcb", market, 1, lineup=LINEUP, frozen=True)


def test_a_recording_is_held_to_its_market() -> None:
    recording = record_rivals(WORLD, [0], 0, lineup=LINEUP)
    assert recording.bytes > 0
    takeover = Takeover(WORLD, 0, "bcb", task_seats(WORLD, "bcb", "wide"))
    campaigns = takeover.by_themselves([0])
    with pytest.raises(InvalidArgumentError, match="one campaign a run"):
        FrozenMarket(recording, campaigns, [0])
    strangers = replace(campaigns, advertiser=campaigns.advertiser + 100)
    with pytest.raises(InvalidArgumentError, match="advertisers of the market"):
        FrozenMarket(recording, strangers, [0] * len(campaigns))
    with pytest.raises(InvalidArgumentError, match="keep_bids"):
        FrozenMarket(recording, campaigns, [0] * len(campaigns)).step(
            np.ones(len(campaigns)), keep_bids=True
        )
