"""One process of a bidder: it starts, answers calls in time or is stopped, and leaves nothing."""

from __future__ import annotations

import copyreg
import io
import multiprocessing
import os
import signal
import socket
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler

from auctionsim.bidding import AnyBidder
from auctionsim.conduct import Breach
from auctionsim.errors import InvalidArgumentError, in_short, invalid_argument
from auctionsim.isolation.channel import Channel, ClosedError, GarbledError, Message, decode, framed
from auctionsim.isolation.child import serve

#: Seconds that a process may take to start, to import the bidder's module and to load the bidder.
START_SECONDS = 60.0

# Seconds that an idle process may take to end by itself, so that what it wrote reaches its files.
_GRACE_SECONDS = 1.0
# What a step brings thousands of seats fits in, or nearly: each time it is full, both sides wait.
_BUFFER_BYTES = 1 << 20
_RULE = "must be able to start in a process of its own"
_MAIN_MEND = (
    "See what it wrote, if anything. A script must be a file, and do its work under "
    '`if __name__ == "__main__":`.'
)


class Stopped(Breach):
    """A breach that cost the bidder its process."""


def packed(bidder: AnyBidder) -> bytes:
    """Return a bidder as bytes, all by value.

    Raises:
        InvalidArgumentError: If it cannot be sent to another process.
    """
    buffer = io.BytesIO()
    packer = ForkingPickler(buffer)
    # Without the reductions registered for transport: PyTorch's would share a network's memory
    # with the process that is to be kept apart.
    packer.dispatch_table = copyreg.dispatch_table
    try:
        packer.dump(bidder)
    except Exception as error:  # objects decide themselves how they are packed
        rule = "must be one that can be sent to a process of its own"
        found = f"{type(bidder).__name__} ({in_short(error)})"
        mend = "Define its class at the top of a module, open files and the like in `reset`, "
        raise invalid_argument("bidder", rule, found, f"{mend}or do not isolate it.") from error
    return buffer.getvalue()


def garbled(error: GarbledError) -> Stopped:
    """Return the breach of a bidder that meddled with its process's connection."""
    return Stopped("must leave its process's connection alone", f"an answer of {error}")


class BidderProcess:
    """A process that holds a bidder, and answers one call at a time.

    Args:
        bidder: As `packed` returned it.

    Attributes:
        seconds: How long the last call took.

    Raises:
        InvalidArgumentError: If the process or the bidder in it does not start.
    """

    def __init__(self, bidder: bytes) -> None:
        self.seconds = 0.0
        self._process, connection = _started()
        self._channel = Channel(connection)
        self._finalizer = weakref.finalize(
            self, _end, self._process, self._channel, 0.0, os.getpid()
        )
        try:
            self._load(bidder)
        except BaseException:
            self.end(at_once=True)
            raise

    def call(self, data: bytes, seconds: float, largest: int, rule: str) -> Message:
        """Send a call, and return the answer.

        Args:
            data: The call, and whatever goes before it.
            seconds: How long the answer may take; inf for ever.
            largest: Bytes that the answer may have.
            rule: What is broken if it takes longer, for the breach.

        Raises:
            Stopped: If there is no answer in time, or the process ended. It is gone then.
            GarbledError: If what it sent is no message.
        """
        began = time.perf_counter()
        try:
            content = self._exchange(data, began + seconds, largest)
            self.seconds = time.perf_counter() - began
            if self.seconds > seconds:
                raise TimeoutError
            return decode(content)
        except TimeoutError:
            self.seconds = time.perf_counter() - began
            self.end(at_once=True)
            raise Stopped(rule, f"a stop after {self.seconds:.3g} s") from None
        except ClosedError:
            raise Stopped("must not end its process", self._end_with_reason()) from None

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return not self._finalizer.alive

    def end(self, *, at_once: bool = False) -> None:
        """End the process, if it has not ended yet, and wait until it is gone."""
        if self._finalizer.detach() is not None:
            grace = 0.0 if at_once else _GRACE_SECONDS
            _end(self._process, self._channel, grace, os.getpid())

    def _exchange(self, data: bytes, deadline: float, largest: int) -> bytearray:
        try:
            self._channel.send(data, deadline)
            return self._channel.receive(deadline, largest)
        except BaseException as error:
            if not isinstance(error, ClosedError):
                self.end(at_once=True)  # half a message would be left in the connection
            raise

    def _load(self, bidder: bytes) -> None:
        deadline = time.perf_counter() + START_SECONDS
        try:
            self._channel.send(framed(bidder), deadline)
            failure = decode(self._channel.receive(deadline)).values.get("failure")
        except TimeoutError:
            found = f"nothing after {START_SECONDS:g} s"
            raise _not_started(found, "Load what takes long in `reset`.") from None
        except ClosedError:
            raise _not_started(self._end_with_reason(), _MAIN_MEND) from None
        if failure is not None:
            mend = "Define its class at the top of a module that can be imported."
            raise _not_started(failure, mend)

    def _end_with_reason(self) -> str:
        """End the process, and say how it had ended by itself."""
        self._process.join(_GRACE_SECONDS)  # its connection closes a little earlier
        code = self._process.exitcode
        self.end(at_once=True)
        if code is None:
            return "a closed connection"
        if code >= 0:
            return f"an end with exit code {code}"
        known = {number.value: number.name for number in signal.Signals}
        return f"an end by signal {known.get(-code, -code)}"


def _started() -> tuple[SpawnProcess, socket.socket]:
    """Start a process; returns it, and our end of the connection."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=serve, args=(theirs,), name="bidder", daemon=True)
    try:
        with _interrupts_held_back():
            process.start()
    except AssertionError as error:  # how multiprocessing refuses a daemon's children
        ours.close()
        mend = "Isolate in the main process only."
        raise _not_started(in_short(error), mend) from error
    except RuntimeError:
        # The script runs again in the new process, and came here once more.
        ours.close()
        raise _not_started("a start of the script within its own start", _MAIN_MEND) from None
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return process, ours


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let a process begin deaf to Ctrl-C, which is for us: it would end with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing's helper: its start would undo our mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(process: SpawnProcess, channel: Channel, grace: float, owner: int) -> None:
    channel.close()
    if os.getpid() != owner:  # a fork of ours: the process is not its child
        return
    if grace > 0.0:
        process.join(grace)  # it ends by itself when the connection is closed
    if hasattr(os, "killpg") and process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # and what it started
    process.kill()
    process.join()
    process.close()


def _not_started(found: str, mend: str) -> InvalidArgumentError:
    return invalid_argument("bidder", _RULE, found, mend)
