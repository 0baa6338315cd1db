"""What a run cost, for `run.json`: beside a dataset, but no part of its identity."""

from __future__ import annotations

import sys


def peak_memory_mib() -> float | None:
    """Return the largest resident memory of this process so far; None where it is not known."""
    try:
        import resource
    except ImportError:  # not a Unix
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
