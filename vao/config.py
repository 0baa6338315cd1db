"""How a planner is trained: one dataclass for Python, files and command lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from auctionsim.config_files import build, load
from auctionsim.errors import invalid_argument, unknown_name
from vao.request import Request

__all__ = ["METHODS", "TrainingConfig", "load_training_config"]

METHODS = ("none", "naive", "vao")
"""Own data only, pooled data, and VAO: what a first look compares."""

Precision = Literal["float32", "bfloat16"]
_PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

_POSITIVE = ("learning_rate", "gradient_clip")
_COUNTS = ("batch", "select_every", "log_every")
_FROM_ZERO = ("seed", "steps", "patience", "groups")


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one training run.

    Attributes:
        method: How data are shared: "SETTING-WEIGHTING", such as "odom-famo" (see
            `vao.methods.Method`); "none" is short for mdmm-equal (a model a task on its own data),
            "naive" for odom-equal (one model on pooled data) and "vao" for odom-vao.
        weighting: What the method's rule can be told (see its `Settings`), by name.
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
        share_above: Only those of other tasks' trajectories are shared whose return a unit of
            budget reaches this quantile of the target's own; null shares all.
        train_on_validation: Whether the held-out data that validation-aligned weights are measured
            on join the training data instead; not for rules that measure on them.
        groups: Divide the data into so many tasks, by kind, tightness of the target and category
            (see `vao.dividing`), for a model of all; 0 takes the kinds as they are.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    method: str = "vao"
    weighting: Mapping[str, Any] = field(default_factory=dict)
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
    share_above: float | None = None
    train_on_validation: bool = False
    groups: int = 0

    def __post_init__(self) -> None:
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
        above = self.share_above
        if above is not None and not (_finite(above) and 0.0 <= above <= 1.0):
            raise invalid_argument("share_above", "must be in [0, 1]", above, "Try 0.5.")
        Request(self.quantile, self.ratio)
        self._check_planner()
        self._check_method()

    def with_method(
        self, method: str, weighting: Mapping[str, Any] | None = None
    ) -> TrainingConfig:
        """Return the same training with another method.

        Args:
            method: Its name.
            weighting: What its rule is told; None keeps what the rule is told here, or its
                defaults if it is another one.
        """
        from vao.methods import Method  # needs torch

        if weighting is None:
            same = Method.of(method).weighting == Method.of(self.method).weighting
            weighting = self.weighting if same else {}
        return replace(self, method=method, weighting=weighting)

    @property
    def wants_validation(self) -> bool:
        """Whether training needs held-out data, to measure or to train on."""
        from vao.methods import Method  # needs torch
        from vao.weighting.registry import weighting_class, weighting_settings

        rule = Method.of(self.method).weighting
        settings = weighting_settings(rule, self.weighting)
        return self.train_on_validation or weighting_class(rule).validates(settings)

    def _require(self, name: str, kept: bool, rule: str) -> None:
        if not kept:
            kind = "finite" if name in _POSITIVE else "whole"
            rule = f"must be {kind} and {rule}"
            raise invalid_argument(name, rule, getattr(self, name), "Change it.")

    def _check_planner(self) -> None:
        from vao.planners.registry import planner_settings  # needs torch: slow to import

        planner_settings(self.planner, self.settings)

    def _check_method(self) -> None:
        from vao.methods import Method  # needs torch
        from vao.weighting.registry import weighting_class, weighting_settings

        method = Method.of(self.method)
        settings = weighting_settings(method.weighting, self.weighting)
        if self.share_above is not None and not method.pooled:
            rule = "must be null in a setting that shares no data"
            raise invalid_argument("share_above", rule, self.share_above, "Use odmm or odom.")
        if self.groups and not method.joint:
            rule = "must be 0 in a setting with a model a task"
            raise invalid_argument("groups", rule, self.groups, "Use mdom or odom.")
        if self.train_on_validation and weighting_class(method.weighting).validates(settings):
            rule = "must be false for a rule that measures on held-out data"
            raise invalid_argument("train_on_validation", rule, True, "Leave it out.")


def load_training_config(name: str = "small", **overrides: Any) -> TrainingConfig:
    """Read a training config by name or path.

    Args:
        name: A name in `configs/training`, or the path of a YAML file of the same form.
        overrides: Values that replace the file's, such as `method="naive"`. Another `planner`
            than the file's begins with its own default settings, and so does another rule of
            weighting; where the file names no method, what it says of one is of this.

    Raises:
        InvalidArgumentError: No such config, an unknown key, a wrong type or a broken rule.
    """
    asked = {"method": overrides["method"]} if "method" in overrides else {}
    config = load(TrainingConfig, "training", name, asked)
    if overrides.get("planner", config.planner) != config.planner:
        overrides = {"settings": {}, **overrides}
    method = overrides.pop("method", config.method)
    changed = config.with_method(method, overrides.pop("weighting", None))
    build(TrainingConfig, {"method": method, "weighting": changed.weighting, **overrides})
    return replace(changed, **overrides)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
