"""Planners by name: the only place that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from auctionsim.strict_mapping import build
from vao.named_classes import named_class
from vao.planners.protocol import Planner, Shape

__all__ = ["PLANNERS", "new_planner", "planner_class", "planner_settings"]

PLANNERS: dict[str, str] = {
    "aigb": "vao.planners.aigb:Aigb",
    "decision_transformer": "vao.planners.decision_transformer:DecisionTransformer",
    "direct": "vao.planners.direct:Direct",
    "diffbid": "vao.planners.diffbid:Diffbid",
    "pearl": "vao.planners.pearl:Pearl",
}
"""Name of each planner, and where it is; imported on first use."""


def planner_class(name: str) -> type[Planner]:
    """Return a planner's class by name, or from `module:Class` for one of your own.

    Raises:
        InvalidArgumentError: If there is no such planner, or what is named is none.
    """
    # mypy takes an abstract base for a wrong argument; it is what to inherit from.
    return named_class("planner", name, PLANNERS, Planner)  # type: ignore[type-abstract]


def planner_settings(name: str, settings: Mapping[str, Any]) -> Any:
    """Build a planner's settings from plain values.

    Raises:
        InvalidArgumentError: If there is no such planner or setting, or a value breaks its rule.
    """
    return build(planner_class(name).Settings, settings)


def new_planner(name: str, settings: Mapping[str, Any], shape: Shape, seed: int) -> Planner:
    """Build a planner on the CPU, its initial weights drawn from a seed of their own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return planner_class(name)(planner_settings(name, settings), shape)
