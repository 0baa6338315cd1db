"""Random loss weighting: the control that rules with reasons have to beat."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vao.weighting.balance.loss_balance import LossBalance
from vao.weighting.equal import NO_SETTINGS, NoSettings
from vao.weighting.protocol import ALONE, Context

__all__ = ["RandomWeights"]


class RandomWeights(LossBalance):
    """Random loss weighting (Lin et al., TMLR 2022): w = K softmax(z), z normal, anew each step.

    Draws go by the run's seed and the step, so that a team and a run taken up agree on them.
    """

    Settings = NoSettings

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def weigh(self, losses: Tensor, step: int) -> Tensor:
        """See `LossBalance.weigh`."""
        drawn = np.random.default_rng((self._seed, step)).normal(size=len(losses))
        return torch.from_numpy(drawn).softmax(dim=0)
