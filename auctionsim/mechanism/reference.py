"""The clearing once more, by sorting whole rows in NumPy: plain and slow, to measure kernels by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auctionsim.mechanism.clearing import Bids, Clearing, Ids
from auctionsim.mechanism.pricing import Mechanism, load_mechanism
from auctionsim.random_numbers import PURPOSE_TIE, derive_key
from auctionsim.rules import MECHANISMS


def clear_reference(
    bids: Bids,
    reserve_price: float,
    slots: int,
    mechanism: Mechanism,
    rules: str,
    *,
    seed: int,
    first_opportunity: int,
    ids: Ids,
    exposure: Sequence[float] = (),
) -> Clearing:
    """Clear as `auctionsim.mechanism.clear` does, for arguments known to be valid.

    Args:
        bids: (opportunities, advertisers) float32 or float64.
        reserve_price: Lowest price of a slot, in currency.
        slots: Slots an opportunity.
        mechanism: One of `MECHANISMS`, a Numba function, or `module:function`.
        rules: One of `RULES`.
        seed: Seed of the order among equal bids.
        first_opportunity: Number of the first row.
        ids: (advertisers,) uint32 ids of the columns.
        exposure: Probability that each slot is seen; empty for 1.
    """
    rows = bids.shape[0]
    reserve = bids.dtype.type(reserve_price)
    opportunities = np.uint64(first_opportunity) + np.arange(rows, dtype=np.uint64)
    ties = derive_key(np.uint64(seed), opportunities[:, None], ids[None, :], PURPOSE_TIE)
    order = np.lexsort((np.broadcast_to(ids, bids.shape), ties, -bids), axis=1).astype(np.int32)
    # slots + 1 columns of nobody bidding 0 stand for the bidders that are missing
    ranked = np.hstack(
        [np.take_along_axis(bids, order, axis=1), np.zeros((rows, slots + 1), bids.dtype)]
    )
    columns = np.hstack([order, np.full((rows, slots + 1), -1, np.int32)])[:, :slots]
    own, following = ranked[:, :slots], ranked[:, 1 : slots + 1]
    if mechanism in MECHANISMS:
        prices = np.maximum(own if mechanism == "first_price" else following, reserve)
    else:
        prices = _price_by_row(mechanism, ranked[:, : slots + 1], exposure, reserve)
    sold = prices > reserve if rules == "auctionnet" else (own > 0) & (own >= reserve)
    winners = np.where(sold, columns, np.int32(-1))
    return Clearing(winners, prices, np.maximum(ranked[:, slots], reserve))


def _price_by_row(
    mechanism: Mechanism, ranked: Bids, exposure: Sequence[float], reserve: np.floating
) -> Bids:
    """Prices of a user's mechanism, by its plain Python function."""
    price = load_mechanism(mechanism).py_func
    rows, slots = len(ranked), ranked.shape[1] - 1
    prices = np.full((rows, slots), reserve, ranked.dtype)
    seen = np.array(exposure or np.ones(slots), np.float64)
    for row in range(rows):
        price(ranked[row], seen, reserve, prices[row])
    unsold = ~((ranked[:, :-1] > 0) & (ranked[:, :-1] >= reserve))
    prices[unsold] = reserve
    return prices
