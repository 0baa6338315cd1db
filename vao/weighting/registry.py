"""Weightings by name: the only place that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auctionsim.strict_mapping import build
from vao.named_classes import named_class
from vao.weighting.protocol import ALONE, Context, Weighting

__all__ = ["WEIGHTINGS", "make", "weighting_class", "weighting_settings"]

WEIGHTINGS: dict[str, str] = {
    "equal": "vao.weighting.equal:EqualWeights",
    "vao": "vao.weighting.validation_aligned:ValidationAligned",
    "sampled_vao": "vao.weighting.sampled:SampledVao",
    "uniform": "vao.weighting.fixed:Uniform",
    "own_heavy": "vao.weighting.fixed:OwnHeavy",
    "schedule": "vao.weighting.fixed:Schedule",
    "famo": "vao.weighting.balance:Famo",
    "pcgrad": "vao.weighting.balance:PcGrad",
    "fairgrad": "vao.weighting.balance:FairGrad",
    "cagrad": "vao.weighting.balance:CaGrad",
    "mgda": "vao.weighting.balance:Mgda",
    "imtl_g": "vao.weighting.balance:ImtlG",
    "nash_mtl": "vao.weighting.balance:NashMtl",
    "grad_norm": "vao.weighting.balance:GradNorm",
    "uw": "vao.weighting.balance:Uncertainty",
    "dwa": "vao.weighting.balance:DynamicAverage",
    "rlw": "vao.weighting.balance:RandomWeights",
    "go4align": "vao.weighting.balance:Go4Align",
}
"""Name of each rule, and where it is; imported on first use."""


def weighting_class(name: str) -> type[Weighting]:
    """Return a rule's class by name, or from `module:Class` for one of your own.

    Raises:
        InvalidArgumentError: If there is no such rule, or what is named is none.
    """
    # mypy takes an abstract base for a wrong argument; it is what to inherit from.
    return named_class("weighting", name, WEIGHTINGS, Weighting)  # type: ignore[type-abstract]


def weighting_settings(name: str, settings: Mapping[str, Any]) -> Any:
    """Build a rule's settings from plain values.

    Raises:
        InvalidArgumentError: If there is no such rule or setting, or a value breaks its rule.
    """
    return build(weighting_class(name).Settings, settings)


def make(name: str, *, context: Context = ALONE, **settings: Any) -> Weighting:
    """Build a rule by name: `make("vao", temperature=0.1)`.

    Args:
        name: A name in `WEIGHTINGS`, or `module:Class`.
        context: What it may know of the run.
        settings: Those of its `Settings` that shall not have their defaults.

    Raises:
        InvalidArgumentError: As `weighting_settings`.
    """
    return weighting_class(name)(weighting_settings(name, settings), context)
