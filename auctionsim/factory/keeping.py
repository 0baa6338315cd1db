"""Safe keeping: one command at a time on a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auctionsim.dataset.files import write_json
from auctionsim.dataset.records import UNFINISHED, read_json
from auctionsim.errors import invalid_argument

_OWNER = "owner.json"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have a folder to oneself; the system lets go of it when the process ends, however it ends.

    Where the system cannot lock folders nothing is locked. Two commands then do the same work
    twice: files are replaced whole, by ones with the same bytes.

    Raises:
        InvalidArgumentError: If another process has it.
    """
    try:
        import fcntl
    except ImportError:  # not a Unix
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(folder) from None
        except OSError:  # a network folder without locks
            pass
        yield
    finally:
        os.close(descriptor)


def name_owner(folder: Path) -> None:
    """Leave word of who is at work in a folder."""
    write_json(folder / UNFINISHED / _OWNER, {"process": os.getpid()})


def _taken(folder: Path) -> Exception:
    process = read_json(folder / UNFINISHED / _OWNER).get("process")
    found = "another command" if process is None else f"process {process}"
    mend = "Wait for it or end it, or choose another folder."
    rule = f"{folder} must not be written by another command at the same time"
    return invalid_argument("folder", rule, found, mend)
