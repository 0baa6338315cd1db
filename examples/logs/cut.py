"""Cut a delivery period of AuctionNet's raw log down to the first opportunities of each step.

    python examples/logs/cut.py period.csv.gz slice.csv.gz --opportunities 6

Budgets shrink in the proportion of the opportunities kept, so that a slice's shares of budget
resemble those of the whole period; see the README beside this file.
"""

from __future__ import annotations

import argparse
import gzip
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

MIN_REMAINING_BUDGET = 0.1


def cut(log: pa.Table, opportunities: int) -> pa.Table:
    """Keep the first opportunities of each step, and scale budgets down as much."""
    kept = log.filter(pc.less(log["pvIndex"], opportunities))
    share = kept.num_rows / log.num_rows
    remaining = kept["remainingBudget"].to_numpy()
    ended = remaining < MIN_REMAINING_BUDGET
    # Who still bid in the whole period must not fall below the least budget that may bid.
    scaled = np.where(ended, remaining * share, np.maximum(remaining * share, MIN_REMAINING_BUDGET))
    return with_column(
        with_column(kept, "remainingBudget", scaled), "budget", kept["budget"].to_numpy() * share
    )


def with_column(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    """Replace a column, rounded to six decimals."""
    return table.set_column(
        table.column_names.index(name), name, pa.array(np.round(values, 6), pa.float64())
    )


def read(path: Path) -> pa.Table:
    """Read a log, CSV (gzipped or not) or Parquet."""
    return pq.read_table(path) if path.suffix == ".parquet" else pa_csv.read_csv(path)


def write(table: pa.Table, path: Path) -> None:
    """Write a log in the form its name asks for; equal tables give equal bytes."""
    if path.suffix == ".parquet":
        pq.write_table(table.replace_schema_metadata(None), path, compression="zstd")
        return
    text = io.BytesIO()
    text.write(f"{','.join(table.column_names)}\n".encode())
    pa_csv.write_csv(table, text, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
    path.write_bytes(gzip.compress(text.getvalue(), mtime=0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("slice", type=Path)
    parser.add_argument("--opportunities", type=int, default=8)
    arguments = parser.parse_args()
    write(cut(read(arguments.log), arguments.opportunities), arguments.slice)
