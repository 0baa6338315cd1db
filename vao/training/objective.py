"""What a stage of training minimises: one loss a trajectory, of the parts that learn in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vao.batch import Batch
from vao.planners import Planner, Stage

__all__ = ["StageObjective"]


class StageObjective(nn.Module):
    """The loss of one stage as a module, with all but the stage's parts frozen.

    Attributes:
        heads: Beginnings of the names of the parameters that are no part of the shared trunk.

    Args:
        planner: The planner.
        stage: One of its stages.
        precision: "float32", or "bfloat16" for mixed precision.
    """

    def __init__(self, planner: Planner, stage: Stage, precision: str = "float32") -> None:
        super().__init__()
        self.planner = planner
        self._loss = stage.loss
        self._mixed = precision == "bfloat16"
        self.heads = tuple(f"planner.{head}." for head in planner.heads)
        planner.requires_grad_(False)
        for part in stage.parts:
            planner.get_submodule(part).requires_grad_(True)

    def forward(self, batch: Batch) -> Tensor:
        """Losses of n samples, (n,)."""
        device = batch.states.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self._mixed):
            losses: Tensor = getattr(self.planner, self._loss)(batch)
        return losses.float() if self._mixed else losses
