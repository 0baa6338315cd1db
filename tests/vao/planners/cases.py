"""All registered planners in small, for the tests of what they all must fulfil."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from tests.vao.planners.samples import SHAPE, build_planner, make_batch
from vao.batch import Batch
from vao.planners import PLANNERS, Planner, Stage, planner_class

#: Small values of settings of that name, wherever a planner has one.
SMALL: dict[str, Any] = {
    "width": 8,
    "blocks": 3,
    "heads": 2,
    "inverse_width": 8,
    "evaluator_width": 8,
    "levels": 6,
}
#: Settings of single planners that are tried beside their defaults.
VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {
    "aigb": ({"spread": "learned"}, {"film": False, "consistency": 0.0}),
    "diffbid": ({"guidance": 1.5, "target": "velocity"}, {"target": "noise", "temperature": 1.0}),
    "direct": ({"spread": "learned"}, {"film": False}),
    "pearl": ({"spread": "learned"},),
}
CASES = [(name, own) for name in PLANNERS for own in ({}, *VARIANTS.get(name, ()))]

Method = Callable[[Batch], Tensor]


def title(case: tuple[str, dict[str, Any]]) -> str:
    return "-".join([case[0], *(f"{key}={value}" for key, value in case[1].items())])


def build_case(case: tuple[str, dict[str, Any]]) -> Planner:
    """Build a planner as `build_planner` does, having taken note of some data."""
    name, own = case
    fields = {field.name for field in dataclasses.fields(planner_class(name).Settings)}
    small = {key: value for key, value in SMALL.items() if key in fields}
    planner = build_planner(name, **(small | own))
    for stage in planner.stages():
        planner.measure(make_batch(planner, samples=32, seed=9), stage)
    return planner


def another(planner: Planner) -> Planner:
    """Of the same settings, with other weights."""
    torch.manual_seed(7)
    return type(planner)(planner.settings, SHAPE).double()


def losses(planner: Planner, shared: bool = False) -> Iterator[tuple[Stage, Method]]:
    """All stages with their losses, or only those that train with shared data."""
    for stage in planner.stages():
        if stage.shared or not shared:
            yield stage, getattr(planner, stage.loss)


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def differ(found: Tensor, expected: Tensor) -> None:
    assert not torch.isclose(found, expected, rtol=1e-6, atol=1e-9).any()
