"""What validation-aligned weighting can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auctionsim.errors import unknown_name
from vao.planners.settings import check_counts, check_numbers

__all__ = ["Alignment", "Lambda", "VaoSettings"]

Alignment = Literal["cosine", "inner_product"]
Lambda = Literal["fixed", "sources", "noise"]
_CHOICES: dict[str, tuple[str, ...]] = {
    "alignment": ("cosine", "inner_product"),
    "signal": ("validation", "training"),
    "parameters": ("all", "trunk"),
    "update": ("joint", "per_target"),
    "adapt": ("fixed", "sources", "noise"),
}


@dataclass(frozen=True)
class VaoSettings:
    """Settings of validation-aligned weighting.

    Cosines and a renewal every five updates are the VAO paper's (app. D), which does not tell
    lambda, the held-out batch, nor which parameters count: those defaults are ours.

    Attributes:
        temperature: lambda of eq. 6.
        refresh: Updates between renewals of the weights.
        validation_batch: Held-out samples of a target and renewal; 0 takes all there are.
        alignment: "cosine" of the two gradients (app. D) or their "inner_product" (eq. 5).
        signal: What sources are aligned with: the target's "validation" data, or another batch of
            its own "training" data (VAO-Train, sec. 5.3).
        parameters: Whose gradients are compared: "all" that learn, or the "trunk" that the targets
            share: all but the layers that the objective calls its `heads`.
        update: One "joint" update for all targets (eq. 9), or one "per_target" after the other
            (algorithm 2).
        smoothing: Share of the old in a running mean of the alignments that the weights are made
            of, in [0, 1); 0 uses each measurement alone, as the paper does.
        refresh_batch: Samples of a target at renewals; 0 takes as many as at other steps.
        adapt: How lambda is set: "fixed" at `temperature`; to give every target the same number of
            effective "sources"; or from `temperature` upwards by the "noise" of its alignments.
        effective_sources: exp of the entropy of a target's weights, for adapt "sources".
        noise_factor: lambda over the standard deviation of the alignments, for adapt "noise".

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    temperature: float = 0.1
    refresh: int = 5
    validation_batch: int = 8
    alignment: Alignment = "cosine"
    signal: Literal["validation", "training"] = "validation"
    parameters: Literal["all", "trunk"] = "all"
    update: Literal["joint", "per_target"] = "joint"
    smoothing: float = 0.0
    refresh_batch: int = 0
    adapt: Lambda = "fixed"
    effective_sources: float = 2.0
    noise_factor: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self, "temperature", above=True)
        check_counts(self, "refresh")
        check_counts(self, "validation_batch", "refresh_batch", least=0)
        check_numbers(self, "smoothing", most=0.9999)
        check_numbers(self, "effective_sources", least=1.0)
        check_numbers(self, "noise_factor", above=True)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise unknown_name(f"settings.{name}", str(getattr(self, name)), choices)
