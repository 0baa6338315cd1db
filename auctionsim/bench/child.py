"""A fresh process for what only a fresh process can tell: peak memory, and first-call compilation.

`python -m auctionsim.bench.child` reads a request as JSON from standard input and answers likewise.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auctionsim.market import MarketConfig


def ask(
    measure: str,
    case: str,
    market: MarketConfig,
    seed: int,
    environment: Mapping[str, str] | None = None,
) -> dict[str, float | None]:
    """Measure something in a process of its own.

    Args:
        measure: Name in `_MEASURES`.
        case: Name in `auctionsim.bench.CASES`.
        market: The market.
        seed: Seed of the episodes.
        environment: Environment variables to set.

    Returns:
        Numbers by name.

    Raises:
        RuntimeError: The process failed; with what it said.
    """
    from auctionsim.bench.sizes import to_plain

    request = {"measure": measure, "case": case, "market": to_plain(market), "seed": seed}
    done = subprocess.run(
        # -P: no file of the working directory may take the place of a library.
        [sys.executable, "-P", "-m", "auctionsim.bench.child"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode != 0:
        what = f"{measure} of {case} on {market.name}"
        raise RuntimeError(f"{what}: exit code {done.returncode}. {done.stderr.strip()[-2000:]}")
    answer: dict[str, float | None] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _memory(case: str, market: dict[str, Any], seed: int) -> dict[str, float | None]:
    from auctionsim.bench.cases import CASES
    from auctionsim.bench.sizes import from_plain, warm_up
    from auctionsim.dataset.run_costs import peak_memory_mib

    whole = from_plain(market)
    CASES[case].play(warm_up(whole), seed)
    _forget_peak()
    before = peak_memory_mib()
    CASES[case].play(whole, seed)
    return {"before_mib": before, "peak_mib": peak_memory_mib()}


def _forget_peak() -> None:
    """Let the peak start again from what is in use, where the system can (Linux).

    Compiling takes more memory than many a market; it must not hide what the market takes.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _compilation(case: str, market: dict[str, Any], seed: int) -> dict[str, float | None]:
    began = time.perf_counter()
    from auctionsim.bench.cases import CASES
    from auctionsim.bench.sizes import from_plain

    whole = from_plain(market)
    marks = [began, time.perf_counter()]
    for _ in range(2):
        CASES[case].play(whole, seed)
        marks.append(time.perf_counter())
    imports, first, second = (b - a for a, b in itertools.pairwise(marks))
    return {"import_seconds": imports, "first_seconds": first, "second_seconds": second}


_MEASURES = {"memory": _memory, "compilation": _compilation}


def main() -> None:
    """Answer one request."""
    request: dict[str, Any] = json.load(sys.stdin)
    answer = _MEASURES[request.pop("measure")](**request)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
