from __future__ import annotations

import doctest
import inspect
import json
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

import auctionsim
from auctionsim.bidding import Bidder, Observation
from auctionsim.dataset import Trajectories
from auctionsim.envs import AutoBiddingEnv, AutoBiddingVectorEnv
from auctionsim.envs.actions import multipliers_of
from auctionsim.envs.settings import BIDDING, OBSERVATIONS, RENDER_MODES, REWARDS
from auctionsim.envs.table import TABLE
from auctionsim.errors import AuctionSimError, BidderError, InvalidArgumentError
from auctionsim.tasks import TASKS
from tests.auctionsim.envs.playing import (
    ENVIRONMENT,
    actions_of,
    assert_equal,
    env_of,
    play,
    poor,
    shape_of,
)
from tests.auctionsim.worlds import LINEUP, WORLD, world

STEPS = WORLD.steps


class Acting(Bidder):
    """Plays the same actions as an environment is given."""

    def __init__(self, actions: NDArray[np.float32]) -> None:
        self.actions = actions

    def act(self, observation: Observation) -> float:
        x = self.actions[observation.step]
        return float(multipliers_of(x, self.campaign.reference)[0])


def trajectory_of(
    task: str, advertiser: int, seed: int, episode: int, actions: NDArray[np.float32]
) -> Trajectories:
    """Return what `evaluate` records of the same seat, seed and episode."""
    done = auctionsim.evaluate(
        Acting(actions), task, WORLD, [episode], seed, protocol="wide", lineup=LINEUP
    )
    return done.trajectories.take(np.array([advertiser]))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("seed", "episode"), [(3, 0), (2**63 - 1, 5)])
def test_an_episode_is_the_run_that_evaluate_plays(task: str, seed: int, episode: int) -> None:
    actions, advertiser = actions_of(seed % 100, STEPS, 1), 6
    recorded = trajectory_of(task, advertiser, seed, episode, actions)
    env = env_of(task=task, advertiser=advertiser, observation="natural")
    first, info = env.reset(seed=seed, options={"episode": episode})
    steps = play(env, actions)
    states = np.array([first, *(step[0] for step in steps)])[:, :17]
    np.testing.assert_array_equal(states[:-1], recorded.state[0], strict=True)
    np.testing.assert_array_equal(states[-1], recorded.final_state[0], strict=True)
    for column, name in {"cost": "cost", "reward": "conversions", "action": "multiplier"}.items():
        told = np.array([step[4][name] for step in steps], np.float32)
        np.testing.assert_array_equal(told, getattr(recorded, column)[0], strict=True)
    rewards = np.array([step[1] for step in steps], np.float32)
    np.testing.assert_array_equal(rewards, recorded.value[0], strict=True)
    assert info["budget"] == recorded.budget[0]
    assert rewards.sum() > 0


def test_metrics_at_the_end_are_those_of_evaluate() -> None:
    actions = actions_of(1, STEPS, 1)
    for task in TASKS:
        recorded = trajectory_of(task, 2, 8, 0, actions)
        env = env_of(task=task, advertiser=2)
        env.reset(seed=8)
        *before, last = play(env, actions)
        assert not any("episode_metrics" in step[4] for step in before)
        metrics = last[4]["episode_metrics"]
        realised, expected = recorded.totals(), recorded.totals(expected=True)
        others = {"score_paper": realised.score_paper(), "expected_value": expected.value}
        for name, told in metrics.items():
            wanted = others[name] if name in others else getattr(realised, name)
            assert told == pytest.approx(wanted.item(), rel=1e-6), name
        assert ("cpa_ratio" in metrics) == (task == "cpa_mcb")
        assert ("roas_ratio" in metrics) == (task == "target_roas")


def test_metrics_of_a_day_without_bids_leave_ratios_out() -> None:
    env = env_of(task="cpa_mcb")
    env.reset(seed=1)
    metrics = play(env, np.full((STEPS, 1), -1.0, np.float32))[-1][4]["episode_metrics"]
    assert metrics["cost"] == metrics["value"] == metrics["score_strict"] == 0.0
    assert metrics["violated"] is False
    assert "cpa_ratio" not in metrics


def test_without_a_task_each_seat_keeps_its_own() -> None:
    own = auctionsim.Simulation(WORLD, [0]).campaigns
    env = env_of()
    for seed in range(6):
        info = env.reset(seed=seed)[1]
        assert info["task"] == own[info["advertiser"]].task
        assert info["reference"] == own[info["advertiser"]].reference


