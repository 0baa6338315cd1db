"""One run at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auctionsim.errors import invalid_argument

__all__ = ["alone_in"]

_NAME = "lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder; a process that ends, however it ends, keeps none out.

    Where the system has no such locks (Windows), all are let in.

    Args:
        folder: Made if it is not there; left, but for the lock, as it was.

    Raises:
        InvalidArgumentError: If another run is in it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _NAME).open("w")
    except OSError as error:
        rule = f"must lie where folders can be made ({folder})"
        raise invalid_argument("OUT", rule, error, "Choose another place.") from error
    with file:
        if not _lock(file.fileno()):
            mend = "Wait for it, or choose another folder."
            raise invalid_argument("OUT", "must not be in use", "another run there", mend)
        yield


def _lock(descriptor: int) -> bool:
    """Lock an open file; say whether nobody else had."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
