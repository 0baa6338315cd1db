"""Logs written step by step, so that memory does not grow with the episode."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auctionsim.factory.config import LogsConfig
from auctionsim.factory.log_columns import COLUMNS
from auctionsim.factory.log_rows import Before, step_rows
from auctionsim.factory.play import seated
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.simulator import Simulation

Rows = dict[str, NDArray[np.float64]]

# Numbers that were float32: their high bytes are alike, and their low ones are 0.
_MANY_VALUED = ("pValue", "pValueSigma", "knownValue", "bid")
_GZIP_LEVEL = 6
_SCHEMA = pa.schema([pa.field(name, pa.float64()) for name in COLUMNS])


class TableWriter(Protocol):
    """What the writers of Parquet and CSV have in common."""

    def write_table(self, table: pa.Table) -> None:
        """Write rows."""


def write_log(
    file: BinaryIO,
    market: MarketConfig,
    lineup: LineupConfig,
    seed: int,
    episode: int,
    logs: LogsConfig,
) -> int:
    """Play one episode and write its log; equal arguments give equal bytes.

    Args:
        file: Open for writing.
        market: The market.
        lineup: Who plays.
        seed: Seed of all randomness.
        episode: Number of the episode.
        logs: Which steps and advertisers, and in what format.

    Returns:
        The number of rows.
    """
    simulation = Simulation(market, [episode], seed)
    rows = 0
    with _writer(file, logs.format) as writer:
        for part in _play(simulation, lineup, logs):
            rows += len(part["bid"])
            # From buffers, as pa.array() imports pandas (0.4 s) where that is installed.
            columns = [
                pa.Array.from_buffers(pa.float64(), len(part[n]), [None, pa.py_buffer(part[n])])
                for n in COLUMNS
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=_SCHEMA))
    return rows


def _play(simulation: Simulation, lineup: LineupConfig, logs: LogsConfig) -> Iterator[Rows]:
    """Play a simulation of one run to its end; yields the rows to be logged."""
    advertisers = logs.advertisers or tuple(range(simulation.market.advertisers))
    cast = seated(simulation, lineup)
    while not simulation.done:
        wanted = not logs.steps or simulation.step_index in logs.steps
        before = Before.of(simulation, advertisers) if wanted else None
        decided = cast.decide(simulation, simulation.observe())
        outcome = cast.play(simulation, *decided, keep_sales=wanted)
        if before is not None:
            yield from step_rows(simulation, before, outcome)


@contextmanager
def _writer(file: BinaryIO, kind: str) -> Iterator[TableWriter]:
    if kind == "parquet":
        import pyarrow.parquet as pq

        with pq.ParquetWriter(
            file,
            _SCHEMA,
            compression="zstd",
            use_dictionary=[name for name in COLUMNS if name not in _MANY_VALUED],
            column_encoding=dict.fromkeys(_MANY_VALUED, "BYTE_STREAM_SPLIT"),
            write_page_checksum=True,
        ) as writer:
            yield writer
        return
    from pyarrow import csv

    plain = csv.WriteOptions(quoting_style="none", quoting_header="none")
    # Without name and time, so that equal rows give equal bytes.
    zipped = gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) if kind == "csv.gz" else None
    with zipped or nullcontext(file) as stream:
        sink = pa.PythonFile(stream, mode="w")
        with csv.CSVWriter(sink, _SCHEMA, write_options=plain) as writer:
            yield writer
