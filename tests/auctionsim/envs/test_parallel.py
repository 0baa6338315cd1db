from __future__ import annotations

import json
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pettingzoo.test.api_test import api_test
from pettingzoo.test.parallel_test import parallel_api_test
from pettingzoo.test.seed_test import parallel_seed_test, seed_test
from pettingzoo.utils.conversions import parallel_to_aec

import auctionsim
from auctionsim.envs import AutoBiddingParallelEnv
from auctionsim.envs.settings import REWARDS
from auctionsim.errors import AuctionSimError, InvalidArgumentError
from auctionsim.simulator import Simulation
from tests.auctionsim.envs.playing import (
    AT_REFERENCE,
    actions_of,
    assert_equal,
    env_of,
    poor,
    shape_of,
)
from tests.auctionsim.worlds import WORLD, world

STEPS, AGENTS = WORLD.steps, WORLD.advertisers


def env_for(**arguments: Any) -> AutoBiddingParallelEnv:
    return auctionsim.parallel_env(**{"market": WORLD, **arguments})


def by_agent(env: AutoBiddingParallelEnv, rows: NDArray[np.float32]) -> dict[str, Any]:
    return dict(zip(env.possible_agents, rows, strict=True))


def play(env: AutoBiddingParallelEnv, seed: int, actions: int = 0) -> list[Any]:
    """Play a whole episode and return what it brought, reset first."""
    shape = env.action_space("advertiser_0").shape
    assert shape is not None
    rows = actions_of(actions, env.settings.market.steps, len(env.possible_agents), *shape)
    return [env.reset(seed=seed), *(env.step(by_agent(env, row)) for row in rows)]


@pytest.mark.parametrize("observation", ["scaled", "natural"])
@pytest.mark.parametrize("market", [WORLD, poor(), world(advertisers=1), world(steps=1)])
def test_pettingzoo_has_nothing_to_object_to(observation: str, market: Any) -> None:
    def make() -> AutoBiddingParallelEnv:
        return env_for(market=market, observation=observation)

    parallel_api_test(make(), num_cycles=3 * STEPS)
    parallel_seed_test(make)  # type: ignore[no-untyped-call]
    api_test(parallel_to_aec(make()), num_cycles=3 * STEPS)  # type: ignore[no-untyped-call]
    seed_test(lambda: parallel_to_aec(make()))  # type: ignore[no-untyped-call]


def test_pettingzoo_has_nothing_to_object_to_in_bids_one_by_one() -> None:
    def make() -> AutoBiddingParallelEnv:
        return env_for(bidding="opportunities")

    parallel_api_test(make(), num_cycles=3 * STEPS)
    parallel_seed_test(make)  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        # It expects arrays of any environment that is not on its own list of exceptions.
        for message in ("Observation is not a NumPy array", "Observation space for each agent"):
            warnings.filterwarnings("ignore", message)
        api_test(parallel_to_aec(make()), num_cycles=3 * STEPS)  # type: ignore[no-untyped-call]


WHOLE_EPISODE = """
import hashlib, json, sys
import numpy as np
import auctionsim

market, seed, bidding = sys.argv[1], int(sys.argv[2]), sys.argv[3]
env = auctionsim.parallel_env(market, bidding=bidding)
digests = []

def keep(*parts):
    digest = hashlib.sha256()
    for part in parts:
        for agent in sorted(part):
            entry = part[agent]
            arrays = entry if isinstance(entry, dict) else {"": entry}
            for name in sorted(arrays):
                value = arrays[name]
                if isinstance(value, np.ndarray):
                    digest.update(value.tobytes())
                else:
                    digest.update(repr((agent, name, value)).encode())
    digests.append(digest.hexdigest())

keep(*env.reset(seed=seed))
draws = np.random.default_rng(1)
while env.agents:
    actions = {
        agent: draws.uniform(-1, 1, env.action_space(agent).shape).astype(np.float32)
        for agent in env.agents
    }
    keep(*env.step(actions))
print(json.dumps(digests))
"""


def digests_of(seed: int, bidding: str) -> list[str]:
    """Play a whole episode in a process of its own; return a digest of each step's bytes."""
    command = [sys.executable, "-c", WHOLE_EPISODE, "example_log", str(seed), bidding]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    digests: list[str] = json.loads(done.stdout)
    return digests


