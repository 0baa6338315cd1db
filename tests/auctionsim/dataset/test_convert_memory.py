"""Memory does not grow with the log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.auctionsim.dataset.samples import LOGS

CODE = """
import sys
from auctionsim.dataset import convert_log
print(convert_log(sys.argv[1], sys.argv[2], progress=False).peak_memory_mib)
"""


def peak_mib(source: Path, out: Path) -> float:
    command = [sys.executable, "-c", CODE, str(source), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def test_a_log_of_a_million_rows_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    period = pq.read_table(LOGS / "period-1.parquet")
    repeats, place = 60, period.schema.get_field_index("deliveryPeriodIndex")
    with pq.ParquetWriter(tmp_path / "long.parquet", period.schema) as file:
        for index in range(repeats):
            column = pa.array(np.full(len(period), float(index)))
            file.write_table(period.set_column(place, "deliveryPeriodIndex", column))
    short = peak_mib(LOGS / "period-1.parquet", tmp_path / "a")
    long = peak_mib(tmp_path / "long.parquet", tmp_path / "b")
    # Its 15 columns as float64 are 127 MiB.
    assert long < short + 100
    assert long < 400
