"""A trained planner keeps the bidders' contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TASKS
from tests.vao.factories import (
    STEPS,
    all_tasks,
    make_campaigns,
    make_observation,
    make_trajectories,
    tiny_config,
)
from vao import PlannerBidder, Request, train
from vao.config import METHODS

Array = NDArray[np.float64]
CAMPAIGNS = make_campaigns(all_tasks(each=3))
STATES = np.random.default_rng(0).uniform(0.0, 2.0, (STEPS, len(CAMPAIGNS), len(FEATURES)))


@pytest.fixture(scope="module", params=METHODS)
def policy(request: Any) -> PlannerBidder:
    """A policy of each method, trained for a moment."""
    config = tiny_config(method=request.param, learning_rate=0.01, steps=60, inverse_steps=100)
    training, validation = make_trajectories(seed=1), make_trajectories(seed=2)
    return train(training, config, validation=validation, progress=False).policy


def _play(policy: PlannerBidder, campaigns: Campaigns = CAMPAIGNS, states: Array = STATES) -> Array:
    policy.reset(campaigns)
    return np.array([policy.act(make_observation(t, states[t])) for t in range(STEPS)])


def test_multipliers_lie_in_the_range_of_the_data(policy: PlannerBidder) -> None:
    played = _play(policy)
    assert played.shape == (STEPS, len(CAMPAIGNS))
    for model in policy.models:
        mine = played[:, np.isin(CAMPAIGNS.task, model.tasks)]
        assert mine.min() >= model.scales.actions.lowest
        assert mine.max() <= model.scales.actions.highest
    assert len(np.unique(played.round(6))) > len(CAMPAIGNS)


def test_nothing_leaks_between_episodes(policy: PlannerBidder) -> None:
    first = _play(policy)
    policy.reset(CAMPAIGNS)
    policy.act(make_observation(0, 50.0 + STATES[0]))
    _play(policy, make_campaigns(all_tasks(each=1)), STATES[:, :3])
    np.testing.assert_array_equal(_play(policy), first)


def test_seats_do_not_influence_each_other(policy: PlannerBidder) -> None:
    played = _play(policy)
    wild = STATES.copy()
    wild[:, 1:] = 7.0
    np.testing.assert_allclose(_play(policy, states=wild)[:, 0], played[:, 0], rtol=1e-4)


def test_the_batchs_make_up_changes_nothing(policy: PlannerBidder) -> None:
    played = _play(policy)
    order = np.array([4, 2, 7])
    part = _play(policy, CAMPAIGNS.take(order), STATES[:, order])
    np.testing.assert_allclose(part, played[:, order], rtol=1e-4)


def test_the_observation_is_left_as_it_was(policy: PlannerBidder) -> None:
    policy.reset(CAMPAIGNS)
    observation = make_observation(0, STATES[0].copy())
    for array in (observation.features, observation.active):
        array.flags.writeable = False
    policy.act(observation)
    np.testing.assert_array_equal(observation.features, STATES[0])


def test_the_past_matters(policy: PlannerBidder) -> None:
    other = STATES.copy()
    other[0] += 1.0
    assert not np.allclose(_play(policy, states=other)[1], _play(policy)[1], rtol=1e-6)


def test_limits_of_other_tasks_have_no_effect(policy: PlannerBidder) -> None:
    foreign = CAMPAIGNS.task != CPA_MCB
    changed = replace(CAMPAIGNS, cpa_target=np.where(foreign, 99.0, CAMPAIGNS.cpa_target))
    np.testing.assert_array_equal(_play(policy, changed), _play(policy))


def test_a_task_s_own_limit_and_the_request_have_an_effect(policy: PlannerBidder) -> None:
    played, mine = _play(policy), CAMPAIGNS.task == CPA_MCB
    changed = _play(policy, replace(CAMPAIGNS, cpa_target=1.5 * CAMPAIGNS.cpa_target))
    assert (changed != played)[:, mine].any()
    np.testing.assert_array_equal(changed[:, ~mine], played[:, ~mine])
    modest = policy.asking(dict.fromkeys(TASKS, Request(quantile=0.05)))
    assert not np.allclose(_play(modest), played, rtol=1e-6)


def test_seats_that_sit_out_bid_nothing_and_need_no_features(policy: PlannerBidder) -> None:
    policy.reset(CAMPAIGNS)
    active = np.ones(len(CAMPAIGNS), np.bool_)
    active[2] = False
    features = STATES[0].copy()
    features[2] = np.nan
    multipliers = policy.act(make_observation(0, features, active))
    assert multipliers[2] == 0.0
    assert np.isfinite(multipliers).all()


def test_no_seats_at_all(policy: PlannerBidder) -> None:
    nobody = np.array([], np.int64)
    assert _play(policy, CAMPAIGNS.take(nobody), STATES[:, nobody]).shape == (STEPS, 0)


def test_hostile_features_are_refused(policy: PlannerBidder) -> None:
    policy.reset(CAMPAIGNS)
    features = STATES[0].copy()
    features[1, 3] = np.inf
    with pytest.raises(InvalidDataError, match="features"):
        policy.act(make_observation(0, features))
    with pytest.raises(InvalidDataError, match="features"):
        policy.act(make_observation(0, STATES[0][:, :5]))


def test_steps_must_come_in_order(policy: PlannerBidder) -> None:
    policy.reset(CAMPAIGNS)
    with pytest.raises(InvalidArgumentError, match="step"):
        policy.act(make_observation(1, STATES[1]))
    policy.act(make_observation(0, STATES[0]))
    with pytest.raises(InvalidArgumentError, match="reset"):
        policy.act(make_observation(0, STATES[0]))


def test_campaigns_it_was_not_trained_for_are_refused() -> None:
    training = make_trajectories({CPA_MCB: 10}, seed=1)
    policy = train(training, tiny_config(method="naive"), progress=False).policy
    with pytest.raises(InvalidArgumentError, match="bcb"):
        policy.reset(make_campaigns(np.array([BCB], np.int8)))
    with pytest.raises(InvalidArgumentError, match="steps"):
        policy.reset(make_campaigns(np.array([CPA_MCB], np.int8), steps=STEPS + 1))


def test_requests_must_fit_the_tasks(policy: PlannerBidder) -> None:
    with pytest.raises(InvalidArgumentError, match="requests"):
        policy.asking({"bcb": Request()})
    with pytest.raises(InvalidArgumentError, match="models"):
        PlannerBidder([*policy.models, policy.models[0]], policy.requests, policy.config)