@pytest.mark.parametrize("bidding", ["multiplier", "opportunities"])
def test_a_whole_episode_is_the_same_in_two_processes(bidding: str) -> None:
    first, second, other = (digests_of(seed, bidding) for seed in (5, 5, 6))
    assert len(first) == 49
    assert first == second
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_an_episode_is_the_run_of_the_simulator() -> None:
    env = env_for(observation="natural")
    observations, _ = env.reset(seed=2**62, options={"episode": 3})
    simulation = Simulation(WORLD, [3], 2**62)
    while env.agents:
        features = simulation.observe().features.astype(np.float32)
        np.testing.assert_array_equal([row[:17] for row in observations.values()], features)
        actions = by_agent(env, np.zeros((AGENTS, 1), np.float32))
        observations, rewards, _, _, infos = env.step(actions)
        outcome = simulation.step(simulation.campaigns.reference)
        assert list(rewards.values()) == outcome.value[0].tolist()
        for name in ("cost", "conversions"):
            told = [info[name] for info in infos.values()]
            assert told == getattr(outcome, name)[0].tolist()
    assert simulation.done


@pytest.mark.parametrize("bidding", ["multiplier", "opportunities"])
def test_an_agent_sees_and_gets_what_it_would_in_the_single_environment(bidding: str) -> None:
    single = env_of(opponents=AT_REFERENCE, advertiser=2, market=poor(), bidding=bidding)
    everyone = env_for(market=poor(), bidding=bidding)
    state, info = single.reset(seed=8)
    observations, _ = everyone.reset(seed=8)
    assert_equal(
        (state, info), (observations["advertiser_2"], everyone.campaigns()["advertiser_2"])
    )
    shape = shape_of(single)
    for x in actions_of(4, STEPS, *shape):
        actions = by_agent(everyone, np.zeros((AGENTS, *shape), np.float32))
        brought: tuple[Any, ...] = everyone.step(actions | {"advertiser_2": x})
        *alone, info = single.step(x)
        *together, told = (part["advertiser_2"] for part in brought)
        assert_equal(alone, together)
        assert_equal({name: info[name] for name in told}, told)


def test_the_agents_are_all_advertisers_to_the_end() -> None:
    env = env_for(market=poor())
    assert env.possible_agents == [f"advertiser_{i}" for i in range(AGENTS)]
    env.reset(seed=0)
    for step in range(STEPS):
        assert env.agents == env.possible_agents
        brought = env.step(by_agent(env, np.ones((AGENTS, 1), np.float32)))
        assert all(list(part) == env.possible_agents for part in brought)
        assert set(brought[2].values()) == {step == STEPS - 1}
        assert set(brought[3].values()) == {False}
    assert env.agents == []
    env.reset()
    assert env.agents == env.possible_agents


def test_the_exhausted_stay_without_bids() -> None:
    env = env_for(market=poor())
    _, *steps = play(env, seed=0)
    ends = [[info["exhausted"] for info in step[4].values()] for step in steps]
    assert any(ends[-2])
    assert not all(ends[0])
    for step, out in zip(steps[1:], ends, strict=False):
        for info, was_out in zip(step[4].values(), out, strict=True):
            if was_out:
                assert info["exhausted"] is True
                assert info["cost"] == info["conversions"] == 0.0


def test_spaces_are_an_agents_own() -> None:
    env = env_for()
    a, b = "advertiser_0", "advertiser_1"
    assert env.action_space(a) is env.action_space(a)
    assert env.action_space(a) is not env.action_space(b)
    assert env.observation_space(a) is not env.observation_space(b)
    assert env.action_space(a) == env_of().action_space
    assert env.observation_space(a) == env_of().observation_space
    with pytest.raises(InvalidArgumentError, match="Did you mean 'advertiser_"):
        env.action_space("advertisers_0")


def test_states_are_all_observations_in_order() -> None:
    for bidding in ("multiplier", "opportunities"):
        env = env_for(bidding=bidding)
        with pytest.raises(AuctionSimError, match="`state` must follow a reset"):
            env.state()
        observations, _ = env.reset(seed=3)
        rows = [row["state"] if isinstance(row, dict) else row for row in observations.values()]
        np.testing.assert_array_equal(env.state(), np.stack(rows), strict=True)
        assert env.state() in env.state_space
        env.state()[...] = 0
        assert env.state().any()


