"""What many tasks cost, and how far sampled weights are off: `python -m benchmarks.growth`.

Equal weights, VAO over all pairs, and sampled VAO, with the planner of configs/training/small.yaml,
in turns. Without `--json` the tables are made from the record.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from auctionsim.bench.machine import load_average
from benchmarks import growth_error, growth_passes, growth_work
from benchmarks.growth_error import Error
from benchmarks.growth_passes import Pass
from benchmarks.growth_tables import tables
from benchmarks.growth_work import Cost
from benchmarks.planners import Machine, machine_here
from benchmarks.power_record import read_record, write_record

RECORD = Path(__file__).with_name("growth.json")
COMMAND = "OMP_NUM_THREADS=1 python -m benchmarks.growth --json benchmarks/growth.json"


@dataclass(frozen=True)
class Circumstances:
    """How the figures were measured.

    Attributes:
        command: What was called.
        python: Version of Python.
        numpy: Version of NumPy.
        threads: Threads that torch used.
        load: Processes that wanted to run in the minute before; those of others disturb.
    """

    command: str
    python: str
    numpy: str
    threads: int
    load: float


KINDS_OF_TIMES = {
    "machine": Machine,
    "circumstances": Circumstances,
    "costs": Cost,
    "passes": Pass,
}
KINDS = KINDS_OF_TIMES | {"errors": Error}


def circumstances_here() -> Circumstances:
    """Describe what else matters."""
    load = load_average()
    return Circumstances(
        COMMAND, platform.python_version(), np.__version__, 1, math.nan if load is None else load
    )


def _times() -> dict[str, Sequence[Any]]:
    return {
        "machine": [machine_here()],
        "circumstances": [circumstances_here()],
        "costs": growth_work.measure(),
        "passes": growth_passes.measure(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the record, or of new measurements."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--json", type=Path, metavar="PATH", help="measure anew, and write the record here"
    )
    parser.add_argument(
        "--errors-only", action="store_true", help="keep the times that --json's record has"
    )
    chosen = parser.parse_args(arguments)
    path: Path | None = chosen.json
    if chosen.errors_only and path is None:
        parser.error("--errors-only goes with --json PATH, the record to renew")
    if path is not None:
        times = read_record(path, KINDS_OF_TIMES) if chosen.errors_only else _times()
        write_record(path, times | {"errors": growth_error.measure()})
    record = read_record(path or RECORD, KINDS)
    print(tables(record["costs"], record["passes"], record["errors"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
