"""How a planner is trained: one dataclass for Python, files and command lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from auctionsim.config_files import build, load
from auctionsim.errors import invalid_argument, unknown_name
from vao.request import Request

__all__ = ["METHODS", "Method", "TrainingConfig", "load_training_config"]

Method = Literal["none", "naive", "vao"]
METHODS: tuple[Method, ...] = ("none", "naive", "vao")

Precision = Literal["float32", "bfloat16"]
_PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

_POSITIVE = ("learning_rate", "gradient_clip", "temperature")
_COUNTS = ("batch", "select_every", "log_every", "refresh", "validation_batch")
_FROM_ZERO = ("seed", "steps", "patience")


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one training run; all methods share all of them but the last group.

    Attributes:
        method: "none" trains a model a task on its own data (MDMM), "naive" one model on the pooled
            data (ODOM, equal weights), "vao" one model on it with validation-aligned weights.
        planner: Family of planners: a name in `vao.planners.PLANNERS`, or `module:Class`.
        settings: What that planner can be told (see its `Settings`), by name.
        seed: Seed of initial weights and of all draws.
        device: Where to train: "cpu", "cuda", "cuda:1", ...
        precision: "float32", or "bfloat16" for mixed precision in the planner's losses.
        features: State features the planner sees; all of the data's if null.
        steps: Updates of the stages that share data; with "none" each task's model gets so many. 0
            leaves them untrained.
        batch: n, samples a target task and step.
        learning_rate: Adam's, at the start of a stage; it decays to 0 along a cosine.
        gradient_clip: Largest norm of an update's gradient.
        ema: Share of the old in the moving average of the weights that is scored and kept, in
            [0, 1); 0 keeps the weights themselves.
        select_every: Updates between roll-outs that choose the checkpoint.
        patience: Training of a model ends after so many of them in a row without a better Score;
            0 never ends it early.
        quantile: Return to ask for in these (see `vao.request.Request`).
        ratio: CPA and ROAS to ask for in these.
        log_every: Updates between records of the losses.
        temperature: VAO's lambda.
        refresh: VAO's updates between renewals of the weights.
        validation_batch: VAO's held-out samples of a target and renewal.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    method: Method = "vao"
    planner: str = "aigb"
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    precision: Precision = "float32"
    features: tuple[str, ...] | None = None
    steps: int = 1000
    batch: int = 32
    learning_rate: float = 0.001
    gradient_clip: float = 1.0
    ema: float = 0.0
    select_every: int = 200
    patience: int = 0
    quantile: float = 0.75
    ratio: float = 0.9
    log_every: int = 20
    temperature: float = 0.1
    refresh: int = 5
    validation_batch: int = 8

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown_name("method", str(self.method), METHODS)
        if self.precision not in _PRECISIONS:
            raise unknown_name("precision", str(self.precision), _PRECISIONS)
        for name in _POSITIVE:
            self._require(name, _finite(getattr(self, name)) and getattr(self, name) > 0, "> 0")
        for name in _COUNTS:
            self._require(name, _whole(getattr(self, name)) and getattr(self, name) >= 1, ">= 1")
        for name in _FROM_ZERO:
            self._require(name, _whole(getattr(self, name)) and getattr(self, name) >= 0, ">= 0")
        if not (_finite(self.ema) and 0.0 <= self.ema < 1.0):
            raise invalid_argument("ema", "must be in [0, 1)", self.ema, "Try 0.99.")
        Request(self.quantile, self.ratio)
        self._check_planner()

    def _require(self, name: str, kept: bool, rule: str) -> None:
        if not kept:
            kind = "finite" if name in _POSITIVE else "whole"
            rule = f"must be {kind} and {rule}"
            raise invalid_argument(name, rule, getattr(self, name), "Change it.")

    def _check_planner(self) -> None:
        from vao.planners.registry import planner_settings  # needs torch: slow to import

        planner_settings(self.planner, self.settings)


def load_training_config(name: str = "small", **overrides: Any) -> TrainingConfig:
    """Read a training config by name or path.

    Args:
        name: A name in `configs/training`, or the path of a YAML file of the same form.
        overrides: Values that replace the file's, such as `method="naive"`. Another `planner`
            than the file's begins with its own default settings.

    Raises:
        InvalidArgumentError: No such config, an unknown key, a wrong type or a broken rule.
    """
    config = load(TrainingConfig, "training", name)
    if overrides.get("planner", config.planner) != config.planner:
        overrides = {"settings": {}, **overrides}
    build(TrainingConfig, overrides)
    return replace(config, **overrides)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
