"""Reading raw logs, AuctionNet's or our own: CSV, gzipped CSV, Parquet, in batches."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auctionsim.dataset.log_columns import LogBatch, columns_to_read
from auctionsim.errors import AuctionSimError, invalid_data

SUFFIXES: tuple[str, ...] = (".csv", ".csv.gz", ".parquet")

_BLOCK_BYTES = 1 << 20
_PARQUET_ROWS = 1 << 15
_CANNOT_READ = "Get the file anew; it may be cut off."
_BAD_NUMBER = re.compile(
    r"CSV column #(\d+): Row #(\d+): CSV conversion error.*invalid value '(.*)'"
)
_BAD_FIELDS = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


def find_logs(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the log files meant by a file, a folder, or a list of files.

    A folder stands for all its files ending in `SUFFIXES`, in natural order (2 before 10).

    Raises:
        InvalidDataError: If a file does not exist, or there is none.
    """
    if not isinstance(source, str | Path):
        files = [Path(item) for item in source]
    elif Path(source).is_dir():
        inside = (p for p in Path(source).iterdir() if p.name.endswith(SUFFIXES) and p.is_file())
        files = sorted((p for p in inside if not p.name.startswith(".")), key=_natural)
    else:
        files = [Path(source)]
    if not files:
        rule = f"must hold a log ({', '.join(SUFFIXES)})"
        raise invalid_data("source", f"{source} {rule}", "none", "Give AuctionNet's raw logs.")
    for path in files:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "nothing"
            raise invalid_data("source", f"{path} must be a file", found, "Check the path.")
    return files


def read_batches(files: Sequence[Path]) -> Iterator[LogBatch]:
    """Read logs one after another, only the columns needed, values unchecked.

    Memory does not grow with the files: a batch holds about 1 MiB of text, or 32,768 rows.

    Raises:
        InvalidDataError: For a file that cannot be read, lacks a column, or holds no numbers.
    """
    before = 0
    for path in files:
        try:
            reader = _read_parquet if _magic(path)[:4] == b"PAR1" else _read_csv
            yield from reader(path, before)
        except AuctionSimError:
            raise
        except (pa.ArrowException, OSError, EOFError, zlib.error, csv.Error) as error:
            raise invalid_data(
                str(path), "must be a whole log file", error, _CANNOT_READ
            ) from error
        before += path.stat().st_size


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        magic = file.read(4)
    if path.suffix == ".parquet" and magic != b"PAR1":
        raise invalid_data(str(path), "must be a Parquet file", "other bytes", _CANNOT_READ)
    return magic


def _read_csv(path: Path, before: int) -> Iterator[LogBatch]:
    zipped = _magic(path)[:2] == b"\x1f\x8b"
    header = _header(path, zipped)
    names = columns_to_read(header, path.name)
    raw = pa.OSFile(str(path))
    stream = pa.CompressedInputStream(raw, "gzip") if zipped else raw
    row = 2
    try:
        reader = pa_csv.open_csv(
            stream,
            # Larger blocks or threads gain nothing here, and threads hide the line of an error.
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                include_columns=names,
                column_types=dict.fromkeys(names, pa.float64()),
                null_values=[],
            ),
        )
        for batch in reader:
            if len(batch):
                arrays = _arrays(batch, names, path, row)
                yield LogBatch(arrays, path.name, row, "line", before + raw.tell())
            row += len(batch)
    except pa.ArrowInvalid as error:
        raise _csv_error(path, header, error) from error
    finally:
        stream.close()
    _check_not_empty(path, row - 2)


def _header(path: Path, zipped: bool) -> list[str]:
    """Return the names in the first line."""
    with gzip.open(path) if zipped else path.open("rb") as file:
        line = file.readline(_BLOCK_BYTES).decode("utf-8-sig", errors="replace")
    return next(csv.reader([line.rstrip("\r\n")]), [])


def _csv_error(path: Path, header: Sequence[str], error: pa.ArrowInvalid) -> AuctionSimError:
    text = " ".join(str(error).split())
    if match := _BAD_NUMBER.search(text):
        name, line, value = header[int(match[1])], match[2], match[3]
        rule = f"must be a number in line {line} of {path.name}"
        return invalid_data(name, rule, value, "Mend the line, or leave the file out.")
    if match := _BAD_FIELDS.search(text):
        rule = f"must have {match[2]} fields in line {match[1]}, as its header has"
        return invalid_data(str(path), rule, match[3], _CANNOT_READ)
    return invalid_data(str(path), "must be a whole CSV file", text[:200], _CANNOT_READ)


def _read_parquet(path: Path, before: int) -> Iterator[LogBatch]:
    # Pre-buffering would hold the whole file by its end, and no buffer a whole row group's columns.
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BLOCK_BYTES) as file:
        schema = file.schema_arrow
        names = columns_to_read(schema.names, path.name)
        for name in names:
            kind = schema.field(name).type
            if not _is_numeric(kind):
                mend = "Store it as numbers."
                raise invalid_data(name, f"must be numeric in {path.name}", f"{kind}", mend)
        size, rows, row = path.stat().st_size, file.metadata.num_rows, 0
        _check_not_empty(path, rows)
        batches = file.iter_batches(_PARQUET_ROWS, columns=names, use_threads=False)
        for batch in batches:
            read = before + size * (row + len(batch)) // rows
            if len(batch):
                arrays = _arrays(batch, names, path, row + 1)
                yield LogBatch(arrays, path.name, row + 1, "row", read)
            row += len(batch)


def _is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def _arrays(
    batch: pa.RecordBatch, names: Sequence[str], path: Path, first_row: int
) -> dict[str, NDArray[np.float64]]:
    result = {}
    for name in names:
        column = batch.column(name)
        if column.null_count:
            row = first_row + column.is_null().to_pylist().index(True)
            mend = "Fill it, or leave the file out."
            raise invalid_data(name, f"must be given in row {row} of {path.name}", "null", mend)
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        # Not by to_numpy(), which imports pandas (0.4 s) where that is installed.
        result[name] = np.from_dlpack(column).astype(np.float64, copy=False)
    return result


def _check_not_empty(path: Path, rows: int) -> None:
    if rows == 0:
        raise invalid_data(str(path), "must hold rows", "none", "Leave the empty file out.")


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Sort key in which numbers within names count as numbers."""
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part)) if part.isdigit() else (0, part) for part in parts]
