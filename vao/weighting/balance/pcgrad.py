"""PCGrad: where two targets' gradients conflict, each gives up what hurts the other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vao.weighting.balance.gradient_balance import GramianBalance
from vao.weighting.equal import NO_SETTINGS, NoSettings
from vao.weighting.protocol import ALONE, Context

__all__ = ["PcGrad"]


class PcGrad(GramianBalance):
    """Projecting conflicting gradients (Yu et al., NeurIPS 2020, algorithm 1).

    Each gradient goes through the others in random order and loses its part along those that it
    points against; the update is the sum of what is left. Orders are drawn by the run's seed and
    the step, so that a team and a run taken up agree on them.
    """

    # Own lines in place of torchjd's PCGradWeighting, which tests compare with: that draws from
    # PyTorch's global stream, which the samples' noise is drawn from, too.

    Settings = NoSettings

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """See `GramianBalance.solve`."""
        products = gramian.numpy()
        targets = len(products)
        rng = np.random.default_rng((self._seed, step))
        # Row i holds what the gradient of target i is made of by now.
        parts = np.eye(targets)
        for own in range(targets):
            for other in rng.permutation(targets):
                along = products[other] @ parts[own]
                if other != own and along < 0.0:
                    parts[own, other] -= along / products[other, other]
        return torch.from_numpy(parts.sum(axis=0))
