"""The Parquet file of a study's raw results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auctionsim.dataset.files import write_whole
from auctionsim.errors import invalid_data
from vao.reproduce.results_columns import COLUMNS

__all__ = ["read_columns", "write_columns"]

_TEXT = [name for name, kind in COLUMNS.items() if kind == "U"]
_FLOATS = [name for name, kind in COLUMNS.items() if kind == "f4"]
_SCHEMA = pa.schema([
    pa.field(name, pa.string() if kind == "U" else pa.from_numpy_dtype(kind), nullable=False)
    for name, kind in COLUMNS.items()
])  # fmt: skip
_MEND = "Write it again with `Results.write`."


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write columns as they are; equal ones give equal bytes."""
    arrays = [pa.array(columns[f.name].tolist(), f.type) for f in _SCHEMA]
    table = pa.Table.from_arrays(arrays, schema=_SCHEMA)
    whole = [name for name in COLUMNS if name not in (*_TEXT, *_FLOATS)]

    def write(file: Any) -> None:
        pq.write_table(
            table,
            file,
            compression="zstd",
            compression_level=19,
            use_dictionary=[*_TEXT, *whole],
            # Neighbouring floats share their high bytes.
            column_encoding=dict.fromkeys(_FLOATS, "BYTE_STREAM_SPLIT"),
            row_group_size=max(len(table), 1),
            write_page_checksum=True,
            store_schema=False,
        )

    write_whole(path, write)


def read_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Read the columns of a file.

    Raises:
        InvalidDataError: If it is missing, damaged, or has other columns.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            _check_schema(path, file.schema_arrow)
            table = file.read(columns=list(COLUMNS), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise invalid_data(str(path), "must be a whole Parquet file", error, _MEND) from error
    found: dict[str, NDArray[Any]] = {}
    for name, kind in COLUMNS.items():
        if table[name].null_count:
            raise invalid_data(str(path), f"must hold no nulls in column {name!r}", "some", _MEND)
        found[name] = np.array(table[name].to_pylist(), kind)
    return found


def _check_schema(path: Path, found: pa.Schema) -> None:
    if sorted(found.names) != sorted(COLUMNS):
        odd = sorted(set(found.names) ^ set(COLUMNS)) or "a column twice"
        rule = f"must have the columns {', '.join(COLUMNS)}"
        raise invalid_data(str(path), rule, f"odd {odd}", _MEND)
    for field in _SCHEMA:
        kind = found.field(field.name).type
        if kind != field.type:
            rule = f"must hold {field.type} in column {field.name!r}"
            raise invalid_data(str(path), rule, f"{kind}", _MEND)
