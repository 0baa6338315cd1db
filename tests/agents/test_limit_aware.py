from __future__ import annotations

import numpy as np
import pytest

from agents.fixed import FixedMultiplier
from agents.limit_aware import LimitAware
from agents.pid import PidPacing
from auctionsim.cast import Cast
from auctionsim.evaluation import evaluate
from auctionsim.lineup import LineupConfig
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from tests.auctionsim.worlds import campaigns_of, observation_of

# Pacing that always asks for much, so that the ceiling alone decides.
EAGER = {"start": 50.0, "kp": 0.0, "ki": 0.0, "kd": 0.0}


def ceiling(task: int, achieved: list[float], gain: float = 1.0) -> list[float]:
    """Return what is bid where a cost of 100 has brought these conversions and this value."""
    bidder = LimitAware(margin=1.0, gain=gain, **EAGER)
    bidder.reset(campaigns_of(len(achieved), task))
    totals = np.array(achieved)
    cost = np.full(len(achieved), 100.0)
    seen = observation_of(
        len(achieved), 4, cost=cost, expected_conversions=totals, expected_value=totals
    )
    return [float(multiplier) for multiplier in bidder.act(seen)]


def test_the_ceiling_follows_the_cpa() -> None:
    # The target is 100 a conversion: costs were 50, 100 and 200.
    assert ceiling(CPA_MCB, [2.0, 1.0, 0.5]) == pytest.approx([200.0, 100.0, 50.0])


def test_the_ceiling_follows_the_roas() -> None:
    # The target is 0.01: the return was 0.02, 0.01 and 0.005.
    assert ceiling(TARGET_ROAS, [2.0, 1.0, 0.5]) == pytest.approx([200.0, 100.0, 50.0])


def test_gain_says_how_strongly() -> None:
    assert ceiling(CPA_MCB, [2.0, 0.5], gain=0.5) == pytest.approx([100 * 2**0.5, 100 / 2**0.5])
    assert ceiling(CPA_MCB, [2.0, 0.5], gain=0.0) == pytest.approx([100.0, 100.0])


def test_no_answer_is_wild() -> None:
    extreme = ceiling(CPA_MCB, [1e9, 1e-9], gain=3.0)
    assert extreme == pytest.approx([100 * np.exp(1.5), 100 * np.exp(-1.5)])


def test_before_any_spend_the_ceiling_is_the_limit_times_the_margin() -> None:
    bidder = LimitAware(margin=0.8, gain=1.0, **EAGER)
    bidder.reset(campaigns_of(2, CPA_MCB))
    with np.errstate(all="raise"):
        assert bidder.act(observation_of(2, 0)).tolist() == pytest.approx([80.0, 80.0])
        unlucky = observation_of(2, 1, cost=50.0)
        assert bidder.act(unlucky).tolist() == pytest.approx([80.0, 80.0])


def test_campaigns_without_a_limit_only_pace() -> None:
    pacing = {"start": (0.8, 1.4), "kp": 4.0, "ki": 0.1, "kd": 0.5, "shape": 1.2}
    answers = []
    for bidder in (LimitAware(**pacing), PidPacing(**pacing)):  # type: ignore[arg-type]
        bidder.reset(campaigns_of(5, BCB))
        seen = observation_of(5, 3, cost=100.0, expected_conversions=0.1)
        answers.append(bidder.act(seen).tolist())
    assert answers[0] == answers[1]


def test_pacing_still_holds_below_the_ceiling() -> None:
    bidder = LimitAware(margin=1.0, gain=1.0, start=0.1, kp=0.0, ki=0.0, kd=0.0)
    bidder.reset(campaigns_of(2, CPA_MCB))
    seen = observation_of(2, 4, cost=100.0, expected_conversions=1.0)
    assert bidder.act(seen).tolist() == pytest.approx([10.0, 10.0])


def test_limits_are_kept_in_most_campaigns() -> None:
    lineup = LineupConfig("limits", {task: {"limit_aware": 1.0} for task in TASKS})
    for task in ("cpa_mcb", "target_roas"):
        found = evaluate(
            "limit_aware", task, "tiny", episodes=1, seed=1, protocol="wide", lineup=lineup
        )
        totals = found.trajectories.totals(expected=True)
        kept = totals.cpa_ratio <= 1.1 if task == "cpa_mcb" else totals.roas_ratio >= 0.9
        assert kept.mean() >= 0.8, task


def test_slack_is_used_where_an_ungreedy_constant_leaves_budget() -> None:
    """Where others bid low, half the target leaves both budget and limit unused."""
    calm = {"fixed": {"factor": 0.4}}
    lineup = LineupConfig("calm", {task: {"fixed": 1.0} for task in TASKS}, calm)
    spent = []
    for bidder in (LimitAware(), FixedMultiplier(0.4)):
        found = evaluate(bidder, "cpa_mcb", "tiny", episodes=2, seed=1, lineup=lineup)
        spent.append(found.trajectories.totals(expected=True))
    aware, constant = spent
    assert (constant.cpa_ratio < 0.7).all()
    assert (aware.cost > constant.cost).all()
    assert (aware.cpa_ratio <= 1.1).all()


def test_it_plays_the_market_it_is_made_for() -> None:
    simulation = Simulation("tiny", [0], 0)
    everyone = np.arange(48)
    cast = Cast(
        simulation.campaigns,
        LineupConfig("x", {task: {"pid": 1.0} for task in TASKS}),
        [("limit_aware", LimitAware(), everyone)],
    )
    played = roll_out(simulation, cast).totals(expected=True)
    assert np.median(played.utilisation) > 0.8
