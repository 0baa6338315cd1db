"""CAGrad: near the mean gradient, the update that does most for the target worst off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from auctionsim.errors import how_to_install, invalid_argument
from vao.planners.settings import check_numbers
from vao.weighting.balance.gradient_balance import GramianBalance
from vao.weighting.protocol import ALONE, Context

__all__ = ["CaGrad", "CaGradSettings"]


@dataclass(frozen=True)
class CaGradSettings:
    """Settings of CAGrad; the default is the paper's for supervised learning.

    Attributes:
        c: How far from the mean gradient g_0 the update may be, over |g_0|, in [0, 1); 0 makes
            equal weights.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    c: float = 0.5

    def __post_init__(self) -> None:
        check_numbers(self, "c", most=0.9999)


_DEFAULT = CaGradSettings()


class CaGrad(GramianBalance):
    """Conflict-averse gradient descent (Liu et al., NeurIPS 2021, algorithm 1).

    The update is K (g_0 + c |g_0| g_w / |g_w|) / (1 + c), g_0 the mean of K gradients and g_w the
    average of them, with weights >= 0 of sum 1, that has the least g_w . g_0 + c |g_0| |g_w|. By
    K / (1 + c) it has the scale of a sum. Where g_w is 0 no update serves all, and none is made.
    Needs the packages torchjd, which states the problem, and cvxpy, which solves it.

    Raises:
        InvalidArgumentError: If one of the packages is missing.
    """

    Settings = CaGradSettings

    def __init__(self, settings: CaGradSettings = _DEFAULT, context: Context = ALONE) -> None:
        super().__init__(settings, context)
        try:
            from torchjd.aggregation import CAGradWeighting

            self._rule: Callable[[Tensor], Tensor] = CAGradWeighting(c=settings.c)
        except ImportError as error:
            rule = "needs the packages torchjd and cvxpy"
            mend = how_to_install("rivals")
            raise invalid_argument("weighting", rule, f"'cagrad' ({error})", mend) from error

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """See `GramianBalance.solve`."""
        weights: Tensor = len(gramian) / (1.0 + self.settings.c) * self._rule(gramian)
        return weights
