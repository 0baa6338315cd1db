"""The examples: each runs at small size, prints what it promises, and does what it says."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

import auctionsim
from agents.auctionnet import ARGUMENTS, from_auctionnet
from auctionsim.cli import main as auctionsim_command

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NAMES = tuple(sorted(path.stem for path in EXAMPLES.glob("*.py")))


def example(name: str) -> ModuleType:
    """Return an example as a module."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.syspath_prepend(EXAMPLES)
        # TorchRL warns, at its import, of base classes that its own classes derive from.
        own = r"Creating \w+ which inherits from WeightUpdaterBase"
        warnings.filterwarnings("ignore", own, DeprecationWarning)
        return importlib.import_module(name)


@pytest.fixture(autouse=True)
def keep_torch_as_it_is() -> Iterator[None]:
    """Undo what examples set for their own process."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


def rows(text: str) -> dict[str, list[float]]:
    """Return the numbers of each line of a table that begins with a name."""
    found = (
        re.match(r"(\w+(?: x [\d.]+)?)\s+((?:[-+]?[\d.]+%?[ ±]*)+)$", t) for t in text.split("\n")
    )
    return {m[1]: [float(n) for n in re.findall(r"[-+]?[\d.]+", m[2])] for m in found if m}


@pytest.mark.parametrize("name", NAMES)
def test_examples_say_how_to_run_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert f"python examples/{name}.py" in (ast.get_docstring(ast.parse(text)) or "")
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert f"({name}.py)" in index
    assert f"\npython examples/{name}.py\n" in index
    with pytest.raises(SystemExit, match="0"):
        example(name).main(["--help"])
    assert "--" in capsys.readouterr().out


def test_custom_bidder_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    module = example("custom_bidder")
    assert len(inspect.getsource(module.Even).splitlines()) < 10
    module.main(["--episodes", "2"])
    text = capsys.readouterr().out
    assert "Even keeps the contract" in text
    assert set(rows(text)) == {"Even", "pid", "fixed"}
    found = auctionsim.evaluate(module.Even(), "bcb", "tiny", 2).metrics
    assert found["value"] > 0
    assert rows(text)["Even"][0] == round(found["value"], 1)


def test_custom_bidder_is_scored_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    result = tmp_path / "result.json"
    asked = ["--bidder", "custom_bidder:Even", "--market", "tiny", "--episodes", "1"]
    assert auctionsim_command(["evaluate", *asked, "--quiet", "--json", str(result)]) == 0
    metrics = json.loads(result.read_text(encoding="utf-8"))["metrics"]
    bidder = example("custom_bidder").Even()
    assert metrics["value"] == auctionsim.evaluate(bidder, "bcb", "tiny", 1).metrics["value"]


def test_competition_strategy_has_the_form_of_the_competition() -> None:
    strategy = example("competition_strategy").Threshold
    made_with = list(inspect.signature(strategy).parameters)
    assert made_with == ["budget", "name", "cpa", "category"]
    assert list(inspect.signature(strategy().bidding).parameters) == list(ARGUMENTS)


def test_competition_strategy_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    example("competition_strategy").main(["--episodes", "2"])
    text = capsys.readouterr().out
    assert "Threshold keeps the contract" in text
    assert set(rows(text)) == {"Threshold", "pid", "fixed"}
    value, cost_over_allowed, score, _ = rows(text)["Threshold"]
    assert value >= score > 0
    assert cost_over_allowed < 1.2


def test_competition_strategy_bids_no_more_than_it_means_to() -> None:
    module = example("competition_strategy")
    bidder = from_auctionnet(module.Threshold())
    played = auctionsim.evaluate(bidder, "cpa_mcb", "tiny", 1).trajectories
    relative = played.action / played.cpa_target[:, None]
    assert 0.0 < relative.max() <= module.DEAREST * 1.0001
    assert np.unique(relative.round(3)).size > 10, "it should adapt"


@pytest.mark.parametrize(
    ("money", "price"), [(0.0, 0.5), (0.9, 0.5), (1.1, 1.0), (6.0, 3.0), (7.0, np.inf)]
)
def test_price_of_value_is_what_the_money_reaches(money: float, price: float) -> None:
    values, prices = np.array([2.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0])
    assert example("competition_strategy").price_of_value(values, prices, money) == price


def test_price_of_value_needs_no_opportunity() -> None:
    nothing = np.array([])
    assert example("competition_strategy").price_of_value(nothing, nothing, 1.0) == np.inf


def test_sb3_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sb3_train", raising=False)
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(SystemExit) as end:
        example("sb3_train")
    assert str(end.value).endswith("pip install stable-baselines3")
    assert "\n" not in str(end.value)


def test_sb3_policy_learns_the_same_from_the_same_seed() -> None:
    module = example("sb3_train")
    seen = np.random.default_rng(0).uniform(0.0, 1.5, (5, 23)).astype(np.float32)
    trained = [module.train(1, seed) for seed in (3, 3, 4)]  # one batch each
    model, scaled = trained[0]
    assert model.num_timesteps == module.ENVS * 192
    assert (model.policy.log_std != -2.5).all()
    assert (model.policy.action_net.bias != 0.0).all()
    assert scaled.obs_rms.count > 1000
    first, again, other = (module.learned(*both)(seen) for both in trained)
    assert first.shape == (5, 1)
    assert np.abs(first).max() <= 1.0
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_sb3_rivals_play_the_days_they_should() -> None:
    module = example("sb3_train")
    metrics = module.play(module.fixed(0.7), seed=9, days=2, rounds=2)
    env = gymnasium.make(auctionsim.ENVIRONMENT, **module.TASK)
    alone = []
    for seed in (9, 10):
        for episode in (0, 1):
            _, begun = env.reset(seed=seed, options={"episode": episode})
            over = False
            while not over:
                _, _, over, _, info = env.step(np.array([np.log(0.7) / np.log(20)], np.float32))
            assert info["multiplier"] in (0.0, pytest.approx(0.7 * begun["reference"], rel=1e-6))
            alone.append(info["episode_metrics"]["expected_value"])
    played = metrics["expected_value"].reshape(2, 2)  # rounds, seeds
    np.testing.assert_array_equal(played.T.ravel(), alone)


def test_sb3_tests_on_days_that_no_training_sees() -> None:
    module = example("sb3_train")
    assert module.TEST_SEED > 2**32 - 1 + module.ENVS


def test_sb3_comparison_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    module = example("sb3_train")
    module.main(["--steps", "1", "--seed", "3", "--test-days", "6"])
    text = capsys.readouterr().out
    table = rows(text)
    assert set(table) == {"PPO", *(f"fixed x {factor}" for factor in module.GRID)}
    assert "\n6 test days " in text
    ahead = table["PPO"][1] - table["fixed x 2.0"][1]
    assert table["fixed x 2.0"][2] == pytest.approx(ahead, abs=0.011)
    assert all(np.isfinite(numbers).all() for numbers in table.values())
    best, gain = re.findall(r"^against (fixed x [\d.]+), .*: ([-+][\d.]+) ±", text, re.M)[0]
    assert table[best][2] == float(gain)


@pytest.mark.slow
def test_sb3_beats_the_best_fixed_multiplier(capsys: pytest.CaptureFixture[str]) -> None:
    example("sb3_train").main([])
    gain, error = re.findall(r"([-+][\d.]+) ± ([\d.]+) \(mean", capsys.readouterr().out)[0]
    assert float(gain) > 2.0 * float(error)


def test_torchrl_collects_what_stepping_by_hand_gives() -> None:
    module = example("torchrl_collect")
    torch.manual_seed(0)
    env = module.make_env("tiny", seed=5)
    batch = module.collect(env, module.make_policy(env), days=2)
    assert batch.shape == (2, 48)
    acted, came = batch["advertiser"], batch["next", "advertiser"]
    assert acted.shape == (2, 48, 48)
    assert (acted["action"].abs() < 1.0).all()
    assert acted["log_prob"].isfinite().all()
    market = auctionsim.parallel_env("tiny")
    for day in (0, 1):
        seen, _ = market.reset(seed=5, options={"episode": day + 1})
        for step in range(48):
            assert_same(acted["observation"][day, step], seen)
            actions = acted["action"][day, step].numpy()
            brought = market.step(dict(zip(market.agents, actions, strict=True)))
            seen, rewards, terminated, _, infos = brought
            assert_same(came["reward"][day, step, :, 0], rewards)
            assert_same(came["terminated"][day, step, :, 0], terminated)
            costs = {agent: info["cost"] for agent, info in infos.items()}
            assert_same(came["info", "cost"][day, step], costs)
    assert batch["next", "done"][..., 0].sum(1).tolist() == [1, 1]
    assert came["reward"].sum() > 0.0


def assert_same(stacked: Any, by_agent: dict[str, Any]) -> None:
    """Assert that TorchRL's stack of all agents holds what the market gave each, in float32."""
    expected = np.stack(list(by_agent.values())).astype(stacked.numpy().dtype)
    np.testing.assert_array_equal(stacked.numpy(), expected)


def test_torchrl_prints_what_came(capsys: pytest.CaptureFixture[str]) -> None:
    example("torchrl_collect").main(["--days", "1"])
    text = capsys.readouterr().out
    assert re.search(r"^reward +\(1, 48, 48, 1\)$", text, re.M)
    value, spend = re.findall(r"^  day 0: value ([\d.]+), spend (\d+)$", text, re.M)[0]
    assert float(value) > 0.0
    assert float(spend) > 0.0
    assert re.search(r"^[1-9]\d* steps/s of 48 advertisers$", text, re.M)
