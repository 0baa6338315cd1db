"""What a bidder is told about the campaigns it plays, before the first step."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from auctionsim.tasks import TASKS


@dataclass(frozen=True)
class Campaign:
    """One campaign: one advertiser in one episode.

    Attributes:
        advertiser: Advertiser id.
        category: Category index of the advertiser.
        task: Task name (see `auctionsim.tasks.TASKS`).
        budget: In currency.
        cpa_target: Highest cost per conversion, in currency; nan where the task has none.
        roas_target: Lowest value per unit of currency; nan where the task has none.
        reference: Multiplier around which actions are scaled, in currency a unit of value: the CPA
            target, 1 / ROAS target, or the market's reference price for bcb.
        key: 64-bit key of the campaign's private randomness; its own by seed, episode and
            advertiser.
        steps: Steps in the episode.
    """

    advertiser: int
    category: int
    task: str
    budget: float
    cpa_target: float
    roas_target: float
    reference: float
    key: int
    steps: int


@dataclass(frozen=True)
class Campaigns:
    """Many campaigns side by side; all arrays have shape (campaigns,), fields as in `Campaign`.

    `task` holds task codes, the places of the names in `auctionsim.tasks.TASKS`.
    """

    advertiser: NDArray[np.int64]
    category: NDArray[np.int64]
    task: NDArray[np.int8]
    budget: NDArray[np.float64]
    cpa_target: NDArray[np.float64]
    roas_target: NDArray[np.float64]
    reference: NDArray[np.float64]
    key: NDArray[np.uint64]
    steps: int

    def __len__(self) -> int:
        return len(self.advertiser)

    def __getitem__(self, index: int) -> Campaign:
        return Campaign(
            advertiser=int(self.advertiser[index]),
            category=int(self.category[index]),
            task=TASKS[self.task[index]],
            budget=float(self.budget[index]),
            cpa_target=float(self.cpa_target[index]),
            roas_target=float(self.roas_target[index]),
            reference=float(self.reference[index]),
            key=int(self.key[index]),
            steps=self.steps,
        )

    def take(self, indices: NDArray[np.int64]) -> Campaigns:
        """Return the campaigns at `indices`, in that order."""
        arrays = {f.name: getattr(self, f.name)[indices] for f in fields(self) if f.name != "steps"}
        return Campaigns(**arrays, steps=self.steps)
