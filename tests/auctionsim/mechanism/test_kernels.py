"""The kernels as parts of a program: other callers, threads, forks, compilation."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from auctionsim import threads
from auctionsim.mechanism import api, clear
from auctionsim.mechanism.kernels import rank_opportunity, tie_hash
from auctionsim.random_numbers import PURPOSE_TIE, derive_key
from tests.auctionsim.mechanism.comparing import assert_same


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("advertisers", [0, 1, 3, 15, 16, 17, 48, 61])
@pytest.mark.parametrize("depth", [1, 2, 4, 5, 60])
def test_rank_opportunity_ranks_as_clear_does(
    depth: int, advertisers: int, dtype: type[np.floating[Any]]
) -> None:
    rng = np.random.default_rng(depth * 100 + advertisers)
    bids = rng.integers(0, 9, (20, advertisers)).astype(dtype)
    ids = rng.permutation(advertisers).astype(np.uint32)
    expected = clear(bids, slots=depth, mechanism="first_price", seed=(5 << 32) + 7, ids=ids)
    top_bid, top_column = np.full(depth, 9, dtype), np.full(depth, 9, np.int32)
    for row, row_bids in enumerate(bids):
        rank_opportunity(
            row_bids, ids, np.uint32(7), np.uint32(5), np.uint64(row), top_bid, top_column
        )
        np.testing.assert_array_equal(top_bid, expected.prices[row])
        np.testing.assert_array_equal(top_column, expected.winners[row])


def test_tie_hash_is_the_documented_one() -> None:
    seed, opportunity = (3 << 32) + 11, (5 << 32) + 13
    for advertiser in (0, 1, 2**32 - 1):
        expected = derive_key(np.uint64(seed), np.uint64(opportunity), advertiser, PURPOSE_TIE)
        assert tie_hash(11, 3, np.uint64(opportunity), np.uint32(advertiser)) == expected


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_ROWS", 16)
    monkeypatch.setattr(threads, "WORTH_A_THREAD", 16)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rows", [1, 2, 3, 1001])
def test_number_of_threads_does_not_matter(rows: int) -> None:
    bids = np.random.default_rng(0).integers(0, 5, (rows, 48)).astype(np.float64)
    results = []
    for count in (1, 2, 3):
        with threads.use_threads(count):
            results.append(clear(bids, 1.0, seed=4))
    for result in results[1:]:
        assert_same(result, results[0])


@pytest.mark.usefixtures("small_blocks")
def test_calls_from_several_threads_at_once() -> None:
    bids = np.random.default_rng(0).integers(0, 5, (500, 48)).astype(np.float64)
    expected = clear(bids, 1.0)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: clear(bids, 1.0), range(20)):
            assert_same(result, expected)


def test_import_compiles_nothing() -> None:
    run_python(
        "from auctionsim.mechanism import kernels, ranking\n"
        "assert not kernels.clear_rows.signatures\n"
        "assert not ranking.rank_opportunity.signatures\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_clearing_goes_on_in_a_forked_process() -> None:
    run_python(
        "import os, numpy as np\n"
        "from auctionsim.mechanism import clear\n"
        "bids = np.ones((20_000, 48))\n"
        "before = clear(bids).winners\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if (clear(bids).winners == before).all() else 3)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )


def run_python(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
