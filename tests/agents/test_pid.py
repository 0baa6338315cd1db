from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.pid import PidPacing
from auctionsim.cast import Cast
from auctionsim.dataset import Trajectories
from auctionsim.lineup import LineupConfig
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import campaigns_of, observation_of

PLAIN = {"start": 1.0, "kp": 2.0, "ki": 0.0, "kd": 0.0, "shape": 1.0}


def pid(**changes: float) -> PidPacing:
    bidder = PidPacing(**(PLAIN | changes))
    bidder.reset(campaigns_of(3))
    return bidder


def seen(step: int, *spent: float) -> NDArray[np.float64]:
    """Costs of three seats with a budget of 1000, as shares."""
    return 1000.0 * np.array(spent)


def test_it_raises_the_bid_when_behind_and_lowers_it_when_ahead() -> None:
    # Half of the day is over: a quarter, half, and three quarters of the budget are spent.
    got = pid().act(observation_of(3, 4, cost=seen(4, 0.25, 0.5, 0.75)))
    np.testing.assert_allclose(got, 100.0 * np.exp([0.5, 0.0, -0.5]))


def test_it_starts_at_start_times_the_reference() -> None:
    got = PidPacing(start=0.7)
    got.reset(campaigns_of(2))
    np.testing.assert_allclose(got.act(observation_of(2, 0)), [70.0, 70.0])


def test_the_integral_adds_errors_up() -> None:
    bidder = pid(kp=0.0, ki=1.0)
    for _ in range(2):
        got = bidder.act(observation_of(3, 4, cost=seen(4, 0.25, 0.5, 0.75)))
    np.testing.assert_allclose(got, 100.0 * np.exp([0.5, 0.0, -0.5]))


def test_the_derivative_answers_to_change() -> None:
    bidder = pid(kp=0.0, kd=1.0)
    bidder.act(observation_of(3, 4, cost=seen(4, 0.25, 0.5, 0.75)))
    got = bidder.act(observation_of(3, 4, cost=seen(4, 0.25, 0.25, 0.5)))
    np.testing.assert_allclose(got, 100.0 * np.exp([0.0, 0.25, 0.25]))


def test_the_shape_plans_spending_early_or_late() -> None:
    spent = seen(4, 0.5, 0.5, 0.5)
    early, even, late = (
        pid(shape=s).act(observation_of(3, 4, cost=spent))[0] for s in (0.5, 1.0, 2.0)
    )
    assert early > even > late


def test_the_multiplier_stays_finite_whatever_happens() -> None:
    bidder = pid(kp=1e6, ki=1e6, kd=1e6)
    with np.errstate(all="raise"):
        for step in range(8):
            got = bidder.act(observation_of(3, step, cost=seen(step, 0.0, 0.5, 1.0)))
            assert ((got >= 100 * np.exp(-3.0) - 1e-9) & (got <= 100 * np.exp(3.0) + 1e-9)).all()


def test_a_campaign_without_a_budget_is_no_error() -> None:
    bidder = PidPacing()
    bidder.reset(campaigns_of(2, budget=0.0))
    assert np.isfinite(bidder.act(observation_of(2, 3))).all()


def test_reset_forgets_the_integral_and_the_last_error() -> None:
    bidder = pid(ki=1.0, kd=1.0)
    fresh = bidder.act(observation_of(3, 4, cost=seen(4, 0.1, 0.2, 0.3)))
    bidder.act(observation_of(3, 5, cost=seen(5, 0.1, 0.2, 0.3)))
    bidder.reset(campaigns_of(3))
    again = bidder.act(observation_of(3, 4, cost=seen(4, 0.1, 0.2, 0.3)))
    np.testing.assert_array_equal(again, fresh)


@pytest.fixture(scope="module")
def day() -> Trajectories:
    parameters = {"start": 1.0, "kp": 5.0, "ki": 0.2, "kd": 0.2, "shape": 1.0}
    lineup = LineupConfig("pid", {t: {"pid": 1.0} for t in TASKS}, {"pid": parameters})
    simulation = Simulation("tiny", [0, 1], 0)
    return roll_out(simulation, Cast(simulation.campaigns, lineup))


def test_spend_follows_the_plan_over_a_day(day: Trajectories) -> None:
    spent = np.cumsum(day.cost, axis=1, dtype=np.float64) / day.budget[:, None]
    plan = np.arange(1, 49) / 48
    distance = np.abs(spent - plan).mean(axis=1)
    assert np.median(distance) < 0.1
    assert np.median(spent[:, -1]) > 0.9
