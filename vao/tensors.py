"""Tensors from NumPy arrays, in memory of torch's own."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def owned_tensor(array: NDArray[Any], device: torch.device | str = "cpu") -> Tensor:
    """Copy an array into memory that torch allocates, 64-byte aligned on the CPU.

    A tensor that borrows NumPy's memory lies wherever NumPy put it, and matrix products of the
    same numbers then differ in their last bits from one place to another.

    Args:
        array: Any shape; its dtype is kept.
        device: Where the tensor goes.
    """
    return torch.tensor(array, device=device)
