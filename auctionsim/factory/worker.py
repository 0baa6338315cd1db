"""What runs in a worker's process: it makes one part after the other, until nobody wants more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from auctionsim.dataset.card import LogFile, Shard
from auctionsim.dataset.records import Records
from auctionsim.dataset.run_costs import peak_memory_mib
from auctionsim.errors import AuctionSimError, BidderError, InvalidArgumentError, InvalidDataError
from auctionsim.factory.parts import Recipe, make_part
from auctionsim.threads import set_threads

_ERRORS: dict[str, type[AuctionSimError]] = {
    error.__name__: error
    for error in (AuctionSimError, BidderError, InvalidArgumentError, InvalidDataError)
}


@dataclass(frozen=True)
class Orders:
    """What a worker is told once.

    Attributes:
        recipe: What the parts follow from.
        folder: The dataset's folder.
        identity: Checksum under which complete files are recorded.
        threads: Threads its kernels may use.
    """

    recipe: Recipe
    folder: Path
    identity: str
    threads: int


@dataclass(frozen=True)
class Ready:
    """The worker can make parts."""


@dataclass(frozen=True)
class Made:
    """A part is complete on disk, and recorded.

    Attributes:
        entry: What the card says of it.
        peak_memory_mib: Largest resident memory of the worker so far; None where not known.
        process: The worker's number.
    """

    entry: Shard | LogFile
    peak_memory_mib: float | None
    process: int


@dataclass(frozen=True)
class Failed:
    """An error, in a form that every process can read.

    Attributes:
        kind: Name of its class.
        message: What it says.
        number: Its `errno`, of an error of the system.
        file: The file it was about, of an error of the system.
        trace: Where it arose.
    """

    kind: str
    message: str
    number: int | None = None
    file: str | None = None
    trace: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failed:
        """Put an error in this form."""
        kind = next((c.__name__ for c in type(error).__mro__ if c.__name__ in _ERRORS), "")
        trace = "".join(traceback.format_exception(error))
        if isinstance(error, OSError):
            file = None if error.filename is None else str(error.filename)
            return cls("OSError", error.strerror or str(error), error.errno, file, trace)
        return cls(kind or type(error).__name__, str(error), trace=trace)

    def error(self) -> Exception:
        """Return the error to raise here: of its own class where that is one of the project's."""
        if self.kind == "OSError":
            return OSError(self.number, self.message, self.file)
        if self.kind in _ERRORS:
            return _ERRORS[self.kind](self.message)
        if self.kind == "MemoryError":
            return MemoryError(self.message)
        return RuntimeError(f"a worker failed\n{self.trace}")


def serve(connection: Connection, orders: Orders) -> None:
    """Make the parts that come through a connection, until it is closed.

    Args:
        connection: To the process that started this one; the answers are `Ready`, once, and
            `Made` or `Failed` for each part.
        orders: What all parts have in common.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other side, which ends us
    end_with_parent()
    set_threads(orders.threads)
    records = Records(orders.folder, orders.identity)
    try:
        orders.recipe.lineup.check()  # what a program registered while it ran is not known here
        connection.send(Ready())
        while True:
            part = connection.recv()
            connection.send(_answer(orders, part, records))
    except (EOFError, ConnectionError):
        return
    except Exception as error:  # from a bidder's module, say
        connection.send(Failed.of(error))


def _answer(orders: Orders, part: object, records: Records) -> Made | Failed:
    try:
        entry = make_part(orders.recipe, part, orders.folder, records)  # type: ignore[arg-type]
        return Made(entry, peak_memory_mib(), os.getpid())
    except Exception as error:
        return Failed.of(error)


def end_with_parent() -> None:
    """End this process when the one that started it is gone, whatever it is busy with."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
