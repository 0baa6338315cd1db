from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray

from auctionsim.envs import AutoBiddingEnv, AutoBiddingVectorEnv
from auctionsim.errors import AuctionSimError, InvalidArgumentError
from tests.auctionsim.envs.playing import ENVIRONMENT, actions_of, assert_equal, env_of, play, poor
from tests.auctionsim.worlds import LINEUP, WORLD

STEPS, RUNS = WORLD.steps, 3


def native(runs: int = RUNS, **arguments: Any) -> AutoBiddingVectorEnv:
    return AutoBiddingVectorEnv(runs, **{"market": WORLD, "opponents": LINEUP, **arguments})


def one_by_one(runs: int = RUNS, **arguments: Any) -> SyncVectorEnv[Any, Any]:
    def make() -> AutoBiddingEnv:
        return env_of(**arguments)

    return SyncVectorEnv([make] * runs, autoreset_mode=AutoresetMode.SAME_STEP)


def actions_for(env: Any, steps: int) -> NDArray[np.float32]:
    return actions_of(0, steps, *env.action_space.shape)


@pytest.mark.parametrize("reward", ["value", "expected_value", "score_strict", "score_paper"])
@pytest.mark.parametrize("bidding", ["multiplier", "opportunities"])
@pytest.mark.parametrize("advertiser", [None, 3])
def test_it_is_single_environments_side_by_side_over_three_episodes(
    reward: str, bidding: str, advertiser: int | None
) -> None:
    arguments: dict[str, Any] = {
        "reward": reward,
        "bidding": bidding,
        "advertiser": advertiser,
        "market": poor(),
    }
    together, apart = native(**arguments), one_by_one(**arguments)
    assert together.single_observation_space == apart.single_observation_space
    assert together.single_action_space == apart.single_action_space
    assert together.observation_space == apart.observation_space
    assert together.action_space == apart.action_space
    assert_equal(together.reset(seed=20), apart.reset(seed=20), "reset")
    for step, actions in enumerate(actions_for(together, 3 * STEPS)):
        brought = together.step(actions)
        assert_equal(brought, apart.step(actions), f"step {step}")
        assert brought[2].all() == (step % STEPS == STEPS - 1)


@pytest.mark.parametrize("task", ["cpa_mcb", "target_roas", None])
def test_it_is_single_environments_for_every_task(task: str | None) -> None:
    together, apart = native(task=task, observation="natural"), one_by_one(
        task=task, observation="natural"
    )  # fmt: skip
    assert_equal(together.reset(seed=1), apart.reset(seed=1))
    actions = actions_for(together, STEPS + 1)
    assert_equal(play(together, actions), play(apart, actions))


def test_resets_are_those_of_single_environments() -> None:
    together, apart = native(), one_by_one()
    largest: list[int | None] = [5, 2**63 - 1, 0]
    some_go_on: list[int | None] = [None, 9, None]
    for seed, options in [
        (largest, None),
        (None, None),
        (some_go_on, None),
        (None, {"episode": 12}),
        (None, {"reset_mask": np.ones(RUNS, np.bool_)}),
        (7, {"episode": 3}),
    ]:
        mine = together.reset(seed=seed, options=options and dict(options))
        theirs = apart.reset(seed=seed, options=options and dict(options))
        assert_equal(mine, theirs, f"{seed} {options}")
        actions = actions_for(together, 2)
        assert_equal(play(together, actions), play(apart, actions))


def test_a_run_does_not_depend_on_the_others() -> None:
    many, few = native(5), native(2)
    seen, _ = many.reset(seed=30)
    np.testing.assert_array_equal(seen[:2], few.reset(seed=30)[0])
    for actions in actions_for(many, 2 * STEPS):
        a, b = many.step(actions), few.step(actions[:2])
        np.testing.assert_array_equal(a[0][:2], b[0])
        np.testing.assert_array_equal(a[1][:2], b[1])


