"""Processes of a team, played one after the other in this one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from vao.team import Team


@dataclass(frozen=True)
class Lonely(Team):
    """A process of a team that adds nothing up: what it returns is its own part of the sum."""

    def add_up(self, tensor: Tensor) -> Tensor:
        """Return the tensor as it is."""
        return tensor

    def add_up_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Leave gradients as they are."""


def parts_of_a_team(size: int) -> list[Team]:
    """The processes of a team of this size."""
    return [Lonely(rank, size) for rank in range(size)]
