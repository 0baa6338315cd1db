"""How fast the simulator is and what memory it takes: what `auctionsim bench` measures.

Names are loaded when first used, so that a fresh process can time the import of the simulator.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auctionsim.bench.cases import CASES, Case, cases_for
    from auctionsim.bench.compilation import measure_compilation
    from auctionsim.bench.environments import measure_environments
    from auctionsim.bench.formula import Formula, Sizes
    from auctionsim.bench.growth import Growth, measure_growth
    from auctionsim.bench.machine import describe_machine
    from auctionsim.bench.memory import measure_memory
    from auctionsim.bench.speed import measure_speed
    from auctionsim.bench.timing import Patience

_HOMES = {
    "CASES": "cases",
    "cases_for": "cases",
    "Case": "cases",
    "Formula": "formula",
    "Growth": "growth",
    "Patience": "timing",
    "Sizes": "formula",
    "describe_machine": "machine",
    "measure_compilation": "compilation",
    "measure_environments": "environments",
    "measure_growth": "growth",
    "measure_memory": "memory",
    "measure_speed": "speed",
}

__all__ = [
    "CASES",
    "Case",
    "Formula",
    "Growth",
    "Patience",
    "Sizes",
    "cases_for",
    "describe_machine",
    "measure_compilation",
    "measure_environments",
    "measure_growth",
    "measure_memory",
    "measure_speed",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
