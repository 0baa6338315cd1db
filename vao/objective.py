"""What a planner is trained to do: one loss a trajectory."""

from __future__ import annotations

from torch import Tensor, nn

from vao.models import InverseDynamics, Planner
from vao.sharing import Batch

__all__ = ["PlanningObjective"]


class PlanningObjective(nn.Module):
    """Squared error of the next state, plus the consistency of the plan with the action taken.

    The error of the next state is the negative log-likelihood of a Gaussian of constant spread, up
    to scale. The consistency term asks the frozen inverse dynamics for the action that leads to the
    predicted state, and compares it with the true one. Inactive steps count for nothing.

    Args:
        planner: The planner; its parameters are what is trained.
        inverse: Trained inverse dynamics; frozen here.
        consistency: Weight of the consistency term.
    """

    def __init__(self, planner: Planner, inverse: InverseDynamics, consistency: float) -> None:
        super().__init__()
        self.planner = planner
        self.inverse = inverse.requires_grad_(False)
        self.consistency = consistency

    def forward(self, batch: Batch) -> Tensor:
        """Losses of n samples, (n,): means over their active steps."""
        states, next_states = batch.states[:, :-1], batch.states[:, 1:]
        predicted = self.planner(batch.requirements, states, batch.static)
        error = (predicted - next_states).square().mean(dim=-1)
        if self.consistency > 0.0:
            inferred = self.inverse(states, predicted)
            error = error + self.consistency * (inferred - batch.actions).square()
        steps = batch.active.sum(dim=1).clamp(min=1.0)
        losses: Tensor = (error * batch.active).sum(dim=1) / steps
        return losses
