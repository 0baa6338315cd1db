"""What a cycle adds to a fresh process.

`python -m benchmarks.weighting_memory RULE DEVICE SAMPLES` prints it, in MiB. On the CPU this is
resident memory, on CUDA what tensors take.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from auctionsim.dataset.run_costs import peak_memory_mib
from benchmarks.planners_speed import SHAPE
from benchmarks.weighting_cost import CYCLE, steps_of

_UNKNOWN = "This system does not tell a process's memory."


def main(arguments: Sequence[str]) -> None:
    """Print the MiB that steps take beyond the model and the code they need."""
    rule, device, samples = arguments
    torch.set_num_threads(1)
    # Days of two steps load all the code there is, and take hardly any memory.
    steps_of(rule, device, int(samples), replace(SHAPE, steps=2))(0)
    step = steps_of(rule, device, int(samples))
    before = _now(device)
    for index in range(CYCLE):
        step(index)
    print(f"{_peak(device) - before:.1f}")


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / 2**20
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        raise SystemExit(_UNKNOWN) from None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _peak(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    peak = peak_memory_mib()
    if peak is None:
        raise SystemExit(_UNKNOWN)
    return peak


if __name__ == "__main__":
    main(sys.argv[1:])
