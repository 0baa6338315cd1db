"""How a target's samples are split over sources."""

from __future__ import annotations

from auctionsim.errors import invalid_argument

__all__ = ["shares"]


def shares(samples: int, sources: int, first: int) -> list[int]:
    """Split a target's samples evenly over the sources, without losing one.

    Args:
        samples: n, the samples of a target and step.
        sources: Number of sources, at most n.
        first: The source that gets the first of the n % sources samples left over; the next ones
            go to the sources after it.

    Returns:
        Samples of each source; they sum to n and differ by at most 1.
    """
    if samples < sources:
        raise invalid_argument(
            "batch", f"must be >= {sources}, the number of sources", samples, "Raise it."
        )
    base, rest = divmod(samples, sources)
    return [base + ((source - first) % sources < rest) for source in range(sources)]
