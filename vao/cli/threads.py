"""How many threads the numerical libraries use."""

from __future__ import annotations

from auctionsim.errors import invalid_argument

__all__ = ["use_threads"]


def use_threads(threads: int) -> None:
    """Set PyTorch's number of threads; 0 changes nothing.

    Raises:
        InvalidArgumentError: If `threads` is negative.
    """
    import torch

    if threads < 0:
        raise invalid_argument("--threads", "must be >= 0", threads, "Use 0 for the default.")
    if threads:
        torch.set_num_threads(threads)
