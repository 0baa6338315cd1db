"""GO4Align: targets that learn alike share a weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vao.planners.settings import check_counts, check_numbers
from vao.weighting.balance.checks import above_floor, check_floor
from vao.weighting.balance.loss_balance import LossBalance
from vao.weighting.protocol import ALONE, Context

__all__ = ["Go4Align", "Go4AlignSettings", "group_means"]


@dataclass(frozen=True)
class Go4AlignSettings:
    """Settings of GO4Align; the step size is that of the authors' code.

    Attributes:
        step_size: eta, how fast chances follow losses.
        groups: Most groups of targets; 1 gives all targets the same weight. Of fewer targets,
            each is a group.
        floor: What all losses exceed; it is subtracted from them.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    step_size: float = 1e-4
    groups: int = 2
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, "step_size")
        check_counts(self, "groups")
        check_floor(self)


_DEFAULT = Go4AlignSettings()


class Go4Align(LossBalance):
    """Group optimisation for multi-task alignment (Shen et al., NeurIPS 2024).

    Chances p_k go on in proportion to p_k exp(-eta l_k), the indicators of targets are
    p_k sum(l) / l_k, and targets are grouped by k-means of these; each weighs the mean of its
    group. The groups are the best there are, and so the same in every process: on a line k-means
    is solved by trying cuts.
    """

    Settings = Go4AlignSettings

    def __init__(self, settings: Go4AlignSettings = _DEFAULT, context: Context = ALONE) -> None:
        super().__init__(settings, context)
        self._logs: Tensor | None = None

    def weigh(self, losses: Tensor, step: int) -> Tensor:
        """See `LossBalance.weigh`."""
        losses = above_floor(losses, self.settings.floor, step)
        before = torch.zeros_like(losses) if self._logs is None else self._logs
        self._logs = torch.log_softmax(before - self.settings.step_size * losses, dim=0)
        indicators = self._logs.exp() * losses.sum() / losses
        groups = min(self.settings.groups, len(losses))
        return torch.from_numpy(group_means(indicators.numpy(), groups))

    def state(self) -> dict[str, Tensor]:
        """See `Weighting.state`."""
        return {} if self._logs is None else {"logs": self._logs.clone()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """See `Weighting.resume`."""
        self._logs = state["logs"].clone() if "logs" in state else None


def group_means(values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Replace each number by the mean of its group, after the best k-means on a line.

    Groups are runs of the sorted numbers; the cuts with the least sum of squares are found from
    the best cuts of fewer numbers into fewer groups.

    Args:
        values: (n,) finite numbers.
        groups: From 1 to n.

    Returns:
        The means, (n,), in the order of the numbers.
    """
    order = np.argsort(values, kind="stable")
    line = values[order]
    n = len(line)
    costs = _spreads(line)
    best = costs[0]
    cuts = np.zeros((groups, n + 1), dtype=np.int64)
    for group in range(1, groups):
        totals = best[:, None] + costs
        cuts[group], best = totals.argmin(axis=0), totals.min(axis=0)
    means = np.empty(n)
    end = n
    for group in reversed(range(groups)):
        begin = int(cuts[group, end])
        means[order[begin:end]] = line[begin:end].mean() if begin < end else 0.0
        end = begin
    return means


def _spreads(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of squared distances from the mean of line[i:j], (n + 1, n + 1); inf where j < i."""
    sums, squares = (np.append(0.0, np.cumsum((line - line.mean()) ** p)) for p in (1, 2))
    places = np.arange(len(line) + 1)
    counts = places - places[:, None]
    inner = squares - squares[:, None] - (sums - sums[:, None]) ** 2 / np.maximum(counts, 1)
    return np.where(counts < 0, np.inf, np.maximum(inner, 0.0))
