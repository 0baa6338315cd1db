"""What losses, gradients and weights of targets have to be."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from auctionsim.errors import describe
from vao.planners.settings import check_numbers
from vao.weighting.protocol import DivergedError

__all__ = ["above_floor", "check_floor", "summing_to_count"]


def check_floor(settings: object) -> None:
    """Raise unless a rule's `floor` is a number.

    Raises:
        InvalidArgumentError: If it is not.
    """
    check_numbers(settings, "floor", least=-math.inf)


def above_floor(losses: Tensor, floor: float, step: int) -> Tensor:
    """Return losses less their floor, (targets,), for rules that take logarithms or ratios.

    Args:
        losses: (targets,) mean losses.
        floor: What all of them must exceed.
        step: Index of the update, for the message.

    Raises:
        DivergedError: If one does not, or is not finite.
    """
    wrong = ~((losses > floor) & losses.isfinite())
    if bool(wrong.any()):
        target = int(wrong.nonzero()[0])
        rule = f"must be finite and > {floor:g}, the rule's `floor`, at step {step}"
        mend = "Set `floor` below all losses, or lower `learning_rate`."
        raise DivergedError(describe(f"losses[{target}]", rule, float(losses[target]), mend))
    return losses - floor


def summing_to_count(weights: Tensor) -> Tensor:
    """Return weights in proportion, with their number as their sum.

    Weights whose sum is 0, but for rounding, have no such proportion: then all are 1.
    """
    total = weights.sum()
    if bool(total.abs() <= 1e-12 * weights.abs().sum()):
        return torch.ones_like(weights)
    return weights / total * len(weights)
