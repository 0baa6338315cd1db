"""The bundles of arrays that the kernels pass around: R runs of E episodes with A advertisers.

All are plain named tuples, which compiled code takes as they are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Words = NDArray[np.uint32]
Bytes = NDArray[np.uint8]
Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: What is summed up over a seat's exposed wins, in this order.
KINDS: tuple[str, ...] = (
    "exposed_wins",
    "cost",
    "conversions",
    "value",
    "expected_conversions",
    "expected_value",
    "predicted_conversions",
    "predicted_value",
)
(EXPOSED_WINS, COST, CONVERSIONS, VALUE, TRUE_P, TRUE_V, TOLD_P, TOLD_V) = range(len(KINDS))


class Terms(NamedTuple):
    """What the auction goes by, the same all day.

    Attributes:
        ids: (A,).
        exposure: (slots,) probability that a slot is seen.
        reserve: Reserve price of the market, without what competitors from outside bid.
        pricing: Address of the mechanism's block form (see `auctionsim.mechanism.pricing`).
        sells_above_reserve: Whether a slot sells only above the reserve (AuctionNet's rule).
        realised_spread: Spread of the realised around the known value.
    """

    ids: Words
    exposure: Doubles
    reserve: np.float32
    pricing: int
    sells_above_reserve: bool
    realised_spread: np.float32


class Traffic(NamedTuple):
    """One step's opportunities in all episodes; see `StepTables`.

    Attributes:
        volumes: (E,).
        values: (E, rows, >= volume).
        highest: (E, rows).
        bias: (E, A).
        keys_lo: (E,).
        keys_hi: (E,).
        floor: (E,) what competitors from outside bid on every opportunity; 0 for none.
    """

    volumes: Longs
    values: Singles
    highest: Singles
    bias: Doubles
    keys_lo: Words
    keys_hi: Words
    floor: Singles


class Bidding(NamedTuple):
    """The bids of all runs; see `BidPlan`.

    Attributes:
        run_episode: (R,).
        multipliers: (R, A); 0 for who does not bid, 1 for bids one by one.
        rows: (R, A), row of `Traffic.values`, or rows + row of `explicit`.
        value_rows: (R, A), row with what an opportunity is worth.
        explicit: (explicit rows, >= volume).
        explicit_highest: (explicit rows,) largest bid of each.
    """

    run_episode: Longs
    multipliers: Singles
    rows: Longs
    value_rows: Longs
    explicit: Singles
    explicit_highest: Singles


class Offers(NamedTuple):
    """The bids of one run on its opportunities: `Bidding` and `Traffic` without R and E.

    `reserve` is the lowest price of a slot: the market's reserve or the floor.
    """

    multipliers: Any
    rows: Any
    value_rows: Any
    values: Any
    highest: Any
    explicit: Any
    explicit_highest: Any
    bias: Any
    k0: Any
    k1: Any
    floor: Any
    reserve: Any


class Sold(NamedTuple):
    """A block that was ranked and sold.

    Attributes:
        top_bid: (>= slots + 1, BLOCK) highest bids, falling; 0 for none.
        top_column: (>= slots + 1, BLOCK) whose they are; -1 for nobody's.
        winner: (slots, BLOCK) who wins each slot; -1 where it is unsold.
        opportunity: (slots * BLOCK + 1,) place in the block of each exposed win, in order.
        column: (slots * BLOCK + 1,) its winner.
        price: (slots * BLOCK,) what it costs.
        told: (2, slots * BLOCK) probability and value as the winner was told them.
        converts: (slots * BLOCK,) 1 where the coin fell for a conversion, else 0.
    """

    top_bid: Singles
    top_column: Ints
    winner: Ints
    opportunity: Ints
    column: Ints
    price: Singles
    told: Singles
    converts: Bytes


class Ahead(NamedTuple):
    """Blocks ranked and sold before settling: fields of `Sold` with axes (R, blocks) before.

    Attributes:
        found: (R, blocks) exposed wins in each, -1 where a price breaks the mechanism's rule.
    """

    top_bid: Singles
    top_column: Ints
    winner: Ints
    opportunity: Ints
    column: Ints
    price: Singles
    told: Singles
    converts: Bytes
    found: Longs


class Purse(NamedTuple):
    """What seats have, and gather in a step; all are updated. Of one run, or with R before.

    Attributes:
        budget: (A,).
        spent: (A,).
        caps: (A,) highest bid each can afford; infinite where every bid of the step is within it.
        wins: (A,) slots won, seen or not.
        cut: (A,) sum of what caps took off bids.
        sums: (A, len(KINDS)) sums over exposed wins.
        price: (1,) sum of market prices.
    """

    budget: Doubles
    spent: Doubles
    caps: Singles
    wins: Doubles
    cut: Doubles
    sums: Doubles
    price: Doubles


class Ledger(NamedTuple):
    """Every sale of a step, and its highest bids, where they are asked for. Of one run, or of R.

    Sales that are not asked for have width 0, and so have bids.

    Attributes:
        winner: (slots, width) who won each slot; -1 where it is unsold.
        price: (slots, width) what a sold slot costs if it is seen.
        exposed: (slots, width) 1 where a sold slot was seen.
        converted: (slots, width) 1 where a seen one converted.
        worth: (slots, width) what that conversion was worth.
        market_price: (width,).
        top_bid: (depth, width) highest bids as placed, falling; depth is at least slots + 1.
        top_column: (depth, width) whose they are; -1 for nobody's.
    """

    winner: Ints
    price: Singles
    exposed: Bytes
    converted: Bytes
    worth: Doubles
    market_price: Singles
    top_bid: Singles
    top_column: Ints
