"""The bundles of arrays that the kernels of frozen opponents pass around."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from auctionsim.random_numbers import BLOCK


class Seats(NamedTuple):
    """R seats, each in a run of its own.

    Attributes:
        run_episode: (R,) place of its episode.
        advertiser: (R,) int32.
        multiplier: (R,) float32; 0 for who does not bid, 1 for bids one by one.
        row: (R,) row of the values it bids on, or rows + row of `explicit`.
        probability_row: (R,) row with the probability of an opportunity.
        value_row: (R,) row with what an opportunity is worth.
        explicit: (explicit rows, >= volume) float32.
        bias: (R,) true over predicted probability.
        budget: (R,).
        spent: (R,), updated.
        wins: (R,), updated.
        cut: (R,) sum of what budgets took off bids, updated.
        sums: (R, len(KINDS)), updated.
        price: (R,) sum of market prices, updated; nan where a price breaks the mechanism's rule.
    """

    run_episode: Any
    advertiser: Any
    multiplier: Any
    row: Any
    probability_row: Any
    value_row: Any
    explicit: Any
    bias: Any
    budget: Any
    spent: Any
    wins: Any
    cut: Any
    sums: Any
    price: Any


class OwnLedger(NamedTuple):
    """What each opportunity brought R seats, where it is asked for (else of width 0); (R, width).

    Attributes:
        slot: Slot won, counted from 1; 0 for none.
        price: What it costs if it is seen.
        exposed: 1 where it was seen.
        converted: 1 where it then converted.
        worth: What that conversion was worth.
        market_price: The (slots + 1)-th bid or the reserve.
    """

    slot: Any
    price: Any
    exposed: Any
    converted: Any
    worth: Any
    market_price: Any


class Room(NamedTuple):
    """What is worked out of one block; (BLOCK,) unless noted.

    Attributes:
        wanted: Bids before the budget.
        bid: Bids as placed.
        rival: The others' highest bids, (slots + 1, BLOCK).
        place: How many rivals bid more.
        mark: Scratch.
        found: Which opportunities may be won, in order.
        ranked: The highest bids on those, one's own among them, (slots + 1, BLOCK).
        prices: What their slots cost, (slots, BLOCK).
        counters: Their numbers as counters, uint32.
        words: Their coins, uint32.
    """

    wanted: Any
    bid: Any
    rival: Any
    place: Any
    mark: Any
    found: Any
    ranked: Any
    prices: Any
    counters: Any
    words: Any


@njit(cache=True, nogil=True)
def new_room(slots):  # type: ignore[no-untyped-def]
    """Make room for one block."""
    return Room(
        np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32),
        np.empty((slots + 1, BLOCK), np.float32), np.empty(BLOCK, np.int32),
        np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int64),
        np.empty((slots + 1, BLOCK), np.float32), np.empty((slots, BLOCK), np.float32),
        np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32),
    )  # fmt: skip
