from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from auctionsim.dataset.staging import staged_folder
from auctionsim.stopping import Stopped, ending_when_told, signals_held_back

TOLD = [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", TOLD)
def test_told_to_end_it_cleans_up(tmp_path: Path, number: signal.Signals) -> None:
    def work() -> None:
        with ending_when_told(), staged_folder(tmp_path / "out", False) as staging:
            (staging / "half").write_text("a")
            os.kill(os.getpid(), number)

    with pytest.raises(Stopped) as told:
        work()
    assert (told.value.code, told.value.signal) == (128 + number, number.name)
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(number) is signal.SIG_DFL


def test_signals_that_others_answer_or_ignore_are_left_to_them() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does
    try:
        with ending_when_told():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def from_another_thread(number: signal.Signals) -> None:
    """Have a signal delivered to a thread that does not block it."""
    thread = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), number))
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped)]
)
def test_signals_are_held_back_whichever_thread_they_reach(
    number: signal.Signals, error: type[BaseException]
) -> None:
    done = []

    def work() -> None:
        with ending_when_told(), signals_held_back():
            from_another_thread(number)
            os.kill(os.getpid(), number)
            done.append(sum(range(100_000)))

    with pytest.raises(error):
        work()
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_a_process_begins_deaf_to_ctrl_c() -> None:
    context = multiprocessing.get_context("spawn")
    with signals_held_back():
        process = context.Process(target=signal.raise_signal, args=(signal.SIGINT,))
        process.start()
    process.join()
    assert process.exitcode == 0
