"""Policies on disk: they act the same, and wrong files are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
from vao import PlannerBidder, Request, load_policy, save_policy, storage, train
from vao.config import METHODS


def _policy(method: Any = "none") -> PlannerBidder:
    training, validation = make_trajectories(seed=1), make_trajectories(seed=2)
    config = tiny_config(method=method, features=FEATURES[:10])
    policy = train(training, config, validation=validation, progress=False).policy
    return policy.asking({task: Request(0.6, 0.7) for task in policy.tasks})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with a policy."""
    save_policy(_policy(), tmp_path / "policy")
    return tmp_path / "policy"


@pytest.mark.parametrize("method", METHODS)
def test_a_loaded_policy_acts_the_same(tmp_path: Path, method: Any) -> None:
    policy = _policy(method)
    save_policy(policy, tmp_path / "deep" / "policy")
    loaded = load_policy(tmp_path / "deep" / "policy")
    assert loaded.config == policy.config
    assert loaded.requests == policy.requests
    campaigns = make_campaigns(all_tasks())
    for bidder in (policy, loaded):
        bidder.reset(campaigns)
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        observation = make_observation(step, rng.uniform(size=(6, len(FEATURES))))
        np.testing.assert_array_equal(loaded.act(observation), policy.act(observation))


@pytest.mark.parametrize("method", METHODS)
def test_returns_survive_saving(tmp_path: Path, method: Any) -> None:
    policy = _policy(method)
    save_policy(policy, tmp_path / "policy")
    assert "NaN" not in (tmp_path / "policy" / storage.CARD).read_text()
    for model, loaded in zip(policy.models, load_policy(tmp_path / "policy").models, strict=True):
        expected = model.scales.requirements.returns
        np.testing.assert_array_equal(loaded.scales.requirements.returns, expected)
        assert np.isnan(expected).any() == (method == "none")


def test_saving_twice_gives_the_same_bytes(tmp_path: Path, saved: Path) -> None:
    save_policy(load_policy(saved), tmp_path / "again")
    for file in saved.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(storage, "write_json", fail)
    with pytest.raises(OSError, match="disk full"):
        save_policy(_policy(), tmp_path / "policy")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_not_overwritten(saved: Path) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    with pytest.raises(InvalidArgumentError, match="new or empty"):
        save_policy(_policy(), saved)
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before


@pytest.mark.parametrize("name", [storage.CARD, storage.WEIGHTS])
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
        (("config", "width"), -1, "width"),
        (("config", "width"), 32, "policy"),
        (("config", "surprise"), 1, "surprise"),
        (("models", 0, "tasks"), ["nonsense"], "nonsense"),
        (("models", 0, "tasks"), ["bcb"], "bcb"),
        (("models", 0, "features"), ["time_left"], "policy"),
        (("models", 0, "mean"), "x", "mean"),
        (("models", 0, "returns"), {}, "returns of cpa_mcb"),
        (("models", 0, "returns", "cpa_mcb"), [1.0], "101 finite numbers"),
        (("models", 0, "returns", "cpa_mcb"), [float("nan")] * 101, "0 of them finite"),
        (("models", 0, "returns", "cpa_mcb"), None, "returns"),
        (("requests", "bcb"), {"quantile": 7.0, "ratio": 1.0}, "quantile"),
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
    tensors = load_file(saved / storage.WEIGHTS)
    first = next(iter(tensors))
    tensors[first] = tensors[first] + 1.0
    save_file(tensors, saved / storage.WEIGHTS)
    with pytest.raises(InvalidDataError, match=storage.WEIGHTS):
        load_policy(saved)


def test_weights_cut_short_are_refused(saved: Path) -> None:
    file = saved / storage.WEIGHTS
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InvalidDataError, match=storage.WEIGHTS):
        load_policy(saved)
