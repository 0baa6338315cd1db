"""Whether checks of bounds are on, for `make test-bounds`: a read beyond an array must be seen."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from auctionsim.mechanism import clear
from auctionsim.threads import WORTH_A_THREAD, next_cell, share, use_threads

pytestmark = pytest.mark.skipif(
    not numba.config.BOUNDSCHECK,  # type: ignore[attr-defined]
    reason="NUMBA_BOUNDSCHECK is not set",
)


@numba.njit(nogil=True)
def read_beyond(counter, row, total):  # type: ignore[no-untyped-def]
    while True:
        cell = next_cell(counter)
        if cell > row.size:  # one too far
            break
        total[0] += row[cell]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_read_beyond_an_array_is_seen(threads: int) -> None:
    with use_threads(threads), pytest.raises(IndexError):
        share(read_beyond, 100, 100 * WORTH_A_THREAD, np.ones(100), np.zeros(1))


@numba.njit
def _price_beyond(bids, exposure, reserve, prices):  # type: ignore[no-untyped-def]
    prices[0] = bids[bids.size]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_mechanism_that_reads_beyond_its_bids_is_seen() -> None:
    with pytest.raises(ValueError, match="must price every sold slot"):
        clear(np.ones((1, 2)), slots=1, mechanism=_price_beyond)
