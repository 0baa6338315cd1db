"""What a cycle adds to a fresh process.

`python -m benchmarks.weighting_memory RULE DEVICE SAMPLES` prints it, in MiB. On the CPU this is
resident memory, on CUDA what tensors take.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import torch

from auctionsim.dataset.run_costs import peak_memory_mib
from benchmarks.planners_speed import SHAPE
from benchmarks.weighting_cost import CYCLE, steps_of


def main(arguments: Sequence[str]) -> None:
    """Print the MiB that steps take beyond the model and the code they need."""
    rule, device, samples = arguments
    torch.set_num_threads(1)
    # Days of two steps load all the code there is, and take hardly any memory.
    steps_of(rule, device, int(samples), replace(SHAPE, steps=2))(0)
    step = steps_of(rule, device, int(samples))
    before = _peak(device)
    for index in range(CYCLE):
        step(index)
    print(f"{_peak(device) - before:.1f}")


def _peak(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    peak = peak_memory_mib()
    if peak is None:
        raise SystemExit("This system does not tell a process's peak memory.")
    return peak


if __name__ == "__main__":
    main(sys.argv[1:])
