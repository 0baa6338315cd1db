"""What an auction returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bids = NDArray[np.floating[Any]]
Winners = NDArray[np.int32]
Ids = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Clearing:
    """Outcome of the auctions of several opportunities; slot 0 is the best one.

    Attributes:
        winners: (opportunities, slots) int32, the column in `bids` of each slot's winner (a column,
            not an id); -1 = unsold.
        prices: (opportunities, slots) in the bids' dtype and currency, the price of each slot,
            whether it is sold or not; the reserve price where it is unsold for want of bids. It is
            due only if the slot is sold and the ad is exposed.
        market_price: (opportunities,) in the bids' dtype, the highest bid that gets no slot, the
            (slots + 1)-th, or the reserve price if that is higher.
    """

    winners: Winners
    prices: Bids
    market_price: Bids
