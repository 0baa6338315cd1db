"""How a planner is trained: one dataclass for Python, files and command lines."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from auctionsim.config_files import build, load
from auctionsim.errors import invalid_argument, unknown_name
from vao.request import Request

__all__ = ["METHODS", "Method", "TrainingConfig", "load_training_config"]

Method = Literal["none", "naive", "vao"]
METHODS: tuple[Method, ...] = ("none", "naive", "vao")

_POSITIVE = ("learning_rate", "gradient_clip", "temperature")
_COUNTS = (
    *("steps", "batch", "width", "blocks", "heads", "inverse_steps", "inverse_width"),
    *("select_every", "log_every", "refresh", "validation_batch"),
)


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one training run; all methods share all of them but the last group.

    Attributes:
        method: "none" trains a model a task on its own data (MDMM), "naive" one model on the pooled
            data (ODOM, equal weights), "vao" one model on it with validation-aligned weights.
        seed: Seed of initial weights and of all draws.
        device: Where to train: "cpu", "cuda", "cuda:1", ...
        features: State features the planner sees; all of the data's if null.
        steps: Updates; with "none" each task's model gets so many.
        batch: n, samples a target task and step.
        learning_rate: Adam's, at the start; it decays to 0 along a cosine.
        gradient_clip: Largest norm of an update's gradient.
        width: Size of the planner's hidden features.
        blocks: Transformer blocks.
        heads: Attention heads; they divide the width.
        film: Whether FiLM layers stand between the blocks.
        consistency: Weight of the consistency term (see `vao.objective.PlanningObjective`).
        inverse_steps: Updates of the inverse dynamics, before the planner's.
        inverse_width: Size of the inverse dynamics' hidden layers.
        select_every: Updates between roll-outs that choose the checkpoint.
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
    seed: int = 0
    device: str = "cpu"
    features: tuple[str, ...] | None = None
    steps: int = 1000
    batch: int = 32
    learning_rate: float = 0.001
    gradient_clip: float = 1.0
    width: int = 64
    blocks: int = 2
    heads: int = 4
    film: bool = True
    consistency: float = 0.1
    inverse_steps: int = 1000
    inverse_width: int = 128
    select_every: int = 200
    quantile: float = 0.75
    ratio: float = 0.9
    log_every: int = 20
    temperature: float = 0.1
    refresh: int = 5
    validation_batch: int = 8

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown_name("method", str(self.method), METHODS)
        for name in _POSITIVE:
            self._require(name, _finite(getattr(self, name)) and getattr(self, name) > 0, "> 0")
        for name in _COUNTS:
            self._require(name, _whole(getattr(self, name)) and getattr(self, name) >= 1, ">= 1")
        self._require("seed", _whole(self.seed) and self.seed >= 0, ">= 0")
        self._require("consistency", _finite(self.consistency) and self.consistency >= 0, ">= 0")
        if self.width % self.heads:
            raise invalid_argument(
                "width", f"must be a multiple of heads = {self.heads}", self.width, "Round it."
            )
        Request(self.quantile, self.ratio)

    def _require(self, name: str, kept: bool, rule: str) -> None:
        if not kept:
            kind = "finite" if name in _POSITIVE or name == "consistency" else "whole"
            rule = f"must be {kind} and {rule}"
            raise invalid_argument(name, rule, getattr(self, name), "Change it.")


def load_training_config(name: str = "small", **overrides: Any) -> TrainingConfig:
    """Read a training config by name or path.

    Args:
        name: A name in `configs/training`, or the path of a YAML file of the same form.
        overrides: Values that replace the file's, such as `method="naive"`.

    Raises:
        InvalidArgumentError: No such config, an unknown key, a wrong type or a broken rule.
    """
    config = load(TrainingConfig, "training", name)
    build(TrainingConfig, overrides)
    return replace(config, **overrides)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
