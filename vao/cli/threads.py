"""How many threads the numerical libraries use."""

from __future__ import annotations

from auctionsim.errors import invalid_argument

__all__ = ["use_threads"]

_MOST = 1024


def use_threads(threads: int) -> None:
    """Set PyTorch's number of threads; 0 changes nothing.

    Raises:
        InvalidArgumentError: If `threads` is negative or beyond any machine.
    """
    import torch

    if not 0 <= threads <= _MOST:
        rule = f"must lie in [0, {_MOST}]"
        raise invalid_argument("--threads", rule, threads, "Use 0 for the default.")
    if threads:
        torch.set_num_threads(threads)
