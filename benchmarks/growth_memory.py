"""What updates add to a fresh process: `python -m benchmarks.growth_memory RULE TASKS SAMPLES`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch

from auctionsim.dataset.run_costs import peak_memory_mib
from benchmarks.growth_work import RENEWAL, STEP, updates_of


def main(arguments: Sequence[str]) -> None:
    """Print the MiB that a renewal and an update take beyond what the smallest ones do."""
    rule, tasks, samples = arguments
    torch.set_num_threads(1)
    updates_of(rule, 1, 1)(RENEWAL)  # loads all there is
    update = updates_of(rule, int(tasks), int(samples))
    before = peak_memory_mib()
    update(RENEWAL)
    update(STEP)
    after = peak_memory_mib()
    if before is None or after is None:
        raise SystemExit("This system does not tell a process's peak memory.")
    print(f"{after - before:.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
