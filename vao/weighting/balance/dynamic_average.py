"""Dynamic weight average: targets whose losses fall slowly weigh more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vao.planners.settings import check_counts, check_numbers
from vao.weighting.balance.checks import above_floor, check_floor
from vao.weighting.balance.loss_balance import LossBalance
from vao.weighting.protocol import ALONE, Context

__all__ = ["DynamicAverage", "DynamicAverageSettings"]


@dataclass(frozen=True)
class DynamicAverageSettings:
    """Settings of the dynamic weight average.

    Attributes:
        temperature: T; the paper's is 2.
        interval: Updates whose losses are averaged. The paper's are those of an epoch, of which
            there are none here.
        floor: What all losses exceed; it is subtracted from them.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    temperature: float = 2.0
    interval: int = 20
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, "temperature", above=True)
        check_counts(self, "interval")
        check_floor(self)


_DEFAULT = DynamicAverageSettings()


class DynamicAverage(LossBalance):
    """Dynamic weight average (Liu, Johns and Davison, CVPR 2019, eq. 7).

    w_k = K softmax(r_k / T) over K targets, r_k the ratio of the mean losses of the last interval
    and of the one before. Until two intervals are over all weights are 1.
    """

    # torchjd's DWA, which tests compare with, keeps its averages private: no run could be resumed.

    Settings = DynamicAverageSettings

    def __init__(
        self, settings: DynamicAverageSettings = _DEFAULT, context: Context = ALONE
    ) -> None:
        super().__init__(settings, context)
        self._sums: Tensor | None = None
        self._count = 0
        self._means: list[Tensor] = []

    def weigh(self, losses: Tensor, step: int) -> Tensor:
        """See `LossBalance.weigh`."""
        losses = above_floor(losses, self.settings.floor, step)
        weights = torch.ones_like(losses)
        if len(self._means) == 2:
            older, newer = self._means
            weights = torch.softmax(newer / older / self.settings.temperature, dim=0)
        self._add(losses)
        return weights

    def state(self) -> dict[str, Tensor]:
        """See `Weighting.state`."""
        kept = {f"mean_{place}": mean.clone() for place, mean in enumerate(self._means)}
        if self._sums is not None:
            kept |= {"sums": self._sums.clone(), "count": torch.tensor(self._count)}
        return kept

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """See `Weighting.resume`."""
        names = [name for name in ("mean_0", "mean_1") if name in state]
        self._means = [state[name].clone() for name in names]
        self._sums = state["sums"].clone() if "sums" in state else None
        self._count = int(state["count"]) if "sums" in state else 0

    def _add(self, losses: Tensor) -> None:
        self._sums = losses if self._sums is None else self._sums + losses
        self._count += 1
        if self._count == self.settings.interval:
            self._means = [*self._means, self._sums / self._count][-2:]
            self._sums, self._count = None, 0
