"""Trajectories as Arrow tables and Parquet files, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auctionsim.dataset.schema import CAMPAIGN_COLUMNS, COLUMNS, Trajectories, shape_of
from auctionsim.errors import invalid_data
from auctionsim.tasks import TASKS

_MEND = "Make the dataset again."


def arrow_schema(steps: int, features: int) -> pa.Schema:
    """Return the Arrow schema of a shard of T steps and F features."""
    return pa.schema(
        [pa.field(n, _arrow_type(n, steps, features), nullable=False) for n in COLUMNS]
    )


def write_table(file: BinaryIO, trajectories: Trajectories) -> None:
    """Write trajectories as Parquet; equal trajectories give equal bytes."""
    steps, features = trajectories.state.shape[1:]
    schema = arrow_schema(steps, features)
    arrays = [_to_arrow(getattr(trajectories, f.name), f.type) for f in schema]
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        file,
        compression="zstd",
        use_dictionary=["task", "bidder"],
        # Neighbouring floats share their high bytes: smaller, and faster to read than a dictionary.
        column_encoding=dict.fromkeys(_float_leaves(schema), "BYTE_STREAM_SPLIT"),
        row_group_size=max(len(trajectories), 1),
        write_page_checksum=True,
    )


def read_arrays(
    path: Path, columns: Sequence[str], steps: int, features: int, sha256: str | None = None
) -> dict[str, NDArray[Any]]:
    """Read columns of a shard.

    Args:
        path: The Parquet file.
        columns: Names of columns of the schema.
        steps: Steps it must have.
        features: Features it must have.
        sha256: Checksum that the file's bytes must have; not checked if None.

    Returns:
        Arrays by column name, in the form `Trajectories` holds them.

    Raises:
        InvalidDataError: If the file is missing, damaged, or not of the schema.
    """
    try:
        # The pages' own checksums say nothing more than the whole file's.
        source, pages = (path, True) if sha256 is None else (_checked(path, sha256), False)
        with pq.ParquetFile(source, page_checksum_verification=pages) as file:
            _check_schema(path, file.schema_arrow, arrow_schema(steps, features))
            table = file.read(columns=list(columns), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise invalid_data(str(path), "must be a whole Parquet file", error, _MEND) from error
    return {name: _to_numpy(path, name, table[name], steps, features) for name in columns}


def _checked(path: Path, sha256: str) -> pa.BufferReader:
    """Return a file's content, read once, if it has this checksum."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        rule = f"must have the card's SHA-256 {sha256[:12]}…"
        raise invalid_data(str(path), rule, f"{found[:12]}…", _MEND)
    return pa.BufferReader(content)


def _arrow_type(name: str, steps: int, features: int) -> pa.DataType:
    if name in ("task", "bidder"):
        return pa.dictionary(pa.int8() if name == "task" else pa.int32(), pa.string())
    result: pa.DataType = pa.from_numpy_dtype(COLUMNS[name])
    for length in reversed(shape_of(name, 0, steps, features)[1:]):
        result = pa.list_(pa.field("element", result, nullable=False), length)
    return result


def _float_leaves(schema: pa.Schema) -> list[str]:
    """Return the Parquet paths of the float columns' values."""
    paths = []
    for field in schema:
        path, kind = field.name, field.type
        while pa.types.is_fixed_size_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        if pa.types.is_floating(kind):
            paths.append(path)
    return paths


def _to_arrow(array: NDArray[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        names = np.asarray(TASKS, np.object_)[array] if array.dtype == np.int8 else array
        known, codes = np.unique(names.astype(str), return_inverse=True)
        indices = _to_arrow(codes.astype(kind.index_type.to_pandas_dtype()), kind.index_type)
        return pa.DictionaryArray.from_arrays(indices, _strings(known.tolist()))
    if pa.types.is_fixed_size_list(kind):
        values = _to_arrow(array.reshape(-1, *array.shape[2:]), kind.value_type)
        return pa.FixedSizeListArray.from_arrays(values, type=kind)
    # From buffers, as pa.array() imports pandas (0.4 s) where that is installed.
    bits = pa.types.is_boolean(kind)
    data = np.packbits(array, bitorder="little") if bits else np.ascontiguousarray(array)
    return pa.Array.from_buffers(kind, len(array), [None, pa.py_buffer(data)])


def _strings(texts: Sequence[str]) -> pa.Array:
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))
    return pa.StringArray.from_buffers(len(texts), *buffers)


def _check_schema(path: Path, found: pa.Schema, expected: pa.Schema) -> None:
    for name in expected.names:
        if name not in found.names:
            raise invalid_data(str(path), f"must have a column {name!r}", "none", _MEND)
    for name in found.names:
        if name not in expected.names or found.names.count(name) > 1:
            raise invalid_data(str(path), "must have the schema's columns only", name, _MEND)
    for field in expected:
        kind = found.field(field.name).type
        if kind != field.type:
            rule = f"must hold {field.type} in column {field.name!r}"
            raise invalid_data(str(path), rule, f"{kind}", _MEND)


def _to_numpy(
    path: Path, name: str, column: pa.ChunkedArray, steps: int, features: int
) -> NDArray[Any]:
    array = column.combine_chunks()
    rows = len(array)
    while pa.types.is_fixed_size_list(array.type) and not array.null_count:
        array = array.flatten()
    if array.null_count:
        raise invalid_data(str(path), f"must hold no nulls in column {name!r}", "some", _MEND)
    if pa.types.is_dictionary(array.type):
        if array.dictionary.null_count:
            raise invalid_data(str(path), f"must hold no nulls in column {name!r}", "some", _MEND)
        names = np.array(array.dictionary.to_pylist(), np.object_)
        values: NDArray[Any] = names if name == "bidder" else _task_codes(path, names)
        chosen: NDArray[Any] = values[np.from_dlpack(array.indices)]
        return chosen
    shape = shape_of(name, rows, steps, features)
    bits = pa.types.is_boolean(array.type)
    # Not by to_numpy(), which imports pandas (0.4 s) where that is installed.
    flat: NDArray[Any] = np.from_dlpack(array.cast(pa.uint8()) if bits else array)
    return flat.view(np.bool_).reshape(shape) if bits else flat.reshape(shape)


def _task_codes(path: Path, names: NDArray[np.object_]) -> NDArray[np.int8]:
    unknown = sorted(set(names) - set(TASKS))
    if unknown:
        raise invalid_data(str(path), f"must hold the tasks {', '.join(TASKS)}", unknown[0], _MEND)
    return np.array([TASKS.index(name) for name in names], CAMPAIGN_COLUMNS["task"])
