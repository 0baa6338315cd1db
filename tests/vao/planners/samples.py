"""Made-up batches and histories for planners of any family."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vao.batch import Batch, History
from vao.conditions import FIELDS, REQUIREMENTS
from vao.planners import Planner, Shape, new_planner

STEPS, FEATURES, STATIC = 8, 5, 3
SHAPE = Shape(requirements=REQUIREMENTS, features=FEATURES, static=STATIC, steps=STEPS)


def build_planner(name: str, **settings: Any) -> Planner:
    """Build a planner of double precision whose parameters are all off their initial values."""
    planner = new_planner(name, settings, SHAPE, seed=0).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in planner.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.add_(0.1 * noise)
    return planner


def make_batch(planner: Planner, samples: int = 6, seed: int = 2) -> Batch:
    """Trajectories of noise: all active, but the first two, which end early and never begin."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    active = torch.ones(samples, STEPS, dtype=torch.float64)
    active[0, STEPS // 2 :] = 0.0
    active[1] = 0.0
    mask = (draw(samples, len(FIELDS)) > -0.5).double()
    return Batch(
        states=draw(samples, STEPS + 1, FEATURES),
        actions=draw(samples, STEPS),
        active=active,
        static=draw(samples, STATIC),
        requirements=torch.cat([draw(samples, len(FIELDS)) * mask, mask], dim=1),
        to_go=draw(samples, STEPS).abs().cumsum(1).flip(1) / STEPS,
        noise=draw(samples, planner.loss_noise),
    )


def history_of(planner: Planner, batch: Batch, step: int, seed: int = 3) -> History:
    """The trajectories of a batch, up to the beginning of a step."""
    generator = torch.Generator().manual_seed(seed)
    samples = len(batch.states)
    shape = samples, planner.action_noise
    return History(
        states=batch.states[:, : step + 1],
        actions=batch.actions[:, :step],
        static=batch.static,
        requirements=batch.requirements.unsqueeze(1).repeat(1, step + 1, 1),
        to_go=batch.to_go[:, : step + 1],
        noise=torch.randn(shape, generator=generator, dtype=torch.float64),
    )
