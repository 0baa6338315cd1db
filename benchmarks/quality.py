"""How good the planners are, beside baselines and bounds: the study of benchmarks/README.md.

python -m benchmarks.quality [RECORD]                                    prints a record's tables
python -m benchmarks.quality DATASET RUNS [--entrants ...] [--seeds ...] plays; cut short, goes on
python -m benchmarks.quality --record RUNS RECORD                        sums up what was played
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality_play import CONSTANT, DATA, LP, RULES, UNTRAINED, Entrant

RECORD = Path(__file__).with_name("quality.json")
PLANNERS = ("aigb", "decision_transformer", "diffbid", "direct", "pearl")
ENTRANTS = (DATA, CONSTANT, LP, UNTRAINED, *PLANNERS)
SEEDS = (0, 1, 2, 3, 4)


def main(arguments: Sequence[str] | None = None) -> None:
    """Play, sum up, or print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--entrants", nargs="+", default=list(ENTRANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--training", default="small")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    if len(given.paths) < 2:
        from benchmarks.quality_tables import tables

        path = given.paths[0] if given.paths else RECORD
        print(tables(json.loads(path.read_text(encoding="utf-8"))))
    elif given.record:
        from benchmarks.quality_record import record

        work, out = given.paths
        text = json.dumps(record(work), indent=1, allow_nan=False) + "\n"
        out.write_text(text, encoding="utf-8")
    else:
        _play(given)


def _play(given: argparse.Namespace) -> None:
    import torch

    from auctionsim.dataset import Dataset
    from benchmarks.quality_play import play
    from vao.config import load_training_config

    torch.set_num_threads(given.threads)
    data, work = given.paths
    dataset = Dataset.open(data)
    config = load_training_config(given.training, method="none")
    for seed in given.seeds:
        for name in given.entrants:
            if name in RULES and seed != SEEDS[0]:
                continue
            print(f"{name} {seed}", file=sys.stderr, flush=True)
            play(Entrant(name, seed), dataset, config, work)


if __name__ == "__main__":
    main()
