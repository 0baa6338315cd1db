"""Uncertainty weighting: targets weigh by the noise of their losses, which is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vao.planners.settings import check_numbers
from vao.weighting.balance.learned import Learned
from vao.weighting.balance.loss_balance import LossBalance
from vao.weighting.protocol import ALONE, Context

__all__ = ["Uncertainty", "UncertaintySettings"]


@dataclass(frozen=True)
class UncertaintySettings:
    """Settings of uncertainty weighting.

    Attributes:
        learning_rate: Of the logarithms of variances. The paper learns them with the model and at
            its rate; the default is that of this project's planners.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        check_numbers(self, "learning_rate")


_DEFAULT = UncertaintySettings()


class Uncertainty(LossBalance):
    """Weighting by homoscedastic uncertainty (Kendall, Gal and Cipolla, CVPR 2018).

    Minimises sum_k l_k / (2 exp(s_k)) + s_k / 2 over s, too, from s = 0, by an Adam of its own.
    Constant losses end at s_k = log l_k: then w_k is in proportion to 1 / l_k. That takes positive
    losses; below 0 there is no end to the weight that a target gains.
    """

    # torchjd's UW leaves s to the model's optimiser; here the rule keeps what it learns. The
    # formula is compared with torchjd's in the tests.

    Settings = UncertaintySettings

    def __init__(self, settings: UncertaintySettings = _DEFAULT, context: Context = ALONE) -> None:
        super().__init__(settings, context)
        self._logs = Learned(settings.learning_rate)

    def weigh(self, losses: Tensor, step: int) -> Tensor:
        """See `LossBalance.weigh`."""
        logs = self._logs.values(len(losses))
        self._logs.descend(0.5 - 0.5 * torch.exp(-logs) * losses)
        # In proportion to exp(-s) / 2.
        return torch.softmax(-logs, dim=0)

    def state(self) -> dict[str, Tensor]:
        """See `Weighting.state`."""
        return self._logs.state()

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """See `Weighting.resume`."""
        self._logs.resume(state)
