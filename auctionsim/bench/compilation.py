"""First-call compilation: a process with nothing cached, and the next one, which finds it all."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from auctionsim.bench.child import ask
from auctionsim.market import load_market

MARKET, _CASE = "tiny", "lineup"


@dataclass(frozen=True)
class Process:
    """A fresh process that plays an episode twice.

    Attributes:
        cache: "empty" or "filled", the folder of compiled kernels when it began.
        process_seconds: From its start to its end.
        import_seconds: Of it, importing the simulator.
        first_seconds: Of it, the first episode, with all that it compiles or loads.
        second_seconds: Of it, the same episode again.
    """

    cache: str
    process_seconds: float
    import_seconds: float | None
    first_seconds: float | None
    second_seconds: float | None


def measure_compilation(
    seed: int, on_finished: Callable[[], object] = lambda: None
) -> list[Process]:
    """Play the default line-up in a process with an empty cache, and in one with a filled one."""
    market, processes = load_market(MARKET), []
    with tempfile.TemporaryDirectory(prefix="auctionsim-bench-") as folder:
        for cache in ("empty", "filled"):
            began = time.perf_counter()
            found = ask("compilation", _CASE, market, seed, {"NUMBA_CACHE_DIR": folder})
            processes.append(Process(cache, time.perf_counter() - began, **found))
            on_finished()
    return processes
