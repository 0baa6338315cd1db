"""Training configs: their rules, files and errors."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from auctionsim.errors import InvalidArgumentError
from vao import TrainingConfig, load_training_config
from vao.config import METHODS


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
        ("learning_rate: 3e-4", "3.0e-4"),
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


@pytest.mark.parametrize("override", [{"stepz": 3}, {"steps": "many"}, {"steps": 0}])
def test_slips_in_overrides_are_named(override: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="step"):
        load_training_config("small", **override)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "famo"},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"learning_rate": -1.0},
        {"gradient_clip": 0.0},
        {"consistency": -0.1},
        {"seed": -1},
        {"width": 30, "heads": 4},
        {"quantile": 2.0},
        {"ratio": 0.0},
        *({f.name: 0} for f in fields(TrainingConfig) if f.type == "int" and f.name != "seed"),
    ],
)
def test_broken_rules_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(change))):
        TrainingConfig(**change)
