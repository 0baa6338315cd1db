"""The auction of one step's opportunities: rank, settle, sum up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from auctionsim.market import MarketConfig
from auctionsim.simulator.bids import BidPlan
from auctionsim.simulator.kernels import SUMS, rank_chunk, settle_chunk
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.tables import StepTables

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


def auction(
    market: MarketConfig,
    tables: StepTables,
    plan: BidPlan,
    budget: Float64Array,
    spent: Float64Array,
    chunk: int,
    *,
    capped: bool,
    ranked: Callable[[int, int, Float32Array, NDArray[np.int32]], None] | None = None,
) -> tuple[Float64Array, Float64Array]:
    """Rank and settle all opportunities of a step, chunk by chunk.

    Args:
        market: The market.
        tables: The step's opportunities.
        plan: The bids.
        budget: (R, A).
        spent: (R, A), updated.
        chunk: Opportunities ranked at a time.
        capped: Whether bids are capped at the remaining budget.
        ranked: Told each chunk's first and last opportunity, and its highest bids and their columns
            as `rank_chunk` wrote them.

    Returns:
        Sums by kind (R, SUMS, A), as `settle_chunk` documents, and sums of market prices (R,).
    """
    runs, advertisers = plan.multipliers.shape
    most = int(tables.volumes.max())
    depth = market.slots + 1
    top_bid = np.empty((runs, min(chunk, max(most, 1)), depth), np.float32)
    top_column = np.empty(top_bid.shape, np.int32)
    out, price_sum = np.zeros((runs, SUMS, advertisers)), np.zeros((runs, 1))
    ids = np.arange(advertisers, dtype=np.uint32)
    exposure = np.array(market.slot_exposure, np.float64)
    low, high = tables.keys
    for first in range(0, most, chunk):
        last = min(first + chunk, most)
        rank_chunk(
            first, last, tables.volumes, tables.run_episode, plan.multipliers, plan.rows,
            tables.values, plan.explicit, ids, low, high, top_bid, top_column,
        )  # fmt: skip
        if ranked is not None:
            ranked(first, last, top_bid, top_column)
        settle_chunk(
            first, last, tables.volumes, tables.run_episode, plan.multipliers, plan.rows,
            tables.value_rows, tables.values, plan.explicit, tables.highest, ids, low, high,
            top_bid, top_column, exposure, np.float32(market.reserve_price),
            market.mechanism == "first_price", market.rules == "auctionnet", capped, tables.bias,
            np.float32(market.values.realised), budget, spent, out, price_sum,
        )  # fmt: skip
    return out, price_sum[:, 0]


def summarise(
    tables: StepTables,
    plan: BidPlan,
    active: NDArray[np.bool_],
    out: Float64Array,
    price_sum: Float64Array,
) -> StepOutcome:
    """Turn a step's sums into its outcome."""
    volume = tables.volumes[tables.run_episode]
    share = np.where(volume > 0, 1.0 / np.maximum(volume, 1), 0.0)
    wins, cost, conversions, value, expected_p, expected_v, bid_cut, exposed, told_p, told_v = (
        np.moveaxis(out, 1, 0)
    )
    value_sum = tables.sums[tables.run_episode[:, None], tables.value_rows]
    bid_sum, multiplier = _placed(tables, plan, value_sum)
    return StepOutcome(
        volume=volume,
        multiplier=np.where(active, multiplier, 0.0),
        active=active,
        mean_bid=np.maximum(bid_sum - bid_cut, 0.0) * share[:, None],
        mean_value=value_sum * share[:, None],
        market_price=price_sum * share,
        wins=wins,
        exposed_wins=exposed,
        cost=cost,
        conversions=conversions,
        value=value,
        expected_conversions=expected_p,
        expected_value=expected_v,
        predicted_conversions=told_p,
        predicted_value=told_v,
    )


def _placed(
    tables: StepTables, plan: BidPlan, value_sum: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Sum of the bids before capping, and the multiplier played, both (R, A)."""
    rows = tables.values.shape[1]
    given = plan.rows >= rows
    multiplier = plan.multipliers.astype(np.float64)
    bid_sum = multiplier * value_sum
    if given.any():
        bid_sum[given] = plan.explicit_sums[plan.rows[given] - rows]
        positive = given & (value_sum > 0)
        multiplier[given] = 0.0
        multiplier[positive] = bid_sum[positive] / value_sum[positive]
    return bid_sum, multiplier
