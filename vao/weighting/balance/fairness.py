"""FairGrad and Nash-MTL: gains of targets shared fairly, or as bargainers would agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vao.planners.settings import check_numbers
from vao.weighting.balance.checks import summing_to_count
from vao.weighting.balance.gradient_balance import GramianBalance
from vao.weighting.equal import NO_SETTINGS, NoSettings
from vao.weighting.protocol import ALONE, Context

__all__ = ["FairGrad", "FairGradSettings", "NashMtl", "fair_weights"]

Array = NDArray[np.float64]
_ITERATIONS = 200
_ENOUGH = 1e-11
"""How far, at most, a row of the equation may be off, over its own size."""
_RIDGE = 1e-12
"""Added to the diagonal, over its size: gradients that cancel out have a solution, too."""


@dataclass(frozen=True)
class FairGradSettings:
    """Settings of FairGrad.

    Attributes:
        alpha: Kind of fairness: 1 is proportional, which is Nash-MTL; the paper's supervised
            experiments take 2; more looks more after the target worst off.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self, "alpha", least=0.1, most=10.0)


_DEFAULT = FairGradSettings()


class FairGrad(GramianBalance):
    """Fair resource allocation in multi-task learning (Ban and Ji, ICML 2024, eq. 4).

    G w = w^(-1/alpha), w > 0, with G the inner products; then scaled to sum to the number of
    targets.
    """

    Settings = FairGradSettings

    def __init__(self, settings: FairGradSettings = _DEFAULT, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """See `GramianBalance.solve`."""
        found = fair_weights(gramian.numpy(), self.settings.alpha)
        return summing_to_count(torch.from_numpy(found))


class NashMtl(GramianBalance):
    """Multi-task learning as a bargaining game (Navon et al., ICML 2022, claim 3.1).

    G a = 1 / a, a > 0; then scaled to sum to the number of targets. This is FairGrad's equation
    with alpha = 1, and solved as such. The authors' solver stops at an approximation.
    """

    Settings = NoSettings

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """See `GramianBalance.solve`."""
        return summing_to_count(torch.from_numpy(fair_weights(gramian.numpy(), 1.0)))


# Own solver in place of torchjd's: its FairGradWeighting was off by 100 % for some gradients of
# sizes 10^-3 to 10^3, its NashMTL even for some of one size, and that takes a hundred times as
# long. Where they succeed, tests compare with them.
def fair_weights(gramian: Array, alpha: float) -> Array:
    """Solve G w = w^(-1/alpha) for w > 0, by a damped Newton's method.

    The solution is where the strictly convex w.G w / 2 - sum_k integral of w_k^(-1/alpha) is
    least. Weights are measured in what each would be without the others, which makes steps
    independent of the gradients' sizes.

    Args:
        gramian: G, (targets, targets), with a positive diagonal.
        alpha: Kind of fairness, > 0.

    Returns:
        w, (targets,).
    """
    power = 1.0 / alpha
    alone = np.diag(gramian) ** (-alpha / (1.0 + alpha))
    scaled = alone[:, None] * gramian * alone
    sizes = np.diag(scaled).copy()
    scaled += _RIDGE * np.diag(sizes)
    x = np.ones(len(sizes))
    for _ in range(_ITERATIONS):
        drive = sizes * x**-power
        slope = scaled @ x - drive
        if np.all(np.abs(slope) <= _ENOUGH * (np.abs(scaled) @ x + drive)):
            break
        curvature = scaled + np.diag(power * drive / x)
        move = np.asarray(-np.linalg.solve(curvature, slope), np.float64)
        x = _moved(scaled, sizes, power, x, move)
    return alone * x


def _moved(scaled: Array, sizes: Array, power: float, x: Array, move: Array) -> Array:
    """Go along a descent direction, at most 9 tenths of the way to a weight of 0.

    On the line the slope of a convex function grows from below 0. Where it has turned and is half
    as steep as at first, or more, that was too far: half the way is tried, again and again.
    """
    down = move < 0.0
    length = min(1.0, 0.9 * float(np.min(-x[down] / move[down]))) if down.any() else 1.0
    steepness = -float(move @ (scaled @ x - sizes * x**-power))
    for _ in range(60):
        there = x + length * move
        if move @ (scaled @ there - sizes * there**-power) <= 0.5 * steepness:
            break
        length *= 0.5
    return x + length * move
