from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auctionsim.isolation.channel import (
    Channel,
    ClosedError,
    GarbledError,
    Message,
    decode,
    framed,
)

DTYPES = ("?", "i1", "u1", "i4", "i8", "u8", "f4", "f8")
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda code: hnp.arrays(np.dtype(code), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


def content_of(message: Message) -> bytearray:
    return bytearray(message.encode()[8:])


def head_of(values: Any, kinds: Any, rest: bytes = b"") -> bytearray:
    """Return the content of a message made by hand."""
    head = json.dumps([values, kinds]).encode()
    return bytearray(len(head).to_bytes(8, "little") + head + rest)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    yield channel, theirs
    channel.close()
    theirs.close()


@given(st.dictionaries(st.text(), VALUES), st.dictionaries(st.text(), ARRAYS, max_size=4))
def test_messages_come_through_as_they_were(values: Any, arrays: Any) -> None:
    found = decode(content_of(Message(values, arrays)))
    assert found.values == values
    assert list(found.arrays) == list(arrays)
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()
        assert found.arrays[name].flags.writeable
        assert found.arrays[name].flags.aligned


def test_views_are_sent_as_they_look() -> None:
    array = np.arange(12.0).reshape(3, 4)[::-1, ::2]
    found = decode(content_of(Message({}, {"a": array}))).arrays["a"]
    np.testing.assert_array_equal(found, array)


def decoded(content: bytearray) -> Message | None:
    """Return the message; None where the bytes are garbled."""
    try:
        return decode(content)
    except GarbledError:
        return None


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_garbled_or_a_message(data: bytes) -> None:
    found = decoded(bytearray(data))
    assert found is None or found.encode()[8:16] == data[:8]


@given(st.data())
def test_a_message_with_a_byte_changed_is_garbled_or_a_message(data: st.DataObject) -> None:
    content = content_of(Message({"a": [1, "b"]}, {"x": np.ones((2, 3)), "y": np.zeros(0, "i4")}))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    found = decoded(content)
    assert found is None or sum(array.nbytes for array in found.arrays.values()) == 48


HOSTILE: list[tuple[Any, Any, bytes]] = [
    ([], [], b""),
    ({}, [], b"more"),
    ({}, [["a", "|O", [1]]], b"12345678"),
    ({}, [["a", "<f8", [1]]], b"1234567"),
    ({}, [["a", "<f8", [1]]], b"123456789"),
    ({}, [["a", "<f8", [-1]]], b""),
    ({}, [["a", "<f8", [10**30]]], b""),
    ({}, [["a", "<f8", [10**30, 0]]], b""),
    ({}, [["a", "<f8", [True]]], b"12345678"),
    ({}, [["a", "<f8", [1.0]]], b"12345678"),
    ({}, [["a", "<f8", "1"]], b"12345678"),
    ({}, [["a", "<f8", [1] * 100]], b"12345678"),
    ({}, [["a", ["<f8"], [1]]], b"12345678"),
    ({}, [["a", None, [1]]], b"12345678"),
    ({}, [["a", "<f8"]], b""),
    ({}, {"a": 1}, b""),
    ({}, None, b""),
]


@pytest.mark.parametrize(("values", "kinds", "rest"), HOSTILE)
def test_what_only_looks_like_a_message_is_garbled(values: Any, kinds: Any, rest: bytes) -> None:
    with pytest.raises(GarbledError):
        decode(head_of(values, kinds, rest))


def test_deep_json_is_garbled() -> None:
    head = b"[" * 10**5
    with pytest.raises(GarbledError):
        decode(bytearray(len(head).to_bytes(8, "little") + head))


def test_several_messages_may_be_sent_at_once(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.sendall(framed(b"one") + framed(b"") + framed(b"three"))
    assert [bytes(channel.receive()) for _ in range(3)] == [b"one", b"", b"three"]


def test_large_ones_come_through(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    message = Message({}, {"a": np.arange(10**6)})
    thread = threading.Thread(target=channel.send, args=(message.encode(), time.perf_counter() + 9))
    thread.start()
    found = decode(Channel(other).receive(time.perf_counter() + 9))
    thread.join()
    np.testing.assert_array_equal(found.arrays["a"], message.arrays["a"])


@pytest.mark.parametrize("sent", [b"", b"\x09", (9).to_bytes(8, "little") + b"part"])
def test_what_does_not_come_whole_and_in_time_is_not_waited_for(
    ends: tuple[Channel, socket.socket], sent: bytes
) -> None:
    channel, other = ends
    other.sendall(sent)
    began = time.perf_counter()
    with pytest.raises(TimeoutError):
        channel.receive(began + 0.05)
    assert 0.05 <= time.perf_counter() - began < 1.0
    with pytest.raises(TimeoutError):
        channel.receive(began)


def test_a_trickle_is_not_waited_for_either(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    over = threading.Event()

    def trickle() -> None:
        other.sendall((1000).to_bytes(8, "little"))
        while not over.wait(0.01):
            other.sendall(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    began = time.perf_counter()
    with pytest.raises(TimeoutError):
        channel.receive(began + 0.1)
    over.set()
    thread.join()
    assert time.perf_counter() - began < 1.0


def test_a_reader_that_does_not_read_is_not_waited_for(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.send(bytes(10**8), time.perf_counter() + 0.05)


def test_what_is_too_large_is_not_read(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.sendall(b"\xff" * 8)
    with pytest.raises(GarbledError, match="bytes, more than 100"):
        channel.receive(largest=100)


def test_a_closed_connection_is_told(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    other.sendall(b"\x09")
    other.close()
    with pytest.raises(ClosedError):
        channel.receive()
    with pytest.raises(ClosedError):
        channel.send(bytes(10**7))
    channel.close()
    with pytest.raises(ClosedError):
        channel.receive()
