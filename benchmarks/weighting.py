"""What do rules of weighting cost a step? `python -m benchmarks.weighting`.

All rules with three tasks and the planner of configs/training/small.yaml, in turns. Without
`--json` the tables are made from the record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import weighting_cost
from benchmarks.growth import Circumstances, circumstances_here
from benchmarks.planners import Machine, machine_here
from benchmarks.power_record import read_record, write_record
from benchmarks.weighting_cost import Cost
from benchmarks.weighting_tables import tables

RECORD = Path(__file__).with_name("weighting.json")
COMMAND = "OMP_NUM_THREADS=1 python -m benchmarks.weighting --json benchmarks/weighting.json"
KINDS = {"machine": Machine, "circumstances": Circumstances, "costs": Cost}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the record, or of new measurements."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.weighting", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--json", type=Path, metavar="PATH", help="measure anew, and write the record here"
    )
    path = parser.parse_args(arguments).json
    if path is not None:
        found: dict[str, Sequence[Any]] = {
            "machine": [machine_here()],
            "circumstances": [replace(circumstances_here(), command=COMMAND)],
            "costs": weighting_cost.measure(),
        }
        write_record(path, found)
    print(tables(read_record(path or RECORD, KINDS)["costs"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
