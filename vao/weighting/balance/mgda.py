"""MGDA: the shortest vector among all averages of the targets' gradients."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vao.weighting.balance.checks import summing_to_count
from vao.weighting.balance.gradient_balance import GramianBalance, cosines_of
from vao.weighting.equal import NO_SETTINGS, NoSettings
from vao.weighting.protocol import ALONE, Context

__all__ = ["Mgda"]


class Mgda(GramianBalance):
    """Multiple-gradient descent (Désidéri, 2012; Sener and Koltun, NeurIPS 2018).

    w is K times the weights, >= 0 and with sum 1, that make |sum_k w_k g_k| least. The update
    serves all targets alike, and is as small as the smallest gradient.
    """

    # Exact, by non-negative least squares. torchjd's MGDAWeighting takes 100 steps of Frank and
    # Wolfe; three gradients of much the same size then still left norms up to 6 % too large, and
    # six of sizes 10^-2 to 10^2 norms 12 times too large.

    Settings = NoSettings

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """See `GramianBalance.solve`."""
        from scipy.optimize import nnls

        # The root of the cosines, scaled by norms: small gradients keep their digits.
        values, vectors = np.linalg.eigh(cosines_of(gramian).numpy())
        columns = (vectors * np.sqrt(np.maximum(values, 0.0))).T * gramian.diagonal().sqrt().numpy()
        # For x >= 0 of sum t along w, |sum x g|^2 + (t - 1)^2 is least at a t > 0, and there it
        # grows with |sum w g|: the best x is in proportion to the best w.
        sides = np.vstack([columns, np.ones(len(values))])
        found, _ = nnls(sides, np.append(np.zeros(len(values)), 1.0))
        return summing_to_count(torch.from_numpy(found))
