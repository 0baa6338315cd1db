"""How noisy are validation-aligned weights? `python -m benchmarks.noise`.

Cosines of gradients are drawn many times at a few points of a training with equal weights, and
estimators watch it. Without a dataset the tables are made from the record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from auctionsim.dataset import Dataset
from benchmarks import noise_study
from benchmarks.noise_estimators import Estimate
from benchmarks.noise_figures import Noise, Pair, SmallSet
from benchmarks.noise_tables import tables
from benchmarks.planners import Machine, machine_here
from benchmarks.power_record import read_record, write_record

RECORD = Path(__file__).with_name("noise.json")
KINDS = {
    "machine": Machine,
    "pairs": Pair,
    "noises": Noise,
    "sets": SmallSet,
    "estimates": Estimate,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the record, or of new measurements."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.noise", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("dataset", nargs="?", type=Path, help="measure anew, on this dataset")
    parser.add_argument(
        "--json", type=Path, metavar="PATH", default=RECORD, help="the record to write or to read"
    )
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw it, as .svg or .png")
    chosen = parser.parse_args(arguments)
    if chosen.dataset is not None:
        found = noise_study.measure(Dataset.open(chosen.dataset))
        write_record(chosen.json, {"machine": [machine_here()], **found})
    record = read_record(chosen.json, KINDS)
    print(tables(record))
    if chosen.plot is not None:
        from benchmarks.noise_plot import draw  # needs matplotlib

        draw(record["noises"], chosen.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
