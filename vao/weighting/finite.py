"""What is measured must be finite: what is not would silently ruin a model."""

from __future__ import annotations

from torch import Tensor

from auctionsim.errors import describe
from vao.team import Team
from vao.weighting.protocol import DivergedError

__all__ = ["check_finite", "finite_losses"]


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


def finite_losses(losses: Tensor, team: Team, step: int) -> Tensor:
    """Return the targets' losses, summed over the team, without their graph.

    All processes of a team see the same sum, and so raise together.

    Raises:
        DivergedError: If one is not finite.
    """
    found = team.add_up(losses.detach())
    check_finite("losses", found, step)
    return found
