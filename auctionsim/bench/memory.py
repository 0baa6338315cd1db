"""Peak memory of each case, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from auctionsim.bench.child import ask
from auctionsim.market import MarketConfig


@dataclass(frozen=True)
class Memory:
    """What one case takes.

    Attributes:
        market: Market name.
        case: Name in `CASES`.
        before_mib: Resident memory with everything imported and every kernel loaded; where the
            system cannot forget a peak (not Linux), the peak until then.
        peak_mib: Peak of resident memory while the case was played.
        growth_mib: The difference: what the play itself took.
    """

    market: str
    case: str
    before_mib: float | None
    peak_mib: float | None
    growth_mib: float | None


def measure_memory(market: MarketConfig, case: str, seed: int) -> Memory:
    """Play a case once in a fresh process and return what it took; None where that is unknown."""
    found = ask("memory", case, market, seed)
    before, peak = found["before_mib"], found["peak_mib"]
    growth = None if before is None or peak is None else peak - before
    return Memory(market.name, case, before, peak, growth)
