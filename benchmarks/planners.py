"""How fast do planners learn and act? `python -m benchmarks.planners`.

All registered planners with their default settings, in turns. Without `--json` the tables are made
from the record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from auctionsim.bench import describe_machine
from benchmarks.planners_speed import Speed, measure, settings_here
from benchmarks.planners_tables import tables
from benchmarks.power_record import read_record, write_record
from vao.planners import PLANNERS

RECORD = Path(__file__).with_name("planners.json")


@dataclass(frozen=True)
class Machine:
    """What the figures were measured on.

    Attributes:
        processor: Its name.
        cores: How many there were.
        accelerator: Its name; empty without one.
        torch: Version of torch.
    """

    processor: str
    cores: int
    accelerator: str
    torch: str


KINDS = {"machine": Machine, "speeds": Speed}


def machine_here() -> Machine:
    """Describe this machine."""
    about = describe_machine()
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return Machine(
        str(about["processor"]), int(about["cores"] or 1), accelerator, torch.__version__
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the record, or of new measurements."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planners", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--json", type=Path, metavar="PATH", help="measure anew, and write the record here"
    )
    path = parser.parse_args(arguments).json
    if path is not None:
        speeds = measure(list(PLANNERS), settings_here())
        write_record(path, {"machine": [machine_here()], "speeds": speeds})
    print(tables(read_record(path or RECORD, KINDS)["speeds"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