@pytest.mark.parametrize("kind", REWARDS)
def test_rewards_are_what_was_asked_for(kind: str) -> None:
    env = env_of(task="target_roas", advertiser=1, reward=kind)
    env.reset(seed=4)
    steps = play(env, np.zeros((STEPS, 1), np.float32))
    metrics, rewards = steps[-1][4]["episode_metrics"], [step[1] for step in steps]
    assert all(type(reward) is float for reward in rewards)
    assert sum(rewards) == pytest.approx(metrics[kind])
    assert sum(rewards) > 0
    if kind.startswith("score"):
        assert rewards[:-1] == [0.0] * (STEPS - 1)
    else:
        assert sum(reward > 0 for reward in rewards) > 1


def test_one_action_for_all_opportunities_is_the_same_as_bidding_one_by_one() -> None:
    whole, single = env_of(advertiser=3), env_of(advertiser=3, bidding="opportunities")
    whole.reset(seed=2)
    seen = single.reset(seed=2)[0]
    for x in actions_of(5, STEPS, 1):
        state, reward, _, _, info = whole.step(x)
        count = int(seen["volume"][0])
        bids = np.ones(shape_of(single), np.float32)  # ignored beyond the opportunities
        bids[:count] = x
        seen, same_reward, _, _, same_info = single.step(bids)
        del info["multiplier"], same_info["multiplier"]  # a mean over bids
        assert_equal((reward, info), (same_reward, same_info))
        np.testing.assert_allclose(seen["state"], state, rtol=1e-5)


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_bidding_one_by_one_shows_the_value_of_each_opportunity(observation: str) -> None:
    env = env_of(advertiser=0, bidding="opportunities", observation=observation)
    seen = env.reset(seed=9)[0]
    simulation = auctionsim.Simulation(WORLD, [0], 9)
    expected = simulation.values(0)
    scale = np.float32(WORLD.traffic.mean_probability if observation == "scaled" else 1.0)
    count = int(seen["volume"][0])
    assert count == len(expected)
    np.testing.assert_array_equal(seen["opportunity_values"][:count], expected / scale, strict=True)
    assert not seen["opportunity_values"][count:].any()
    place = [entry.name for entry in TABLE].index("current_mean_value")
    assert seen["opportunity_values"][:count].mean() == pytest.approx(
        seen["state"][place], rel=1e-5
    )
    last = play(env, np.zeros((STEPS, *shape_of(env)), np.float32))[-1][0]
    assert last["volume"].tolist() == [0]
    assert not last["opportunity_values"].any()


def test_an_exhausted_advertiser_stays_to_the_end_without_bids() -> None:
    env = env_of(advertiser=0, market=poor())
    env.reset(seed=0)
    infos = [step[4] for step in play(env, np.ones((STEPS, 1), np.float32))]
    first = [info["exhausted"] for info in infos].index(True)
    assert first < STEPS - 1
    for before, after in zip(infos[first:], infos[first + 1 :], strict=False):
        assert before["exhausted"] is after["exhausted"] is True
        assert after["cost"] == after["wins"] == after["multiplier"] == 0.0


def test_observations_stay_within_the_space() -> None:
    for observation in OBSERVATIONS:
        env = env_of(observation=observation)
        for seed in range(4):
            assert env.reset(seed=seed)[0] in env.observation_space
            seen = [step[0] for step in play(env, actions_of(seed, STEPS, 1))]
            assert all(state in env.observation_space for state in seen)


# --- seeds and episodes ---------------------------------------------------------------------------


def test_a_reset_goes_on_to_the_next_episode_of_the_seed() -> None:
    env = env_of()
    told = [env.reset(seed=7)[1], env.reset()[1], env.reset()[1]]
    assert [(info["seed"], info["episode_number"]) for info in told] == [(7, 0), (7, 1), (7, 2)]
    jumped = env.reset(options={"episode": 40})
    assert jumped[1]["episode_number"] == 40
    assert env.reset()[1]["episode_number"] == 41
    assert_equal(env.reset(seed=7, options={"episode": 40}), jumped)


def test_a_day_does_not_depend_on_what_was_played_before() -> None:
    actions, env, other = actions_of(1, STEPS, 1), env_of(), env_of()
    env.reset(seed=1)
    play(env, actions[:3])
    a = (env.reset(), play(env, actions))
    b = (other.reset(seed=1, options={"episode": 1}), play(other, actions))
    assert_equal(a, b)


def test_the_advertiser_is_drawn_by_seed_and_episode_alone() -> None:
    env, drawn = env_of(), []
    for seed in range(5):
        infos = [env.reset(seed=seed)[1], *(env.reset()[1] for _ in range(20))]
        drawn.append([info["advertiser"] for info in infos])
        assert env_of().reset(seed=seed, options={"episode": 9})[1]["advertiser"] == drawn[-1][9]
    assert {a for row in drawn for a in row} == set(range(WORLD.advertisers))
    assert len({tuple(row) for row in drawn}) == 5
    assert {env_of(advertiser=5).reset(seed=s)[1]["advertiser"] for s in range(9)} == {5}