@pytest.mark.parametrize("reward", REWARDS)
def test_rewards_and_metrics_are_those_of_all_tasks(reward: str) -> None:
    env = env_for(reward=reward)
    _, *steps = play(env, seed=1)
    metrics = env.episode_metrics()
    for agent, info in env.campaigns().items():
        total = sum(step[1][agent] for step in steps)
        assert total == pytest.approx(metrics[agent][reward])
        assert ("cpa_target" in info) == (info["task"] == "cpa_mcb")
        assert metrics[agent].keys() >= {"value", "score_paper", "utilisation"}
        assert metrics[agent]["cost"] == pytest.approx(sum(s[4][agent]["cost"] for s in steps))


def test_a_task_is_given_to_all() -> None:
    env = env_for(task="target_roas")
    env.reset(seed=0)
    campaigns = env.campaigns().values()
    assert {info["task"] for info in campaigns} == {"target_roas"}
    assert len({info["roas_target"] for info in campaigns}) > 1


def test_infos_are_the_same_numbers_after_reset_and_step() -> None:
    env = env_for()
    (_, begun), *steps = play(env, seed=1)
    for infos in (begun, *(step[4] for step in steps)):
        assert set(infos) == set(env.possible_agents)
        for info in infos.values():
            kinds = {name: type(value) for name, value in info.items()}
            assert kinds == {"cost": float, "conversions": float, "exhausted": bool}
    assert {tuple(info.values()) for info in begun.values()} == {(0.0, 0.0, False)}


def test_what_needs_a_reset_says_so() -> None:
    env = env_for()
    for ask in (env.campaigns, env.episode_metrics):
        with pytest.raises(AuctionSimError, match=f"`{ask.__name__}` must follow a reset"):
            ask()


def test_resets_go_on_to_the_next_episode() -> None:
    env = env_for()
    env.reset(seed=4)
    following = env.reset()
    assert_equal(following, env.reset(seed=4, options={"episode": 1}))
    assert {info["episode_number"] for info in env.campaigns().values()} == {1}
    seeds = set()
    for fresh in (env_for(), env_for()):
        fresh.reset()
        seeds.add(int(fresh.campaigns()["advertiser_0"]["seed"]))
    assert len(seeds) == 2


def test_options_for_others_are_left_to_them_but_slips_are_not() -> None:
    env = env_for()
    env.reset(seed=0, options={"difficulty": 3, "options": 1})
    with pytest.raises(InvalidArgumentError, match="Did you mean 'episode'"):
        env.reset(seed=0, options={"epsiode": 3})
    with pytest.raises(InvalidArgumentError, match="`seed` must be an integer"):
        env.reset(seed=-1)


def test_actions_that_break_a_rule_leave_the_day_as_it_was() -> None:
    env, other = env_for(), env_for()
    zeros = np.zeros((AGENTS, 1), np.float32)
    with pytest.raises(AuctionSimError, match="'no reset yet'"):
        env.step(by_agent(env, zeros))
    env.reset(seed=6)
    other.reset(seed=6)
    good = by_agent(env, zeros)
    without = {agent: x for agent, x in good.items() if agent != "advertiser_3"}
    for bad, message in [
        (without, "no advertiser_3"),
        (good | {"advertiser_8": zeros[0]}, "unknown advertiser_8"),
        (good | {"advertiser_5": np.full(1, 2.0)}, "actions.*advertiser_5.* from -1 to 1"),
    ]:
        with pytest.raises(InvalidArgumentError, match=message):
            env.step(bad)
    assert_equal(env.step(good), other.step(good))
    for _ in range(STEPS - 1):
        env.step(good)
    with pytest.raises(AuctionSimError, match="'a day that is over'"):
        env.step(good)


def test_what_is_returned_is_the_callers_own() -> None:
    env, other = env_for(), env_for()
    env.reset(seed=3)
    other.reset(seed=3)
    for row in actions_of(3, STEPS, AGENTS, 1):
        brought = env.step(by_agent(env, row))
        assert_equal(brought, other.step(by_agent(other, row)))
        for array in brought[0].values():
            array[...] = 0
        for part in brought[1:]:
            part.clear()


def test_it_renders_the_whole_market() -> None:
    env = env_for(render_mode="ansi")
    with pytest.raises(AuctionSimError, match="`render` must follow a reset"):
        env.render()
    env.reset(seed=12)
    before = env.render()
    env.step(by_agent(env, np.zeros((AGENTS, 1), np.float32)))
    assert "seed 12" in before
    assert env.render() != before
    picture = env_for(render_mode="rgb_array")
    picture.reset(seed=12)
    assert picture.render().dtype == np.uint8
    with pytest.warns(UserWarning, match="without a render mode"):
        env_for().render()
