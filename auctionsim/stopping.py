"""An orderly end when told to stop: what was begun is cleaned up, as it is after an error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# Those that end a process at once if nothing is done; where there are no terminals, none hang up.
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(SystemExit):
    """The process was told to end; its exit code is 128 and the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.signal = signal.Signals(number).name


@contextmanager
def ending_when_told() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `Stopped`, so that workers end and halves of files go.

    In the main thread only, and only for signals that nobody else answers or ignores.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, _stop)
        yield
    finally:
        for number in ours:
            with suppress(ValueError):
                signal.signal(number, signal.SIG_DFL)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Answer signals to stop when the context ends, and let processes begin deaf to Ctrl-C.

    Ctrl-C reaches all processes of a terminal and is for the first of them: the others, which it
    ends, would show a traceback each.
    """
    if threading.current_thread() is not threading.main_thread():
        with _deaf():
            yield
        return
    # Masked signals are not enough: the system gives them to any other thread, and Python
    # answers them in this one.
    told: list[int] = []
    answers = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDING)}
    held = {number: answer for number, answer in answers.items() if callable(answer)}
    try:
        for number in held:
            signal.signal(number, lambda number, _: told.append(number))
        with _deaf():
            yield
    finally:
        for number, answer in held.items():
            signal.signal(number, answer)
    for number in told[:1]:
        signal.raise_signal(number)


@contextmanager
def _deaf() -> Iterator[None]:
    """Block SIGINT in this thread, which the processes it starts inherit."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # multiprocessing's helper: its start would undo our mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
