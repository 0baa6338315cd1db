"""Targets whose gradients and losses are chosen beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from vao.weighting import StepReport, Weighting
from vao.weighting.protocol import Context
from vao.weighting.registry import make

Vector = NDArray[np.float64]
OPTIONS: dict[str, dict[str, Any]] = {
    "famo": {},
    "pcgrad": {},
    "fairgrad": {"alpha": 2.0},
    "cagrad": {},
    "mgda": {},
    "imtl_g": {},
    "nash_mtl": {},
    "grad_norm": {},
    "uw": {"learning_rate": 0.1},
    "dwa": {"interval": 2},
    "rlw": {},
    "go4align": {"step_size": 0.1},
}
"""Every rule, set so that it moves within a few steps."""
GRAMIAN = ("pcgrad", "fairgrad", "cagrad", "mgda", "imtl_g", "nash_mtl")
BY_LOSSES = ("famo", "uw", "dwa", "rlw", "go4align")
STATEFUL = ("famo", "grad_norm", "uw", "dwa", "go4align")


class Lines(NamedTuple):
    """n slopes (n, numbers) and heights (n,) of linear losses."""

    slopes: Tensor
    heights: Tensor


class Linear(nn.Module):
    """Losses height + slope . point, one a sample; the point begins at 0, in two tensors."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.head = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.rest = nn.Parameter(torch.zeros(numbers - 1, dtype=torch.float64))
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)

    def forward(self, lines: Lines) -> Tensor:
        """Losses of the lines at the point, (n,)."""
        return lines.heights + lines.slopes @ torch.cat([self.head, self.rest])

    def gradient(self) -> Vector:
        """The gradient held, (numbers,)."""
        assert self.head.grad is not None
        assert self.rest.grad is not None
        return torch.cat([self.head.grad, self.rest.grad]).numpy().copy()


class Targets:
    """Gives each target a batch whose mean loss has the gradient and, at 0, the height wanted."""

    sources = 1

    def __init__(self, gradients: ArrayLike, losses: ArrayLike, samples: int = 2) -> None:
        rows = np.atleast_2d(np.asarray(gradients, np.float64))
        heights = np.asarray(losses, np.float64)
        self.targets = len(rows)
        rng = np.random.default_rng(0)
        noise = rng.normal(size=(samples, rows.shape[1]))
        noise -= noise.mean(axis=0)
        # Samples differ about their mean, in ways that leave equal targets equal to the bit.
        self.lines = [
            Lines(
                torch.from_numpy(row + 0.1 * noise * np.abs(row)),
                torch.full((samples,), height, dtype=torch.float64),
            )
            for row, height in zip(rows, heights.tolist(), strict=True)
        ]

    def own(self, target: int) -> int:
        """The one source."""
        return 0

    def batch(self, target: int) -> Lines:
        """The target's lines."""
        return self.lines[target]

    def by_source(self, target: int, samples: int | None = None) -> list[Any]:
        """Never asked for by these rules."""
        raise AssertionError

    def mixed(self, target: int, chances: Any) -> tuple[Any, Any]:
        """Never asked for by these rules."""
        raise AssertionError

    def validation(self, target: int, samples: int | None = None) -> Any:
        """Never asked for by these rules."""
        raise AssertionError

    def own_training(self, target: int, samples: int | None = None) -> Any:
        """Never asked for by these rules."""
        raise AssertionError


def rule_of(name: str, seed: int = 0, **settings: Any) -> Weighting:
    """A rule as `OPTIONS` has it."""
    return make(name, context=Context(seed=seed), **{**OPTIONS[name], **settings})


def update_of(
    rule: Weighting, gradients: ArrayLike, losses: ArrayLike | None = None, step: int = 0
) -> tuple[Vector, StepReport]:
    """The update (numbers,) a rule makes of gradients (targets, numbers), and its report."""
    rows = np.atleast_2d(np.asarray(gradients, np.float64))
    sampler = Targets(rows, np.ones(len(rows)) if losses is None else losses)
    objective = Linear(rows.shape[1])
    report = rule.accumulate(objective, sampler, step)
    return objective.gradient(), report


def weights_of(
    rule: Weighting, gradients: ArrayLike, losses: ArrayLike | None = None, step: int = 0
) -> Vector:
    """The weights (targets,) of an update, scaled to sum to their number."""
    report = update_of(rule, gradients, losses, step)[1]
    assert report.balance is not None
    return report.balance.numpy()


def train(
    rule: Weighting, sampler: Targets, objective: Linear, steps: Sequence[int], rate: float = 0.01
) -> list[Vector]:
    """Plain descent under a rule; the weights of each step, (targets,)."""
    told = []
    for step in steps:
        report = rule.accumulate(objective, sampler, step)
        assert report.balance is not None
        told.append(report.balance.numpy())
        with torch.no_grad():
            for parameter in (objective.head, objective.rest):
                assert parameter.grad is not None
                parameter.sub_(rate * parameter.grad)
        rule.stepped(objective)
    return told
