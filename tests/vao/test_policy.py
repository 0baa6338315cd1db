"""A trained planner keeps the bidders' contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from auctionsim.bidding import Observation
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
from tests.vao.toys import Toy
from tests.vao.training.runs import run, toy_config
from vao import PlannerBidder, Request, train
from vao.asking import Asking
from vao.batch import History
from vao.conditions import FIELDS, TASK_FIELDS
from vao.config import METHODS

Array = NDArray[np.float64]
CAMPAIGNS = make_campaigns(all_tasks(each=3))
STATES = np.random.default_rng(0).uniform(0.0, 2.0, (STEPS, len(CAMPAIGNS), len(FEATURES)))


@pytest.fixture(scope="module", params=METHODS)
def policy(request: Any) -> PlannerBidder:
    """A policy of each method, trained for a moment."""
    config = tiny_config(
        method=request.param, learning_rate=0.01, steps=60, settings={"inverse_steps": 100}
    )
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
    policy = train(training, toy_config(method="naive"), progress=False).policy
    with pytest.raises(InvalidArgumentError, match="bcb"):
        policy.reset(make_campaigns(np.array([BCB], np.int8)))
    with pytest.raises(InvalidArgumentError, match="steps"):
        policy.reset(make_campaigns(np.array([CPA_MCB], np.int8), steps=STEPS + 1))


def test_requests_must_fit_the_tasks(policy: PlannerBidder) -> None:
    with pytest.raises(InvalidArgumentError, match="requests"):
        policy.asking({"bcb": Request()})
    with pytest.raises(InvalidArgumentError, match="models"):
        PlannerBidder([*policy.models, policy.models[0]], policy.requests, policy.config)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[History]]:
    """What toys are given to act on from here to the end of the test."""
    monkeypatch.setattr(Toy, "watched", True)
    Toy.seen.clear()
    yield Toy.seen
    Toy.seen.clear()


def _toy_policy(bid: float = 0.3, method: Any = "naive", **request: float) -> PlannerBidder:
    config = toy_config({"warm": 1, "bid": bid}, method=method, steps=1)
    policy = run(config).policy
    return policy.asking(dict.fromkeys(policy.tasks, Request(**request)))


def _observations(campaigns: Campaigns, states: Array) -> list[Observation]:
    """A day on which money is spent and value won."""
    rng = np.random.default_rng(4)
    share = np.sort(rng.uniform(0.0, 1.0, (STEPS, len(campaigns))), axis=0)
    return [
        make_observation(
            step,
            states[step],
            cost=share[step] * campaigns.budget,
            expected_value=2.0 * share[step] * campaigns.budget,
            expected_conversions=3.0 * share[step],
        )
        for step in range(STEPS)
    ]


def test_a_planner_is_given_the_whole_history(watched: list[History]) -> None:
    policy = _toy_policy(quantile=0.6, adapt=1.0)
    scales = policy.models[0].scales
    observations = _observations(CAMPAIGNS, STATES)
    policy.reset(CAMPAIGNS)
    played = [policy.act(observation) for observation in observations]
    asking = Asking(
        scales.requirements,
        CAMPAIGNS,
        dict.fromkeys(range(len(TASKS)), Request(quantile=0.6, adapt=1.0)),
        scales.pace,
    )
    assert [history.step for history in watched] == list(range(STEPS))
    for step, history in enumerate(watched):
        states = np.stack([scales.states(o.features) for o in observations[: step + 1]], axis=1)
        np.testing.assert_array_equal(history.states, states)
        actions = [scales.actions(multipliers) for multipliers in played[:step]]
        assert history.actions.shape == (len(CAMPAIGNS), step)
        if step:
            np.testing.assert_array_equal(history.actions, np.stack(actions, axis=1))
        static = scales.static(CAMPAIGNS.category, CAMPAIGNS.budget)
        np.testing.assert_array_equal(history.static, static)
        for t in range(step + 1):
            asked = asking.requirements(observations[t])
            mask = TASK_FIELDS[CAMPAIGNS.task]
            np.testing.assert_array_equal(history.requirements[:, t, : len(FIELDS)], asked * mask)
            np.testing.assert_array_equal(history.requirements[:, t, len(FIELDS) :], mask)
            np.testing.assert_array_equal(history.to_go[:, t], asking.to_go(observations[t]))
    requirements = watched[-1].requirements
    assert not torch.equal(requirements[:, 0], requirements[:, -1])
    fell = watched[-1].to_go[:, 0] - watched[-1].to_go[:, -1]
    assert float(fell.min()) >= 0.0
    assert float(fell.mean()) > 0.1


@pytest.mark.parametrize("bid", [-50.0, 50.0])
def test_actions_are_told_as_they_were_played(bid: float, watched: list[History]) -> None:
    policy = _toy_policy(bid)
    scales = policy.models[0].scales
    played = _play(policy)
    limit = scales.actions.lowest if bid < 0 else scales.actions.highest
    np.testing.assert_allclose(played, limit)
    assert (watched[-1].actions == float(scales.actions(limit))).all()
    assert abs(bid) > 10.0 * abs(float(scales.actions(limit)))


def test_a_seat_that_sat_out_is_told_as_it_is_in_the_data(watched: list[History]) -> None:
    policy = _toy_policy(bid=0.5)
    policy.reset(CAMPAIGNS)
    active = np.ones(len(CAMPAIGNS), np.bool_)
    active[2] = False
    states = STATES.copy()
    states[1, 2] = np.nan
    for step in range(3):
        policy.act(make_observation(step, states[step], active if step == 1 else None))
    scales = policy.models[0].scales
    assert watched[-1].actions[2, 1] == float(scales.actions(1.0))
    assert watched[-1].actions[2, 0] != watched[-1].actions[2, 1]
    assert not watched[-1].states[2, 1].any()
    assert all(bool(part.isfinite().all()) for part in watched[-1])


def test_each_seats_noise_is_its_own_whoever_sits_beside(watched: list[History]) -> None:
    policy = _toy_policy()
    _play(policy)
    whole = watched[0].noise
    assert whole.shape == (len(CAMPAIGNS), Toy.action_noise)
    assert all(torch.equal(history.noise, whole) for history in watched)
    assert len(torch.unique(whole)) == whole.numel()
    assert 0.5 < float(whole.std()) < 1.5
    watched.clear()
    order = np.array([4, 2, 7])
    _play(policy, CAMPAIGNS.take(order), STATES[:, order])
    assert torch.equal(watched[0].noise, whole[torch.from_numpy(order)])
    watched.clear()
    _play(policy, replace(CAMPAIGNS, key=CAMPAIGNS.key + np.uint64(1)))
    assert not (watched[0].noise == whole).any()


def test_models_of_their_own_get_their_own_seats(watched: list[History]) -> None:
    played = _play(_toy_policy(method="none"))
    assert len(watched) == 3 * STEPS
    for task in range(len(TASKS)):
        mine = CAMPAIGNS.task == task
        assert len(watched[task].states) == mine.sum()
        np.testing.assert_array_equal(
            watched[task].requirements[:, 0, len(FIELDS) :],
            np.tile(TASK_FIELDS[task], (mine.sum(), 1)),
        )
    assert (played > 0.0).all()


def test_memory_begins_anew_with_every_episode(watched: list[History]) -> None:
    policy = _toy_policy()
    for _ in range(2):  # the toy checks its memory against the step
        _play(policy)
    assert len(watched) == 2 * STEPS
