"""Whether the simulator's kernels were compiled before, and lie on disk."""

from __future__ import annotations

import sys
from pathlib import Path

from auctionsim.simulator.kernels import settle_runs

__all__ = ["is_compiled"]


def is_compiled() -> bool:
    """Return whether a first episode needs to compile nothing, or nearly.

    It looks for the index that Numba keeps of a kernel's machine code, of the kernel that is
    compiled last and calls most others. An old one that no longer fits is taken for a good one:
    only loading it would tell.
    """
    folder = settle_runs.stats.cache_path
    if folder is None:
        return False
    name, line = settle_runs.py_func.__name__, settle_runs.py_func.__code__.co_firstlineno
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return any(Path(folder).glob(f"kernels.{name}-{line}.{python}*.nbi"))
