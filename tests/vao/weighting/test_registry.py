"""Rules by name: all build, and what is no rule is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.quadratic import Quadratic, problem
from vao.weighting.equal import NO_SETTINGS, EqualWeights, NoSettings
from vao.weighting.fixed import OwnHeavy
from vao.weighting.protocol import ALONE, Context, Sampler, StepReport, Weighting
from vao.weighting.registry import WEIGHTINGS, make, weighting_class, weighting_settings
from vao.weighting.validation_aligned import ValidationAligned

HERE = "tests.vao.weighting.test_registry"


class Doubled(EqualWeights):
    """A rule of one's own."""


class Unfinished(Weighting):
    """A rule that lacks its method."""

    Settings = NoSettings
    weighs = "nothing"

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        pass


class Unsettled(Unfinished):
    """A rule whose settings are none."""

    Settings = dict[str, float]

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        raise NotImplementedError


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_every_rule_builds_and_makes_an_update(name: str) -> None:
    theta, curvature, sampler = problem(0, 3, [2, 2, 2])
    objective = Quadratic(theta, curvature)
    rule = make(name, context=Context(steps=10))
    assert isinstance(rule, Weighting)
    assert rule.weighs in ("nothing", "sources", "targets")
    report = rule.accumulate(objective, sampler, 0)
    assert report.losses.shape == (3,)
    assert bool(torch.from_numpy(objective.gradient()).isfinite().all())
    assert objective.gradient().any()


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_every_rule_builds_without_a_context(name: str) -> None:
    assert type(make(name)) is weighting_class(name)


def test_settings_are_named() -> None:
    with pytest.raises(TypeError, match="positional"):
        make("vao", 0.1)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("name", ["vao", "sampled_vao", "famo", "grad_norm", "uw"])
def test_a_rule_that_remembers_keeps_its_tasks(name: str) -> None:
    rule = make(name, context=Context(steps=10))
    for tasks in (3, 2):
        theta, curvature, sampler = problem(0, tasks, [4] * tasks)
        if tasks == 2:
            with pytest.raises(InvalidArgumentError, match="`sampler` must have as many"):
                rule.accumulate(Quadratic(theta, curvature), sampler, 1)
            break
        objective = Quadratic(theta, curvature)
        rule.accumulate(objective, sampler, 0)
        rule.stepped(objective)


def test_every_rule_has_a_name_of_its_own() -> None:
    assert len(set(WEIGHTINGS.values())) == len(WEIGHTINGS)


def test_settings_are_passed_on() -> None:
    rule = make("vao", temperature=0.5, refresh=2)
    assert isinstance(rule, ValidationAligned)
    assert (rule.settings.temperature, rule.settings.refresh) == (0.5, 2)
    heavy = make("own_heavy", own=1)
    assert isinstance(heavy, OwnHeavy)
    assert heavy.settings.own == 1.0


def test_a_rule_of_ones_own_goes_by_module_and_class() -> None:
    assert type(make(f"{HERE}:Doubled")).__name__ == "Doubled"


@pytest.mark.parametrize(("name", "near"), [("voa", "'vao'"), ("pc_grad", "'pcgrad'")])
def test_names_the_nearest_rule(name: str, near: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"weighting.*Did you mean {near}"):
        weighting_class(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nothing like it",
        ":",
        "a.b:",
        ":Doubled",
        "no.such.module:Doubled",
        f"{HERE}:NoSuchClass",
        f"{HERE}:HERE",
        f"{HERE}:Unfinished",
        f"{HERE}:Unsettled",
        "vao.weighting.protocol:Weighting",
        "vao.weighting.settings:VaoSettings",
        "tests..weighting:Doubled",
    ],
)
def test_refuses_what_is_no_rule(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="weighting"):
        weighting_class(name)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("equal", {"temperature": 0.1}),
        ("vao", {"temprature": 0.1}),
        ("vao", {"temperature": "warm"}),
        ("vao", {"temperature": 0.0}),
        ("vao", {"alignment": "angle"}),
        ("own_heavy", {"own": 2.0}),
        ("schedule", {"until": None}),
    ],
)
def test_refuses_wrong_settings(name: str, settings: Mapping[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        weighting_settings(name, settings)
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        make(name, **settings)
