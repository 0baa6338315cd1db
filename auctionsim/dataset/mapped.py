"""Trajectories mapped into memory: columns unpacked once into flat files, then opened as they are.

Parquet is compressed, so it cannot be mapped. The first call for a split unpacks its columns into
NumPy files, one a column, in a folder named by the checksums of the split's shards; so a dataset
that was made again never meets the files of the old one. Files are written whole or not at all,
and each has its final name only once it is complete, so processes may unpack side by side. A file
of another size or header than expected, or bidders' names that are not those written, count as
missing and are made again. (Other bits that changed on disk are not noticed: that would mean
reading it all. Delete the folder to make it anew.)
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.card import Shard
from auctionsim.dataset.files import sha256_of_json
from auctionsim.dataset.schema import COLUMNS, SCHEMA_VERSION, Trajectories
from auctionsim.errors import invalid_argument

if TYPE_CHECKING:
    from auctionsim.dataset.reader import Dataset

CACHE_FOLDER = ".mapped"
NAMES_FILE = "bidder.json"

_FORMAT = 1  # of the files; another number leaves files of older releases aside


def map_split(
    dataset: Dataset,
    split: str,
    columns: Iterable[str] | None = None,
    cache: Path | str | None = None,
) -> Trajectories:
    """Map the trajectories of a split into memory, in the order of `Dataset.load`.

    The arrays are views of the files, copied nowhere: nothing is read before it is touched, and
    processes on one machine share the memory. They are mapped copy-on-write: writing into them
    changes this process's memory and never the files, and `torch.from_numpy` takes them as they
    are, without a copy or a warning. Only `bidder`, whose names are Python texts, is built anew.

    Args:
        dataset: The dataset.
        split: One of its splits.
        columns: Columns wanted; those about the campaigns always come; all if None.
        cache: Folder for the unpacked columns, which several datasets may share; the hidden folder
            `.mapped` in the dataset's own if None. Whoever finds all columns there need not be
            allowed to write.

    Raises:
        InvalidArgumentError: For a split or column that is not there, or a folder that cannot be
            written to.
        InvalidDataError: If a shard is missing, damaged, or not as the card says.
    """
    from auctionsim.dataset.reader import chosen_columns

    shards, names = dataset.shards(split), chosen_columns(columns)
    folder = _folder(dataset, split, shards, cache)
    rows = sum(shard.rows for shard in shards)
    shapes = {name: dataset.shape(name, rows) for name in names}
    arrays = _open(folder, shapes)
    missing = [name for name in names if name not in arrays]
    if missing:
        _unpack(dataset, shards, folder, missing)
        if cache is None:
            _remove_old(folder, split)
        arrays |= _open(folder, {name: shapes[name] for name in missing})
        lost = next((name for name in missing if name not in arrays), None)
        if lost is not None:
            mend = "Is the disk whole, and is nobody deleting files there?"
            raise _bad_cache("keep the files written there", f"no {array_file(lost)}", folder, mend)
    return Trajectories.partial({name: arrays[name] for name in names})


def array_file(column: str) -> str:
    """Return the name of a column's file."""
    return f"{column}.npy"


def stored_type(column: str) -> np.dtype[Any]:
    """Return the type of a column's file: bidders are codes there, places in `NAMES_FILE`."""
    return np.dtype(np.int32 if column == "bidder" else COLUMNS[column])


def header(kind: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return what a NumPy file of such an array begins with."""
    text = io.BytesIO()
    fields = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(text, fields)
    return text.getvalue()


def names_digest(names: Sequence[str]) -> str:
    """Return the checksum that stands beside bidders' names in `NAMES_FILE`."""
    return sha256_of_json(list(names))


def _folder(
    dataset: Dataset, split: str, shards: Sequence[Shard], cache: Path | str | None
) -> Path:
    card = dataset.card
    content = [[shard.sha256, shard.rows] for shard in shards]
    key = sha256_of_json([_FORMAT, SCHEMA_VERSION, card.steps, len(card.features), content])
    base = dataset.folder / CACHE_FOLDER if cache is None else Path(cache)
    return base / f"{split}-{key[:32]}"


def _open(folder: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """Return the columns whose files are there and as expected."""
    result = {}
    for name, shape in shapes.items():
        array = _open_array(folder / array_file(name), stored_type(name), shape)
        if array is not None and name == "bidder":
            array = _named(array, _read_names(folder / NAMES_FILE))
        if array is not None:
            result[name] = array
    return result


def _open_array(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Map a NumPy file copy-on-write; None unless it has just this header and size."""
    # Compared, not parsed: there is only one right header, and a damaged one may be anything.
    begin = header(kind, shape)
    try:
        with path.open("rb") as file:
            size = len(begin) + int(np.prod(shape)) * kind.itemsize
            if path.stat().st_size != size or file.read(len(begin)) != begin:
                return None
            mapped = np.memmap(file, kind, "c", len(begin), shape)
    except OSError:
        return None
    return mapped.view(np.ndarray)


def _read_names(path: Path) -> list[str] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names, digest = content["names"], content["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return names if digest == names_digest(names) else None


def _named(codes: NDArray[Any], names: list[str] | None) -> NDArray[np.object_] | None:
    """Return the names that codes stand for; None where they do not fit together."""
    if names is None or (codes.size and not 0 <= codes.min() <= codes.max() < len(names)):
        return None
    named: NDArray[np.object_] = np.array(names, np.object_)[codes]
    return named


def _unpack(
    dataset: Dataset, shards: Sequence[Shard], folder: Path, columns: Sequence[str]
) -> None:
    from auctionsim.dataset.unpacking import unpack

    try:
        folder.mkdir(parents=True, exist_ok=True)
        unpack(dataset, shards, folder, columns)
    except OSError as error:
        mend = "Name a folder with room for them: cache=..."
        raise _bad_cache("be where files can be written", error, folder, mend) from error


def _remove_old(folder: Path, split: str) -> None:
    """Remove the files of what the split was before; who has them mapped may go on reading."""
    for other in folder.parent.glob(f"{split}-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)


def _bad_cache(rule: str, found: object, folder: Path, mend: str) -> Exception:
    return invalid_argument("cache", f"must {rule} ({folder})", found, mend)
