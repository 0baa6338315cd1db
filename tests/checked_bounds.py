"""Compiles every kernel with bounds checks, and serially: in parallel loops errors are lost.

For `pytest -p tests.checked_bounds`. Numba drops what a thread of a `prange` raises (its issue
9380), so NUMBA_BOUNDSCHECK=1 alone would see nothing there. The cache on disk does not tell checked
kernels from others: give NUMBA_CACHE_DIR a folder of its own.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_plain_njit = numba.njit


def _checked_njit(*arguments: Any, **options: Any) -> Any:
    return _plain_njit(*arguments, **(options | {"parallel": False, "boundscheck": True}))


numba.njit = _checked_njit


@numba.njit(parallel=True)
def _read_beyond(row):  # type: ignore[no-untyped-def]
    total = np.zeros(row.size + 1)
    for i in numba.prange(row.size + 1):
        total[i] = row[i]
    return total


def pytest_configure() -> None:
    try:
        _read_beyond(np.zeros(3))
    except IndexError:
        return
    raise RuntimeError("reads out of bounds are not seen")
