"""Networks of the size a config and a model's scales ask for."""

from __future__ import annotations

import torch

from vao.conditions import REQUIREMENTS
from vao.config import TrainingConfig
from vao.models import InverseDynamics, Planner
from vao.scales import Scales

__all__ = ["new_inverse", "new_planner"]


def new_planner(config: TrainingConfig, scales: Scales, seed: int) -> Planner:
    """Build a planner on the CPU, its initial weights drawn from a seed of their own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Planner(
            requirements=REQUIREMENTS,
            features=len(scales.states.features),
            static=scales.static_size,
            steps=scales.steps,
            width=config.width,
            blocks=config.blocks,
            heads=config.heads,
            film=config.film,
        )


def new_inverse(config: TrainingConfig, scales: Scales, seed: int) -> InverseDynamics:
    """Build inverse dynamics on the CPU, their initial weights drawn from a seed of their own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return InverseDynamics(features=len(scales.states.features), width=config.inverse_width)
