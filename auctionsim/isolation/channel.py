"""Messages between two processes: JSON and arrays, so that reading one never runs code."""

from __future__ import annotations

import json
import math
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Sizes stand before what they are the size of: the message as a whole, and its JSON.
_SIZE_BYTES = 8
_DTYPES = frozenset(np.dtype(code).str for code in "?bBhHiIqQfd")
# A socket cannot wait longer; nobody waits so long.
_LONGEST_WAIT = 1e6


class GarbledError(Exception):
    """A message is not what it should be."""


class ClosedError(Exception):
    """The other side is gone."""


@dataclass(frozen=True)
class Message:
    """What is said.

    Attributes:
        values: Anything JSON can hold, by name.
        arrays: Arrays of numbers or truth values, by name.
    """

    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the message as bytes, its size in front."""
        kinds = [(name, a.dtype.str, a.shape) for name, a in self.arrays.items()]
        head = json.dumps([self.values, kinds]).encode()
        blocks = [array.tobytes() for array in self.arrays.values()]
        return framed(b"".join([_size(len(head)), head, *blocks]))


def framed(content: bytes) -> bytes:
    """Return content as it is sent: its size in front."""
    return _size(len(content)) + content


def decode(content: bytearray) -> Message:
    """Return the message that `Message.encode` turned into bytes, without their size in front.

    Every array has memory of its own, and may be written to.

    Raises:
        GarbledError: Whatever else the bytes are.
    """
    try:
        begin = _SIZE_BYTES + int.from_bytes(content[:_SIZE_BYTES], "little")
        values, kinds = json.loads(content[_SIZE_BYTES:begin])
        if not isinstance(values, dict):
            raise GarbledError(f"{type(values).__name__} for values")
        arrays = {}
        for name, dtype, shape in kinds:
            array = _array(content, begin, dtype, shape)
            arrays[str(name)], begin = array, begin + array.nbytes
    except (ValueError, TypeError, RecursionError) as error:  # JSON of another form, or none
        raise GarbledError(f"{type(error).__name__}: {error}") from error
    if begin != len(content):
        raise GarbledError(f"{len(content)} bytes instead of {begin}")
    return Message(values, arrays)


def _array(content: bytearray, begin: int, dtype: object, shape: list[int]) -> NDArray[Any]:
    if dtype not in _DTYPES or not all(type(n) is int and n >= 0 for n in shape):
        raise GarbledError(f"an array of {dtype} {shape}")
    kind, count = np.dtype(str(dtype)), math.prod(shape)
    if begin + count * kind.itemsize > len(content):
        raise GarbledError(f"{len(content)} bytes, too few for {count} numbers")
    return np.frombuffer(content, kind, count, begin).reshape(shape).copy()


class Channel:
    """One end of a connection.

    Args:
        connection: A stream socket; the channel closes it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def send(self, data: bytes, deadline: float = math.inf) -> None:
        """Send bytes.

        Args:
            data: As `framed` or `Message.encode` returned them; several may follow each other.
            deadline: By `time.perf_counter`.

        Raises:
            ClosedError: If the other side is gone.
            TimeoutError: If it does not take them in time.
        """
        try:
            self._wait_until(deadline)
            self._socket.sendall(data)
        except TimeoutError:
            raise
        except OSError as error:
            raise ClosedError from error

    def receive(self, deadline: float = math.inf, largest: int | None = None) -> bytearray:
        """Return the content of the next message.

        Args:
            deadline: By `time.perf_counter`.
            largest: Bytes it may have; None for any number.

        Raises:
            ClosedError: If the other side is gone.
            TimeoutError: If the message is not there in time.
            GarbledError: If it is too large.
        """
        size = int.from_bytes(self._read(_SIZE_BYTES, deadline), "little")
        if largest is not None and size > largest:
            raise GarbledError(f"{size} bytes, more than {largest}")
        return self._read(size, deadline)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _read(self, size: int, deadline: float) -> bytearray:
        content = bytearray(size)
        rest = memoryview(content)
        while rest:
            try:
                self._wait_until(deadline)
                received = self._socket.recv_into(rest)
            except TimeoutError:
                raise
            except OSError as error:
                raise ClosedError from error
            if not received:
                raise ClosedError
            rest = rest[received:]
        return content

    def _wait_until(self, deadline: float) -> None:
        """Let the socket's next call end at a time."""
        if deadline == math.inf:
            self._socket.settimeout(None)
            return
        left = deadline - time.perf_counter()
        if left <= 0.0:
            raise TimeoutError
        self._socket.settimeout(min(left, _LONGEST_WAIT))


def _size(number: int) -> bytes:
    return number.to_bytes(_SIZE_BYTES, "little")
