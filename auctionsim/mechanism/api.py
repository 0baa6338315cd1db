"""`clear`: the winners and prices of multi-slot auctions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike

from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import (
    check_bids,
    check_ids,
    check_integer,
    check_name,
    check_reserve,
)
from auctionsim.mechanism.clearing import Bids, Clearing, Ids
from auctionsim.mechanism.kernels import clear_rows
from auctionsim.rules import MECHANISMS, RULES

_MAX_SLOTS = 1_000_000
_BIDS_PER_THREAD = 2**17  # about 0.3 ms of work: below that a thread costs more than it saves


def clear(
    bids: ArrayLike,
    reserve_price: float = 0.0,
    slots: int = 3,
    mechanism: str = "gsp",
    rules: str = "default",
    *,
    seed: int = 0,
    first_opportunity: int = 0,
    ids: ArrayLike | None = None,
) -> Clearing:
    """Clear a multi-slot auction for each of several impression opportunities.

    Advertisers are ranked by bid, and the best get the slots in order. A bid buys only if it is > 0
    and >= the reserve price. What a slot costs depends on the mechanism:

    - `gsp` (generalised second price; Edelman, Ostrovsky and Schwarz, 2007): the next-ranked bid,
      or the reserve price if that is higher;
    - `second_price` (Vickrey, 1961): the same with one slot; `slots` must be 1;
    - `first_price`: the winner's own bid; the reserve price for an unsold slot.

    `rules="auctionnet"` adds the rule of the AuctionNet simulator (Su et al., 2024): a slot whose
    price is not above the reserve price stays unsold. So under `gsp` a sole bidder buys nothing,
    and k bidders above the reserve price buy at most k - 1 slots.

    Equal bids are ordered by a 64-bit hash of (seed, opportunity number, advertiser id), then id.
    Row r is opportunity `first_opportunity + r`: neither blocks, nor threads, nor the order of the
    columns (with their ids) change an outcome.

    Everything is compared in the precision of the bids: with float32 bids the reserve price is
    rounded to float32 first, and a bid equal to the rounded price buys.

    Args:
        bids: (opportunities, advertisers), finite and >= 0, in currency. float32 stays float32;
            other real dtypes are computed as float64. Either size may be 0.
        reserve_price: Lowest price of a slot, finite and >= 0, in currency.
        slots: Slots an opportunity, >= 1; may exceed the number of advertisers.
        mechanism: One of `MECHANISMS`.
        rules: One of `RULES`.
        seed: Seed of the order among equal bids, 0 <= seed < 2^64.
        first_opportunity: Number of the first row within its run; the last must be below 2^64.
        ids: (advertisers,) ids of the columns, unique, 0 <= id < 2^32; 0, 1, 2, ... by default.

    Returns:
        A `Clearing`: `winners` (columns of `bids`, not ids), `prices` and `market_price`.

    Raises:
        InvalidArgumentError: an argument breaks its rule.
    """
    checked = check_bids(bids)
    pricing = _Pricing(
        check_reserve(reserve_price, checked.dtype),
        check_name("mechanism", mechanism, MECHANISMS) == "first_price",
        check_name("rules", rules, RULES) == "auctionnet",
    )
    depth = _check_slots(slots, mechanism)
    key = check_integer("seed", seed, 0, 2**64 - 1, "Use 0, say.")
    last = 2**64 - max(len(checked), 1)
    start = check_integer("first_opportunity", first_opportunity, 0, last, "Number rows from 0.")
    return _clear_all(checked, depth, pricing, key, start, check_ids(ids, checked.shape[1]))


class _Pricing(NamedTuple):
    """How the kernel prices and sells; fields as in `clear_rows`."""

    reserve: np.floating[Any]
    pays_own_bid: bool
    sells_above_reserve: bool


def _check_slots(slots: object, mechanism: str) -> int:
    depth = check_integer("slots", slots, 1, _MAX_SLOTS, "Use the number of ads shown at once.")
    if mechanism == "second_price" and depth != 1:
        rule = "must be 1 for mechanism 'second_price'"
        mend = "Pass slots=1, or mechanism='gsp' for several slots."
        raise invalid_argument("slots", rule, depth, mend)
    return depth


def _clear_all(
    bids: Bids, slots: int, pricing: _Pricing, seed: int, first_opportunity: int, ids: Ids
) -> Clearing:
    rows = len(bids)
    seed_words = np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32)
    result = Clearing(
        winners=np.empty((rows, slots), np.int32),
        prices=np.empty((rows, slots), bids.dtype),
        market_price=np.empty(rows, bids.dtype),
    )

    def clear_block(low: int, high: int) -> None:
        outputs = (a[low:high] for a in (result.winners, result.prices, result.market_price))
        opportunity = np.uint64(first_opportunity + low)
        clear_rows(bids[low:high], ids, *seed_words, opportunity, *pricing, *outputs)

    _run_in_blocks(clear_block, rows, bids.size)
    return result


def _run_in_blocks(clear_block: Callable[[int, int], None], rows: int, bids: int) -> None:
    """Clear rows in as many blocks as Numba may use threads; the kernel releases the GIL.

    Plain threads rather than Numba's own: those abort a process that was forked after their first
    use, and some of their back ends cannot be entered from two threads.
    """
    blocks = bids // _BIDS_PER_THREAD
    if blocks > 1:
        blocks = min(blocks, numba.get_num_threads(), rows)
    if blocks <= 1:
        clear_block(0, rows)
        return
    edges = [rows * block // blocks for block in range(blocks + 1)]
    with ThreadPoolExecutor(blocks) as pool:
        list(pool.map(clear_block, edges[:-1], edges[1:]))
