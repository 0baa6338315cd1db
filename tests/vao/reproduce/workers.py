"""Workers that play nothing: other processes import them."""

from __future__ import annotations

import json
import os

from vao.reproduce.runner import Task
from vao.weighting import DivergedError

FAILING, BUGGY, DYING = "fails", "is wrong", "dies"


def note(task: Task) -> None:
    """Write down where it was played, and with how many threads; fail if its row says so."""
    import torch
    from numba import config

    from auctionsim.threads import get_threads

    row = task.run.row
    if row == FAILING:
        raise DivergedError("the gradient is not finite")
    if row == BUGGY:
        raise TypeError("a fault of the program")
    if row == DYING:
        os._exit(9)
    threads = [torch.get_num_threads(), get_threads(), config.NUMBA_NUM_THREADS]  # type: ignore[attr-defined]
    told = {"process": os.getpid(), "threads": threads, "blas": os.environ["OMP_NUM_THREADS"]}
    (task.folder / f"{task.run.label}.json").write_text(json.dumps(told))
