"""Days to render: usual ones, and such as hardly ever happen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from auctionsim.envs.day import DayRecord, MarketRecord

STEP: dict[str, float] = {
    "multiplier": 45.0,
    "market_price": 2.0,
    "cost": 10.0,
    "wins": 6.0,
    "exposed_wins": 4.0,
    "conversions": 1.0,
    "value": 1.5,
    "volume": 60.0,
}
NOTHING = dict.fromkeys(STEP, 0.0)


def day(
    *played: dict[str, float],
    title: str = "a day",
    steps: int = 48,
    budget: float = 100.0,
    reference: float = 90.0,
    task: str = "bcb",
    target: float | None = None,
) -> DayRecord:
    """Return a day with these steps played; of each only what differs from `STEP` is given."""
    record = DayRecord(title, steps, budget, reference, task, target)
    for step in played:
        record.add(**{**STEP, **step})
    return record


def market(
    value: Any, *, title: str = "a market", steps: int = 48, budget: float = 100.0, **given: Any
) -> MarketRecord:
    """Return a market in which advertisers got this value, (played, A), and paid as much."""
    by_step = np.atleast_2d(np.asarray(value, np.float64))
    advertisers = by_step.shape[1]
    names = given.get("names", tuple(f"advertiser_{n}" for n in range(advertisers)))
    record = MarketRecord(title, steps, names, np.full(advertisers, budget))
    for got in by_step:
        record.add(market_price=2.0, cost=got, wins=np.ceil(got), value=got)
    return record


HUGE = {**STEP, "multiplier": 1e30, "market_price": 1e30, "cost": 1e29, "volume": 5e5}
TINY = {**STEP, "market_price": 1e-30, "cost": 1e-31, "multiplier": 1e-30}
UNKNOWN = {**STEP, "multiplier": math.nan, "market_price": math.nan}

ODD_DAYS: dict[str, DayRecord] = {
    "nothing played": day(),
    "one step to come": day(steps=1),
    "one step": day({}, steps=1),
    "all steps": day(*[{}] * 48),
    "a thousand steps": day(*[{}] * 700, steps=1000, budget=1e4),
    "budget spent": day(*[{"cost": 50.0}] * 2, *[NOTHING] * 9),
    "no budget": day(*[NOTHING] * 9, budget=0.0),
    "no opportunities": day(*[NOTHING] * 9),
    "cost, no conversions": day({"conversions": 0.0}, task="cpa_mcb", target=9.0),
    "neither cost nor value": day(NOTHING, task="target_roas", target=0.1),
    "a target of nothing": day({}, task="cpa_mcb", target=0.0),
    "no reference": day({}, reference=0.0),
    "huge": day(HUGE, HUGE, budget=1e30, task="cpa_mcb", target=1e30),
    "tiny": day(TINY, TINY, budget=1e-30, task="target_roas", target=1e-30),
    "unknown": day(UNKNOWN, {}, UNKNOWN),
    "a name to trip over": day({}, title="$x^ 市场 \n\t" + "long " * 40),
}
ODD_MARKETS: dict[str, MarketRecord] = {
    "nothing played": market(np.zeros((0, 3))),
    "one advertiser": market([[1.0]]),
    "one step": market([[1.0, 2.0]], steps=1),
    "many advertisers": market(np.ones((48, 300))),
    "a thousand steps": market(np.full((600, 3), 0.01), steps=1000),
    "no money": market(np.zeros((9, 3)), budget=0.0),
    "huge": market([[1e29, 0.0]], budget=1e30),
    "names to trip over": market([[3.0, 2.0, 1.0]], names=("$x^", "市场", "n" * 99)),
}
