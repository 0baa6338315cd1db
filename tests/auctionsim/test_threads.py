"""Work shared between threads: every cell is done once, whoever comes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit

from auctionsim.errors import InvalidArgumentError
from auctionsim.threads import (
    WORTH_A_THREAD,
    get_threads,
    next_cell,
    set_threads,
    share,
    use_threads,
)

CELLS = 5000


@njit(nogil=True)
def count_cells(counter, done):  # type: ignore[no-untyped-def]
    while True:
        cell = next_cell(counter)
        if cell >= done.size:
            break
        done[cell] += 1


@njit(nogil=True)
def stumble(counter, cells):  # type: ignore[no-untyped-def]
    while True:
        cell = next_cell(counter)
        if cell >= cells:
            break
        if cell == cells // 2:
            raise ValueError("stumbled")


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_cell_is_taken_once(threads: int) -> None:
    done = np.zeros(CELLS, np.int64)
    with use_threads(threads):
        share(count_cells, CELLS, 100 * WORTH_A_THREAD, done)
    assert (done == 1).all()


def test_calls_from_many_threads_do_not_wait_for_each_other() -> None:
    def work(_: int) -> bool:
        done = np.zeros(CELLS, np.int64)
        share(count_cells, CELLS, 100 * WORTH_A_THREAD, done)
        return bool((done == 1).all())

    with use_threads(2), ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(100)))


def test_an_error_in_a_kernel_is_raised() -> None:
    with use_threads(2), pytest.raises(ValueError, match="stumbled"):
        share(stumble, CELLS, 100 * WORTH_A_THREAD, CELLS)


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_that_lost_its_threads_works_on() -> None:
    done = np.zeros(CELLS, np.int64)
    with use_threads(2):
        for _ in range(20):  # until the pool has all its threads
            share(count_cells, CELLS, 100 * WORTH_A_THREAD, np.zeros(CELLS, np.int64))
        share(count_cells, CELLS, 100 * WORTH_A_THREAD, done)
        child = os.fork()
        if child == 0:
            share(count_cells, CELLS, 100 * WORTH_A_THREAD, done)
            helped = threading.active_count() > 1  # a pool of its own
            os._exit(0 if helped and (done == 2).all() else 3)
    assert os.waitpid(child, 0)[1] == 0


def test_use_threads_puts_back_what_was() -> None:
    before = get_threads()
    with use_threads(3):
        assert get_threads() == 3
        with use_threads(None):
            assert get_threads() >= 1
        assert get_threads() == 3
    assert get_threads() == before


@pytest.mark.parametrize("threads", [0, -1, 1025, 1.5, True, "2"])
def test_bad_numbers_are_refused(threads: object) -> None:
    with pytest.raises(InvalidArgumentError, match="`threads` must be a whole number"):
        set_threads(threads)  # type: ignore[arg-type]


AFTER_THE_END = """
import threading, time
import numpy as np
from auctionsim import Simulation, threads

threads.WORTH_A_THREAD = 1
threads.set_threads(2)

def play():
    simulation = Simulation("tiny", [0])
    while not simulation.done:
        simulation.step(np.full(48, 90.0))
        time.sleep(0.01)
    print("played to the end")

threading.Thread(target=play).start()
"""


def test_a_thread_that_outlives_the_program_plays_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AFTER_THE_END], capture_output=True, text=True, check=False
    )
    assert done.stdout == "played to the end\n", done.stderr
