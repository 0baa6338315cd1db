"""Policies on disk: they act the same, and wrong files are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from auctionsim import SEMANTICS
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.observation import FEATURES
from tests.vao.factories import (
    STEPS,
    all_tasks,
    make_campaigns,
    make_observation,
    make_trajectories,
    tiny_config,
)
from tests.vao.toys import TOY, Toy
from tests.vao.training.runs import run, toy_config
from vao import PlannerBidder, Request, load_policy, save_policy, storage, tensor_files, train
from vao.config import METHODS
from vao.tensor_files import WEIGHTS


def _policy(method: Any = "none", **changes: Any) -> PlannerBidder:
    training, validation = make_trajectories(seed=1), make_trajectories(seed=2)
    config = tiny_config(method=method, features=FEATURES[:10], **changes)
    policy = train(training, config, validation=validation, progress=False).policy
    return policy.asking({task: Request(0.6, 0.7, 1.1, 0.5) for task in policy.tasks})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with a policy."""
    save_policy(_policy(), tmp_path / "policy")
    return tmp_path / "policy"


def _check_acts_the_same(policy: PlannerBidder, folder: Path) -> None:
    save_policy(policy, folder)
    loaded = load_policy(folder, planners=[TOY])
    assert loaded.config == policy.config
    assert loaded.requests == policy.requests
    assert all(not p.requires_grad for m in loaded.models for p in m.planner.parameters())
    campaigns = make_campaigns(all_tasks())
    for bidder in (policy, loaded):
        bidder.reset(campaigns)
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        features, cost = rng.uniform(size=(6, len(FEATURES))), step * campaigns.budget / STEPS
        observation = make_observation(step, features, cost=cost, expected_value=0.3 * cost)
        np.testing.assert_array_equal(loaded.act(observation), policy.act(observation))


@pytest.mark.parametrize("method", METHODS)
def test_a_loaded_policy_acts_the_same(tmp_path: Path, method: Any) -> None:
    _check_acts_the_same(_policy(method), tmp_path / "deep" / "policy")


@pytest.mark.parametrize(
    "changes", [{"steps": 0}, {"ema": 0.9}, {"precision": "bfloat16", "steps": 2}]
)
def test_so_does_one_trained_otherwise(tmp_path: Path, changes: dict[str, Any]) -> None:
    _check_acts_the_same(_policy("naive", **changes), tmp_path / "policy")


def test_a_planner_of_ones_own_is_saved_with_its_buffers(tmp_path: Path) -> None:
    policy = run(toy_config({"bid": 0.4}, method="naive", steps=1)).policy
    _check_acts_the_same(policy, tmp_path / "policy")
    with pytest.raises(InvalidDataError) as refused:
        load_policy(tmp_path / "policy")
    assert f"`--planner {TOY}` on the command line" in str(refused.value)
    assert f"load_policy(..., planners=['{TOY}']) in Python" in str(refused.value)
    planner = load_policy(tmp_path / "policy", planners=[TOY]).models[0].planner
    assert isinstance(planner, Toy)
    assert planner.settings.bid == 0.4
    assert planner.centre.any()
    assert isinstance(policy.models[0].planner, Toy)
    assert torch.equal(planner.centre, policy.models[0].planner.centre)


@pytest.mark.parametrize("method", METHODS)
def test_returns_survive_saving(tmp_path: Path, method: Any) -> None:
    policy = _policy(method)
    save_policy(policy, tmp_path / "policy")
    assert "NaN" not in (tmp_path / "policy" / storage.CARD).read_text()
    for model, loaded in zip(policy.models, load_policy(tmp_path / "policy").models, strict=True):
        expected, found = (m.scales.requirements for m in (model, loaded))
        assert found.returns == expected.returns
        assert set(found.returns) == set(model.tasks)
        assert found.mean_return == expected.mean_return
        assert found.offset == expected.offset


def test_saving_twice_gives_the_same_bytes(tmp_path: Path, saved: Path) -> None:
    save_policy(load_policy(saved), tmp_path / "again")
    for file in saved.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(tensor_files, "write_json", fail)
    with pytest.raises(OSError, match="disk full"):
        save_policy(_policy(), tmp_path / "policy")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_not_overwritten(saved: Path) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    with pytest.raises(InvalidArgumentError, match="new or empty"):
        save_policy(_policy(), saved)
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before


@pytest.mark.parametrize("name", [storage.CARD, WEIGHTS])
def test_a_missing_file_is_named(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(InvalidDataError, match=name):
        load_policy(saved)


def test_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="nowhere"):
        load_policy(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "other"}', "\x80"])
def test_a_card_of_something_else_is_refused(saved: Path, text: str) -> None:
    (saved / storage.CARD).write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidDataError, match=storage.CARD):
        load_policy(saved)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("version",), storage.VERSION - 1, "version"),
        (("semantics",), SEMANTICS + 1, "semantics"),
        (("config", "settings", "width"), -2, "width"),
        (("config", "settings", "width"), 32, "policy"),
        (("config", "settings", "surprise"), 1, "surprise"),
        (("config", "surprise"), 1, "surprise"),
        (("config", "planner"), "nonsense", "nonsense"),
        (("models", 0, "tasks"), ["nonsense"], "nonsense"),
        (("models", 0, "tasks"), ["bcb"], "bcb"),
        (("models", 0, "features"), ["time_left"], "policy"),
        (("models", 0, "mean"), "x", "mean"),
        (("models", 0, "mean"), [0.0], "states.mean"),
        (("models", 0, "unit", 3), float("nan"), "states.unit"),
        (("models", 0, "deviation", 0), 0.0, "states.deviation"),
        (("models", 0, "actions", "mean"), float("nan"), "actions.mean"),
        (("models", 0, "actions", "lowest"), 1e9, "actions.lowest"),
        (("models", 0, "field_mean"), [0.0], "requirements.mean"),
        (("models", 0, "field_deviation", 1), -1.0, "requirements.deviation"),
        (("models", 0, "mean_return"), 0.0, "mean_return"),
        (("models", 0, "pace"), [0.5, float("nan")], "pace"),
        (("models", 0, "returns"), {}, "returns.*cpa_mcb"),
        (("models", 0, "returns", "cpa_mcb", "residuals"), [1.0], "101 residuals"),
        (("models", 0, "returns", "cpa_mcb", "residuals"), [float("nan")] * 101, "finite"),
        (("models", 0, "returns", "cpa_mcb", "slope"), float("inf"), "finite"),
        (("models", 0, "returns", "cpa_mcb"), None, "returns"),
        (("requests", "bcb"), {"quantile": 7.0, "ratio": 1.0}, "quantile"),
        (("requests", "bcb"), {"adapt": -1.0}, "adapt"),
        (("requests",), {}, "requests"),
    ],
)
def test_cards_that_do_not_fit_are_refused(
    saved: Path, path: tuple[str | int, ...], value: object, named: str
) -> None:
    card = json.loads((saved / storage.CARD).read_text())
    place = card
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (saved / storage.CARD).write_text(json.dumps(card))
    with pytest.raises(InvalidDataError, match=named):
        load_policy(saved)


def test_weights_of_another_policy_are_refused(saved: Path) -> None:
    tensors = load_file(saved / WEIGHTS)
    first = next(iter(tensors))
    tensors[first] = tensors[first] + 1.0
    save_file(tensors, saved / WEIGHTS)
    with pytest.raises(InvalidDataError, match=WEIGHTS):
        load_policy(saved)


def test_weights_cut_short_are_refused(saved: Path) -> None:
    file = saved / WEIGHTS
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InvalidDataError, match=WEIGHTS):
        load_policy(saved)
