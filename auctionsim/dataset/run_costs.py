"""What a run cost, for `run.json`: beside a dataset, but no part of its identity."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_memory_mib() -> float | None:
    """Return the largest resident memory of this process so far; None where it is not known."""
    on_linux = _high_water_mark()
    if on_linux is not None:
        return on_linux
    try:
        import resource
    except ImportError:  # not a Unix
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def _high_water_mark() -> float | None:
    """Read the peak from /proc: unlike getrusage's it leaves out the process that started ours."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    peak = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    return None if peak is None else round(int(peak) / 1024, 1)
