"""What making a dataset cost, over all runs that it took."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dacite

from auctionsim.dataset.claim import RUN_FILE
from auctionsim.dataset.files import write_json
from auctionsim.dataset.records import UNFINISHED, read_json

#: What the runs cost so far, while the dataset is unfinished.
COSTS_FILE = f"{UNFINISHED}/costs.json"
IN_ALL = "in_all"


@dataclass(frozen=True)
class Costs:
    """What some runs cost together.

    Attributes:
        runs: How many; those that made nothing do not count.
        seconds: Wall time.
        episodes: Episodes played.
        summed_peak_memory_mib: Largest of the runs' sums of the peaks of this process and of its
            workers on this machine, which do not all come at once; None where not known.
    """

    runs: int = 0
    seconds: float = 0.0
    episodes: int = 0
    summed_peak_memory_mib: float | None = None

    def __add__(self, other: Costs) -> Costs:
        peaks = [c.summed_peak_memory_mib for c in (self, other) if c.summed_peak_memory_mib]
        return Costs(
            self.runs + other.runs,
            round(self.seconds + other.seconds, 3),
            self.episodes + other.episodes,
            max(peaks, default=None),
        )


def earlier_costs(folder: Path) -> Costs:
    """Return what the runs before this one cost; what is damaged counts as none."""
    for file in (COSTS_FILE, RUN_FILE):
        found = read_json(folder / file).get(IN_ALL)
        if isinstance(found, dict):
            try:
                return dacite.from_dict(Costs, found, dacite.Config(strict=True))
            except (dacite.DaciteError, TypeError):
                continue
    return Costs()


def keep_costs(folder: Path, costs: Costs) -> None:
    """Write down what the runs cost so far, lest it is lost if this one is cut short."""
    write_json(folder / COSTS_FILE, as_entry(costs))


def as_entry(costs: Costs) -> dict[str, Any]:
    """Return costs as `run.json` holds them."""
    return {IN_ALL: asdict(costs)}
