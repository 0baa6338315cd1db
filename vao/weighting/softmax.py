"""From gradient alignment to weights: the softmax of the VAO paper, eq. 7."""

from __future__ import annotations

from typing import overload

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from auctionsim.errors import invalid_argument

__all__ = ["alignment_weights"]

Temperature = float | Tensor | ArrayLike


@overload
def alignment_weights(alignment: Tensor, temperature: float | Tensor) -> Tensor: ...
@overload
def alignment_weights(alignment: ArrayLike, temperature: ArrayLike) -> NDArray[np.float64]: ...
def alignment_weights(
    alignment: Tensor | ArrayLike, temperature: Temperature
) -> Tensor | NDArray[np.float64]:
    """Weights of the sources for each target: w_ik = softmax over i of m_ik / temperature.

    Eq. 7 of the VAO paper, the maximiser of sum_i w_i m_i plus temperature times the entropy of w.
    As the temperature goes to 0 the best aligned source takes all; as it grows, all weigh alike.

    Args:
        alignment: (targets, sources), finite; m_ik, the alignment of source i with target k.
        temperature: lambda, finite and > 0: one for all targets, or one a target, (targets,).

    Returns:
        (targets, sources), rows that sum to 1: a tensor of the input's float dtype and device for
        a tensor, else a float64 array.

    Raises:
        InvalidArgumentError: If the shape is another, or a number is not finite, or lambda <= 0.
    """
    if isinstance(alignment, Tensor):
        exact = alignment.detach().to(torch.float64)
        _check(tuple(exact.shape), bool(exact.isfinite().all()))
        each = torch.as_tensor(temperature, dtype=torch.float64, device=exact.device).detach()
        allowed = bool(((each > 0.0) & each.isfinite()).all())
        _check_temperature(tuple(each.shape), len(exact), allowed, each)
        # The largest goes first, so that no temperature, however small, makes inf - inf.
        gaps = exact - exact.amax(dim=1, keepdim=True)
        weights = (gaps / each.reshape(-1, 1)).softmax(dim=1)
        return weights.to(alignment.dtype if alignment.is_floating_point() else torch.float64)
    array = np.asarray(alignment, np.float64)
    _check(array.shape, bool(np.isfinite(array).all()))
    lambdas = np.asarray(temperature, np.float64)
    allowed = bool(((lambdas > 0.0) & np.isfinite(lambdas)).all())
    _check_temperature(lambdas.shape, len(array), allowed, lambdas)
    with np.errstate(over="ignore"):
        powers = np.exp((array - array.max(axis=1, keepdims=True)) / lambdas.reshape(-1, 1))
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result


def _check(shape: tuple[int, ...], finite: bool) -> None:
    if len(shape) != 2 or 0 in shape:
        raise invalid_argument(
            "alignment", "must have shape (targets, sources)", shape, "Pass one row a target."
        )
    if not finite:
        raise invalid_argument("alignment", "must be finite", "nan or inf", "Look at the losses.")


def _check_temperature(shape: tuple[int, ...], targets: int, allowed: bool, value: object) -> None:
    if shape not in ((), (1,), (targets,)):
        mend = "Pass a number, or shape (targets,)."
        raise invalid_argument("temperature", "must be one, or one a target", shape, mend)
    if not allowed:
        raise invalid_argument("temperature", "must be finite and > 0", value, "Try 0.1.")