def test_without_a_seed_each_environment_takes_its_own() -> None:
    env, other = env_of(), env_of()
    info = env.reset()[1]
    assert info["seed"] != other.reset()[1]["seed"]
    assert env.reset()[1]["seed"] == info["seed"]
    assert env.np_random_seed == info["seed"]
    again = other.reset(seed=int(info["seed"]))
    assert_equal(again, env.reset(options={"episode": 0}))


@pytest.mark.parametrize(
    ("seed", "options", "message"),
    [
        (-1, None, r"`seed` must be an integer from 0 to 9223372036854775807; found -1"),
        (2**63, None, r"`seed` must be an integer"),
        (1.0, None, r"`seed` must be an integer"),
        (True, None, r"`seed` must be an integer"),
        (0, {"episodes": 3}, "`options` must be one of episode; .* Did you mean 'episode'?"),
        (0, {"start": 3}, "`options` must be one of episode; found 'start'"),
        (0, {1: 3}, "`options` must be one of episode"),
        (0, [3], "`options` must be a dict or None"),
        (0, {"episode": -1}, r"`options\['episode'\]` must be an integer from 0 to 4294967295"),
        (0, {"episode": 2**32}, r"`options\['episode'\]` must be an integer"),
        (0, {"episode": 0.5}, r"`options\['episode'\]` must be an integer"),
    ],
)
def test_resets_that_break_a_rule_are_refused(seed: Any, options: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        env_of().reset(seed=seed, options=options)


def test_there_is_an_end_to_the_episodes_of_a_seed() -> None:
    env = env_of()
    env.reset(seed=0, options={"episode": 2**32 - 1})
    with pytest.raises(InvalidArgumentError, match="`episode` must be at most 4294967295"):
        env.reset()


# --- Gymnasium's contract -------------------------------------------------------------------------


@pytest.mark.parametrize("bidding", BIDDING)
@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("reward", REWARDS)
def test_gymnasium_has_nothing_to_object_to(bidding: str, observation: str, reward: str) -> None:
    env = gymnasium.make(
        ENVIRONMENT, market=WORLD, opponents=LINEUP, bidding=bidding, observation=observation,
        reward=reward, render_mode="ansi",
    )  # fmt: skip
    check_env(env.unwrapped, skip_render_check=True)


@pytest.mark.parametrize("render_mode", [None, *RENDER_MODES])
def test_gymnasium_has_nothing_to_object_to_in_rendering(render_mode: str | None) -> None:
    market = world(steps=2)
    env = gymnasium.make(ENVIRONMENT, market=market, opponents=LINEUP, render_mode=render_mode)
    check_env(env.unwrapped)


@pytest.mark.parametrize(
    "market", [world(steps=1), world(opportunities=0), world(advertisers=1, slots=3)]
)
@pytest.mark.parametrize("bidding", BIDDING)
def test_gymnasium_has_nothing_to_object_to_in_degenerate_markets(
    market: Any, bidding: str
) -> None:
    env = gymnasium.make(ENVIRONMENT, market=market, opponents=LINEUP, bidding=bidding)
    check_env(env.unwrapped, skip_render_check=True)


def test_it_is_registered_with_a_spec_that_survives_json() -> None:
    env = gymnasium.make(ENVIRONMENT, task="cpa_mcb", market="tiny", advertiser=4, reward="value")
    assert env.spec is not None
    text = env.spec.to_json()
    assert json.loads(text)["kwargs"]["task"] == "cpa_mcb"
    twin = gymnasium.make(EnvSpec.from_json(text))
    assert_equal(env.reset(seed=5), twin.reset(seed=5))
    action = np.full(1, 0.25, np.float32)
    assert_equal(env.step(action), twin.step(action))


def test_no_time_limit_stands_between() -> None:
    spec = gymnasium.spec(ENVIRONMENT)
    assert spec.max_episode_steps is None
    env = gymnasium.make(ENVIRONMENT, market=WORLD, opponents=LINEUP)
    env.reset(seed=0)
    ends = [step[2:4] for step in play(env, np.zeros((STEPS, 1), np.float32))]
    assert ends == [(False, False)] * (STEPS - 1) + [(True, False)]


def test_all_environments_take_the_same_arguments() -> None:
    single = inspect.signature(AutoBiddingEnv).parameters
    vector = dict(inspect.signature(AutoBiddingVectorEnv).parameters)
    assert vector.pop("num_envs").default == 1
    assert list(single.values()) == list(vector.values())
    everyone = inspect.signature(auctionsim.parallel_env).parameters
    for name, parameter in everyone.items():
        assert parameter.default == single[name].default
        assert parameter.annotation == single[name].annotation
    assert single.keys() - everyone.keys() == {"opponents", "advertiser"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "cpa"}, "`task` must be one of .*; found 'cpa'. Did you mean 'cpa_mcb'?"),
        ({"task": 1}, "`task` must be one of"),
        ({"market": "smal"}, "Did you mean 'small'?"),
        ({"opponents": "mix"}, "Did you mean 'mixed'?"),
        ({"advertiser": 8}, "`advertiser` must be an integer from 0 to 7; found 8. Use an adv"),
        ({"advertiser": True}, "`advertiser` must be an integer"),
        ({"reward": "values"}, "Did you mean 'value'?"),
        ({"bidding": "multipliers"}, "Did you mean 'multiplier'?"),
        ({"observation": "scale"}, "Did you mean 'scaled'?"),
        ({"render_mode": "human"}, "`render_mode` must be one of ansi, rgb_array; found 'human'"),
    ],
)
def test_arguments_that_break_a_rule_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        env_of(**arguments)


