"""How many opportunities a step of a market can have at most."""

from __future__ import annotations

import numpy as np

from auctionsim.day_conditions import largest_day
from auctionsim.market import MarketConfig
from auctionsim.traffic.day import block_of_step, resample


def largest_volume(market: MarketConfig) -> int:
    """Return a bound on the opportunities of any step of any day of a market.

    A step has most when the factor of its own block of the day is the largest and those of all
    other blocks are the smallest (see `auctionsim.market.Traffic`).
    """
    traffic, steps = market.traffic, market.steps
    shares = resample(traffic.daily_profile, steps)
    blocks = block_of_step(steps, traffic.volume_blocks)
    of_block = np.bincount(blocks, shares)[blocks]
    high, low = 1.0 + traffic.volume_spread, 1.0 - traffic.volume_spread
    own = shares * high
    total = of_block * high + (shares.sum() - of_block) * low
    whole = largest_day(market.opportunities, market.days)
    most = float(np.max(own / np.where(total > 0.0, total, 1.0))) * whole
    # Rounding of the split gives a step less than one beyond its exact share; sums round, too.
    return min(int(most * (1.0 + 1e-9)) + 1, whole)