def test_gymnasium_makes_it() -> None:
    env = gymnasium.make_vec(ENVIRONMENT, num_envs=2, market="tiny", task="bcb")
    assert isinstance(env, AutoBiddingVectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    named = gymnasium.make_vec(
        ENVIRONMENT, num_envs=2, vectorization_mode="vector_entry_point", market="tiny", task="bcb"
    )
    assert_equal(env.reset(seed=3), named.reset(seed=3))
    sync = gymnasium.make_vec(
        ENVIRONMENT, num_envs=2, vectorization_mode="sync", market="tiny", task="bcb"
    )
    assert_equal(sync.reset(seed=3), env.reset(seed=3))
    assert env.step(env.action_space.sample())[0] in env.observation_space


def test_gymnasiums_wrappers_take_it() -> None:
    env: Any = gymnasium.wrappers.vector.RecordEpisodeStatistics(native())
    env = gymnasium.wrappers.vector.DictInfoToList(env)
    env.reset(seed=0)
    infos = [env.step(actions)[4] for actions in actions_for(native(), STEPS)]
    assert [info["final_info"]["cost"] >= 0 for info in infos[-1]] == [True] * RUNS
    assert [info["episode"]["l"] for info in infos[-1]] == [STEPS] * RUNS


def test_what_is_returned_is_the_callers_own() -> None:
    env, other = native(), native()
    env.reset(seed=3)
    other.reset(seed=3)
    for actions in actions_for(env, STEPS + 2):
        brought = env.step(actions)
        assert_equal(brought, other.step(actions))
        for array in [*brought[:4], *brought[4].values()]:
            if isinstance(array, np.ndarray):
                array[...] = 0


def test_it_renders_one_picture_each() -> None:
    env = native(render_mode="ansi")
    env.reset(seed=4)
    env.step(np.zeros((RUNS, 1)))
    shown = env.render()
    assert len(shown) == RUNS
    assert [f"seed {4 + run}" in text for run, text in enumerate(shown)] == [True] * RUNS
    single = env_of(render_mode="ansi")
    single.reset(seed=5)
    single.step(np.zeros(1))
    assert single.render() == shown[1]
    pictures = native(1, render_mode="rgb_array")
    pictures.reset(seed=4)
    assert [picture.dtype for picture in pictures.render()] == [np.uint8]


@pytest.mark.parametrize(
    ("seed", "options", "message"),
    [
        ([1, 2], None, "`seed` must hold one seed for each of 3 environments; found '2 seed"),
        ([1, 2, -1], None, "`seed` must be an integer from 0 to"),
        (2**63 - 2, None, "`seed` must be an integer from 0 to"),
        ("123", None, "`seed` must be an integer"),
        (1, {"mask": True}, "`options` must be one of episode, reset_mask"),
        (1, {"reset_mask": np.array([True, False, True])}, "must be an array of 3 times True"),
        (1, {"reset_mask": np.ones(2, np.bool_)}, r"`options\['reset_mask'\]` must be"),
        (1, {"reset_mask": [True] * 3}, r"`options\['reset_mask'\]` must be"),
    ],
)
def test_resets_that_break_a_rule_are_refused(seed: Any, options: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        native().reset(seed=seed, options=options)


def test_arguments_and_actions_that_break_a_rule_are_refused() -> None:
    for runs in (0, 1.5, True):
        with pytest.raises(InvalidArgumentError, match="`num_envs` must be an integer"):
            native(runs)  # type: ignore[arg-type]
    env = native(render_mode="ansi")
    for call in (lambda: env.step(np.zeros((RUNS, 1))), env.render):
        with pytest.raises(AuctionSimError, match="'no reset yet'"):
            call()
    env.reset(seed=0)
    for actions in (np.zeros(RUNS), np.zeros((RUNS, 2)), np.full((RUNS, 1), np.nan), None):
        with pytest.raises(InvalidArgumentError, match="`actions` must hold"):
            env.step(actions)


def test_the_options_given_are_left_as_they_are() -> None:
    options = {"episode": 2, "reset_mask": np.ones(RUNS, np.bool_)}
    native().reset(seed=0, options=options)
    assert set(options) == {"episode", "reset_mask"}
