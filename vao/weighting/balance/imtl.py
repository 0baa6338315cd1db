"""IMTL-G: the update points as far along each target's gradient as along any other."""

from __future__ import annotations

import torch
from torch import Tensor

from vao.weighting.balance.checks import summing_to_count
from vao.weighting.balance.gradient_balance import GramianBalance, cosines_of
from vao.weighting.equal import NO_SETTINGS, NoSettings
from vao.weighting.protocol import ALONE, Context

__all__ = ["ImtlG"]

_RIDGE = 1e-10
"""Added to the cosines' diagonal, for gradients that depend on each other."""


class ImtlG(GramianBalance):
    """Impartial multi-task learning, its gradient part (Liu et al., ICLR 2021, eq. 5).

    Weights, of either sign and with sum K, that give sum_k w_k g_k equal projections on all
    g_k / |g_k|.
    """

    # Solved on the cosines. torchjd's IMTLGWeighting inverts inner products, of which it drops
    # the smallest: gradients that are parallel, but of unlike length, then weigh by their length,
    # although by less as soon as they are not quite parallel.

    Settings = NoSettings

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """See `GramianBalance.solve`."""
        ones = torch.ones(len(gramian), dtype=gramian.dtype)
        of_units = torch.linalg.solve(cosines_of(gramian) + _RIDGE * torch.diag(ones), ones)
        return summing_to_count(of_units / gramian.diagonal().sqrt())
