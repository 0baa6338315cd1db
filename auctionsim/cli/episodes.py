"""The episodes a command plays, as its options name them."""

from __future__ import annotations

from auctionsim.mechanism.arguments import check_integer

__all__ = ["episode_range"]

_END = 2**31


def episode_range(first: int, count: int) -> range:
    """Return the numbers of `count` episodes from `first` on, all below 2**31.

    Raises:
        InvalidArgumentError: For `--episodes` or `--first-episode`, if it is out of range.
    """
    check_integer("--episodes", count, 1, _END - 1, "Ask for one at least.")
    check_integer("--first-episode", first, 0, _END - count, "Pick another.")
    return range(first, first + count)