def test_the_examples_of_the_documentation_run() -> None:
    found = doctest.DocTestFinder(recurse=False).find(AutoBiddingEnv, "AutoBiddingEnv")
    results = [doctest.DocTestRunner().run(example) for example in found]
    assert sum(result.attempted for result in results) >= 6
    assert not any(result.failed for result in results)


def test_steps_need_a_reset_before_them() -> None:
    env = env_of(render_mode="ansi")
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"`step` must follow .* 'no reset yet'"):
        env.step(np.zeros(1))
    with pytest.raises(auctionsim.errors.AuctionSimError, match=r"Call reset\(\) first"):
        env.render()
    env.reset(seed=0)
    play(env, np.zeros((STEPS, 1), np.float32))
    with pytest.raises(gymnasium.error.ResetNeeded, match="'a day that is over'"):
        env.step(np.zeros(1))
    env.reset()
    env.step(np.zeros(1))


def test_an_action_that_is_refused_leaves_the_day_as_it_was() -> None:
    env, other = env_of(advertiser=1), env_of(advertiser=1)
    env.reset(seed=3)
    other.reset(seed=3)
    for bad in ([np.nan], [1.5], [0.0, 0.0], None):
        with pytest.raises(InvalidArgumentError, match="`action`"):
            env.step(bad)
    actions = actions_of(3, STEPS, 1)
    assert_equal(play(env, actions), play(other, actions))


def test_what_is_returned_is_the_callers_own() -> None:
    env, other = env_of(bidding="opportunities"), env_of(bidding="opportunities")
    seen, info = env.reset(seed=3)
    other.reset(seed=3)
    for action in actions_of(3, STEPS, *shape_of(env)):
        for array in seen.values():
            array[...] = 0
        info.clear()
        seen, reward, done, _, info = env.step(action)
        assert_equal((seen, reward, done, False, info), other.step(action))


def test_rendering_shows_the_day_so_far() -> None:
    env = env_of(render_mode="ansi", advertiser=2, task="cpa_mcb")
    env.reset(seed=11)
    before = env.render()
    env.step(np.zeros(1))
    after = env.render()
    assert "advertiser 2" in before
    assert "seed 11" in before
    assert before != after
    env.reset()
    assert "episode 1" in env.render()
    picture = env_of(render_mode="rgb_array")
    picture.reset(seed=11)
    assert picture.render().dtype == np.uint8


def test_rendering_without_a_mode_warns_as_gymnasium_does() -> None:
    env = env_of()
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="without a render mode"):
        assert env.render() is None


def test_a_day_that_an_opponent_broke_off_cannot_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    env = env_of(advertiser=0)
    env.reset(seed=1)
    action = np.zeros(1, np.float32)
    env.step(action)

    def tired(*arguments: object) -> None:
        raise BidderError("tired")

    with monkeypatch.context() as patch:
        patch.setattr("auctionsim.cast.Cast.decide", tired)
        with pytest.raises(BidderError, match="tired"):
            env.step(action)
    with pytest.raises(AuctionSimError, match="broken off"):
        env.step(action)
    env.reset()
    env.step(action)


def test_names_of_observations_may_be_those_of_network_parts() -> None:
    names = env_of(bidding="opportunities").observation_space.spaces  # type: ignore[attr-defined]
    assert not set(names) & set(dir(torch.nn.ModuleDict()))


def test_what_reset_tells_can_be_written_as_json() -> None:
    _, info = env_of().reset(seed=2**63 - 1)
    assert json.loads(json.dumps(info))["seed"] == 2**63 - 1
