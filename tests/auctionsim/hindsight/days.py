"""Random days of a seat, small enough for plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from auctionsim.hindsight import SeatDay
from auctionsim.tasks import TASKS


def random_day(
    seed: int,
    task: str = "bcb",
    opportunities: int = 6,
    slots: int = 3,
    steps: int = 3,
    spread: float = 0.0,
    nasty: bool = False,
    **changes: Any,
) -> SeatDay:
    """A day on which a multiplier of about 90 spends the budget; nasty: zeros, ties, infinities."""
    rng = np.random.default_rng(seed)
    chance = np.clip(rng.normal(0.5, 0.25, opportunities), 0.0, 1.0).astype(np.float32)
    known = np.exp(spread * rng.normal(size=opportunities)).astype(np.float32)
    price = 90.0 * 0.5 * np.exp(rng.normal(size=opportunities)) * np.ones((slots, 1))
    price *= np.cumprod(rng.uniform(0.7, 1.0, (slots, opportunities)), axis=0)
    if nasty:
        price[:, rng.random(opportunities) < 0.2] = 0.0
        price[0, rng.random(opportunities) < 0.2] = np.inf
        tied = rng.random(opportunities) < 0.2
        price[:, tied] = price[-1, tied]
        chance[rng.random(opportunities) < 0.2] = 0.0
    worth = chance * known if spread else chance
    exposure = np.array([1.0, 0.8, 0.6, 0.6, 0.0])[:slots]
    looks = rng.random(opportunities)[:, None] < exposure
    inside = np.sort(rng.integers(0, opportunities + 1, steps - 1))
    day: dict[str, Any] = {
        "task": task,
        "budget": float(rng.uniform(0.0, 20.0) * opportunities),
        "value": worth,
        "worth": worth,
        "chance": chance,
        "price": price.astype(np.float32),
        "seen": looks.sum(axis=1).astype(np.uint8),
        "exposure": exposure,
        "starts": np.array([0, *inside, opportunities]),
        "reference": 90.0,
        "target": {"cpa_mcb": 60.0, "target_roas": 1.0 / 60.0}.get(task, float("nan")),
        "min_remaining_budget": float(rng.choice([0.0, 0.1, 20.0])),
    }
    return SeatDay(**(day | changes))


@st.composite
def days(draw: st.DrawFn, most: int = 6) -> SeatDay:
    """Days of all tasks and shapes."""
    return random_day(
        draw(st.integers(0, 2**32)),
        draw(st.sampled_from(TASKS)),
        draw(st.integers(1, most)),
        draw(st.integers(1, 5)),
        draw(st.integers(1, 4)),
        draw(st.sampled_from([0.0, 0.5])),
        draw(st.booleans()),
    )
