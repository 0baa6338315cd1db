"""Networks of the size a config and a model's scales ask for, and where they can compute."""

from __future__ import annotations

import torch

from auctionsim.errors import invalid_argument
from vao.conditions import REQUIREMENTS
from vao.config import TrainingConfig
from vao.models import InverseDynamics, Planner
from vao.scales import Scales

__all__ = ["check_device", "new_inverse", "new_planner"]


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


def check_device(device: torch.device | str) -> None:
    """Raise unless tensors can be put on a device.

    Raises:
        InvalidArgumentError: If torch does not know it or cannot use it here.
    """
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        rule = "must be one that torch can use on this machine"
        mend = "Use 'cuda' where there is a GPU, else 'cpu'."
        raise invalid_argument("device", rule, str(device), mend) from None
