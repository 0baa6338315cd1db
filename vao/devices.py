"""Where networks can compute."""

from __future__ import annotations

import torch

from auctionsim.errors import invalid_argument

__all__ = ["check_device"]


def check_device(device: torch.device | str) -> None:
    """Raise unless tensors can be put on a device.

    Raises:
        InvalidArgumentError: If torch does not know it or cannot use it here.
    """
    try:
        usable = torch.empty(1, device=device).device.type != "meta"
    except (RuntimeError, AssertionError):
        usable = False
    if not usable:
        rule = "must be one that torch can use on this machine"
        mend = "Use 'cuda' where there is a GPU, else 'cpu'."
        raise invalid_argument("device", rule, str(device), mend) from None
