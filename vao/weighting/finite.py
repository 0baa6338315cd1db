"""What is measured must be finite: what is not would silently ruin a model."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from auctionsim.errors import describe
from vao.team import Team
from vao.weighting.protocol import DivergedError

__all__ = ["check_finite", "check_gradients", "finite_losses"]


def check_finite(name: str, values: Tensor, step: int) -> None:
    """Raise `DivergedError` unless all numbers are finite, and name the first that is not.

    Args:
        name: What they are.
        values: Any shape.
        step: Index of the update, for the message.
    """
    wrong = ~values.isfinite()
    if bool(wrong.any()):
        place = tuple(wrong.nonzero()[0].tolist())
        named = f"{name}[{', '.join(map(str, place))}]"
        mend = "Lower `learning_rate`, or look for extreme values in the data."
        found = float(values[place])
        raise DivergedError(describe(named, f"must be finite at step {step}", found, mend))


def check_gradients(objective: nn.Module, step: int) -> None:
    """Raise `DivergedError` unless all numbers in the parameters' `.grad` are finite.

    A loss may be finite where its gradient is not, as that of a root at 0.
    """
    held = {name: p.grad for name, p in objective.named_parameters() if p.grad is not None}
    found = {name: g.coalesce().values() if g.is_sparse else g for name, g in held.items()}
    if not bool(get_total_norm(found.values()).isfinite()):
        for name, gradient in found.items():
            check_finite(f"gradient of {name}", gradient, step)


def finite_losses(losses: Tensor, team: Team, step: int) -> Tensor:
    """Return the targets' losses, summed over the team, without their graph.

    All processes of a team see the same sum, and so raise together.

    Raises:
        DivergedError: If one is not finite.
    """
    found = team.add_up(losses.detach())
    check_finite("losses", found, step)
    return found
