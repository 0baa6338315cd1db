"""Shards to flat files, one a column, for `mapped`: by several threads, in bounded memory."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.card import Shard
from auctionsim.dataset.files import TEMPORARY_SUFFIX, write_json
from auctionsim.dataset.mapped import (
    NAMES_FILE,
    array_file,
    header,
    names_digest,
    stored_type,
)

if TYPE_CHECKING:
    from auctionsim.dataset.reader import Dataset

MOST_THREADS = 8

_ABANDONED = 24 * 3600.0  # seconds since a temporary file was last written to


def unpack(dataset: Dataset, shards: Sequence[Shard], folder: Path, columns: Sequence[str]) -> None:
    """Write columns of a split as NumPy files, each whole or not at all.

    A shard's checksum is compared with the card's, so that files named by the checksums never hold
    anything else. Memory does not grow with the split, but with the shards.

    Args:
        dataset: The dataset.
        shards: The split's shards, in order.
        folder: An existing folder.
        columns: Names of columns of the schema.

    Raises:
        InvalidDataError: If a shard is missing, damaged, or not as the card says.
        OSError: If the files cannot be written.
    """
    _remove_abandoned(folder)
    rows = [shard.rows for shard in shards]
    starts = list(accumulate(rows, initial=0))
    numeric = [name for name in columns if name != "bidder"]
    bidders: dict[int, NDArray[np.object_]] = {}
    with ExitStack() as stack:
        files = {}
        for name in numeric:
            shape = dataset.shape(name, starts[-1])
            files[name] = stack.enter_context(_array_file(folder, name, shape))

        def unpack_shard(place: int) -> None:
            arrays = dataset.read_shard(shards[place], columns, verify=True)
            for name, file in files.items():
                file.put(starts[place], arrays[name])
            if "bidder" in arrays:
                bidders[place] = arrays["bidder"]

        _for_each(unpack_shard, len(shards))
    if "bidder" in columns:
        _write_bidders(folder, np.concatenate([bidders[place] for place in range(len(shards))]))


class _ArrayFile:
    """A NumPy file that is being written, in pieces that come in any order.

    Args:
        file: Open for writing.
        begin: The file's header.
        shape: Of the whole array.
        kind: Of the array.
    """

    def __init__(
        self, file: Any, begin: bytes, shape: tuple[int, ...], kind: np.dtype[Any]
    ) -> None:
        self._file, self._lock = file, Lock()
        self._start, self._row = len(begin), int(np.prod(shape[1:])) * kind.itemsize
        file.write(begin)

    def put(self, row: int, array: NDArray[Any]) -> None:
        """Write consecutive rows, from this one on; safe to call from several threads."""
        with self._lock:
            self._file.seek(self._start + row * self._row)
            self._file.write(np.ascontiguousarray(array).data)


@contextmanager
def _array_file(folder: Path, name: str, shape: tuple[int, ...]) -> Iterator[_ArrayFile]:
    """Give a file to write a column into; it takes its name if all went well."""
    path, kind = folder / array_file(name), stored_type(name)
    temporary = folder / f".{path.name}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}"
    try:
        with temporary.open("xb") as file:
            yield _ArrayFile(file, header(kind, shape), shape, kind)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write_bidders(folder: Path, bidders: NDArray[np.object_]) -> None:
    """Write names, sorted so that all who write them write the same, and codes."""
    names = sorted(set(bidders))
    places = {name: place for place, name in enumerate(names)}
    codes = np.array([places[name] for name in bidders], stored_type("bidder"))
    write_json(folder / NAMES_FILE, {"names": names, "sha256": names_digest(names)})
    with _array_file(folder, "bidder", codes.shape) as file:
        file.put(0, codes)


def _for_each(work: Any, count: int) -> None:
    """Call work(0), work(1), ... on several threads; after an error no more are begun."""
    threads = max(1, min(count, os.cpu_count() or 1, MOST_THREADS))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="unpack")
    try:
        for future in [pool.submit(work, place) for place in range(count)]:
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left over; younger files may be somebody's work."""
    for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()
        except OSError:  # removed by another process
            continue
