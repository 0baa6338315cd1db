"""Training configs: their rules, files and errors."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from auctionsim.errors import InvalidArgumentError
from vao import TrainingConfig, load_training_config
from vao.config import METHODS

FROM_ZERO = ("seed", "steps", "patience", "groups")


@pytest.mark.parametrize("method", METHODS)
def test_the_small_config_serves_all_methods(method: str) -> None:
    config = load_training_config("small", method=method, seed=7)
    assert (config.method, config.seed) == (method, 7)
    assert config == load_training_config("small", method=method, seed=7)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("method: naive\nfeatures: [time_left, budget_left]\nlearning_rate: 1\n")
    config = load_training_config(str(path))
    assert config == TrainingConfig(
        method="naive", features=("time_left", "budget_left"), learning_rate=1.0
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("learning_rate: '3e-4'", "without quotes"),
        ("learnign_rate: 0.1", "learning_rate"),
        ("method: vaoo", "method"),
        ("steps: 1.5", "steps"),
        ("steps: true", "steps"),
        ("features: time_left", "features"),
    ],
)
def test_slips_in_a_file_are_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InvalidArgumentError, match=named):
        load_training_config(str(path))


@pytest.mark.parametrize("override", [{"stepz": 3}, {"steps": "many"}, {"steps": -1}])
def test_slips_in_overrides_are_named(override: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="step"):
        load_training_config("small", **override)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "famo"},
        {"method": "odmm"},
        {"method": "oddm-equal"},
        {"method": "mdmm-vao"},
        {"method": "odmm-famo"},
        {"share_above": 1.5},
        {"share_above": float("nan")},
        {"share_above": 0.5, "method": "none"},
        {"groups": 4, "method": "none"},
        {"train_on_validation": True, "method": "vao"},
        {"learning_rate": -1.0},
        {"gradient_clip": 0.0},
        {"precision": "float16"},
        {"planner": "aigp"},
        {"planner": "tests.vao.toys:Nobody"},
        {"ema": 1.0},
        {"ema": -0.1},
        {"ema": float("nan")},
        {"quantile": 2.0},
        {"ratio": 0.0},
        *({name: -1} for name in FROM_ZERO),
        *(
            {f.name: 0}
            for f in fields(TrainingConfig)
            if f.type == "int" and f.name not in FROM_ZERO
        ),
    ],
)
def test_broken_rules_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(change))):
        TrainingConfig(**change)


@pytest.mark.parametrize(
    ("planner", "settings", "named"),
    [
        ("aigb", {"width": 30, "heads": 4}, "width"),
        ("aigb", {"consistency": -0.1}, "consistency"),
        ("aigb", {"widht": 8}, "width"),
        ("aigb", {"width": "wide"}, "width"),
        ("tests.vao.toys:Toy", {"width": 8}, "width"),
    ],
)
def test_settings_are_the_planners(planner: str, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        TrainingConfig(planner=planner, settings=settings)


@pytest.mark.parametrize(
    ("method", "weighting", "named"),
    [
        ("vao", {"temperature": 0.0}, "temperature"),
        ("odmm-vao", {"temperature": float("nan")}, "temperature"),
        ("vao", {"temprature": 1.0}, "temperature"),
        ("vao", {"alignment": "angle"}, "alignment"),
        ("naive", {"temperature": 1.0}, "temperature"),
    ],
)
def test_what_a_rule_is_told_is_its_own(method: str, weighting: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        TrainingConfig(method=method, weighting=weighting)


def test_another_rule_begins_with_its_own_settings(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("method: vao\nweighting: {temperature: 2.0}\n")
    assert load_training_config(str(path), method="odmm-vao").weighting == {"temperature": 2.0}
    assert load_training_config(str(path), method="naive").weighting == {}
    told = load_training_config(str(path), method="vao", weighting={"refresh": 1})
    assert told.weighting == {"refresh": 1}


def test_a_file_without_a_method_is_of_the_one_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("weighting: {floor: -1.0}\n")
    assert load_training_config(str(path), method="odom-famo").weighting == {"floor": -1.0}
    path.write_text("train_on_validation: true\n")
    assert load_training_config(str(path), method="odom-equal").train_on_validation
    with pytest.raises(InvalidArgumentError, match="train_on_validation"):
        load_training_config(str(path))


@pytest.mark.parametrize(
    ("method", "wants"), [("none", False), ("naive", False), ("vao", True), ("odmm-vao", True)]
)
def test_held_out_data_are_wanted_by_rules_that_measure_on_them(method: str, wants: bool) -> None:
    assert TrainingConfig(method=method).wants_validation == wants
    if not wants:
        assert TrainingConfig(method=method, train_on_validation=True).wants_validation
    trained = TrainingConfig(method="vao", weighting={"signal": "training"})
    assert not trained.wants_validation


def test_what_counts_from_0_may_be_0() -> None:
    assert TrainingConfig(steps=0, seed=0, patience=0, ema=0.0).steps == 0


def test_a_planner_of_ones_own_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("planner: tests.vao.toys:Toy\nsettings: {warm: 2}\n")
    config = load_training_config(str(path))
    assert config.settings == {"warm": 2}
    # Another planner begins with its own settings.
    assert load_training_config(str(path), planner="aigb").settings == {}
    told = load_training_config(str(path), planner="aigb", settings={"width": 8})
    assert told.settings == {"width": 8}
    assert load_training_config(str(path), steps=3).settings == {"warm": 2}


@pytest.mark.parametrize("method", ["odom-fame", "odom-", "odom-tests.vao.toys:Toy", "-equal"])
def test_a_rule_that_is_none_is_named(method: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"weighting|setting"):
        TrainingConfig(method=method)
