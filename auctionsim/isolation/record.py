"""All that was said to a process in an episode, to be said to the next one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

# What is kept in memory; bids one by one in a large market make more, which goes to a file.
_IN_MEMORY = 1 << 26


@dataclass(frozen=True)
class Call:
    """A call of one of a process's players.

    Attributes:
        method: "begin", "ask" or "tell".
        place: The player's place among those of the process.
        seats: How many seats it plays.
        numbers: How many numbers it owes.
    """

    method: str
    place: int
    seats: int
    numbers: int = 0


class Record:
    """Bytes in the order in which they were sent, each with the call they make, if any."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - see close
        self._entries: list[tuple[Call | None, int]] = []

    def __iter__(self) -> Iterator[tuple[Call | None, bytes]]:
        begin = 0
        for call, size in self._entries:
            self._file.seek(begin)
            yield call, self._file.read(size)
            begin += size

    def add(self, call: Call | None, data: bytes) -> None:
        """Keep what is sent next; call is None for what all players are told."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(data)
        self._entries.append((call, len(data)))

    def close(self) -> None:
        """Forget all."""
        self._file.close()
        self._entries.clear()
