"""The bids of one step: a multiplier a seat, or a row of bids one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.simulator.arguments import check_bids, check_seat
from auctionsim.simulator.tables import StepTables

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class BidPlan:
    """How each seat bids: a multiplier on its value row, or an explicit row of bids.

    Attributes:
        multipliers: (R, A) float32; 1 for explicit rows, 0 for no bids.
        rows: (R, A), row of `StepTables.values`, or rows + row of `explicit`.
        explicit: (explicit rows, >= volume) float32.
        explicit_sums: Sum of each explicit row, (explicit rows,).
    """

    multipliers: Float32Array
    rows: IntArray
    explicit: Float32Array
    explicit_sums: Float64Array


def plan_bids(
    tables: StepTables,
    multipliers: Float32Array,
    active: NDArray[np.bool_],
    bids: Mapping[int, NDArray[np.floating]],
) -> BidPlan:
    """Lay out the seats' bids; explicit bids of seats that sit out are dropped."""
    played, rows = multipliers.copy(), tables.value_rows.copy()
    flat_played, flat_rows = played.reshape(-1), rows.reshape(-1)
    advertisers = played.shape[1]
    by_seat = {check_seat("bids", seat, played.size): row for seat, row in bids.items()}
    seats = [seat for seat in by_seat if active.flat[seat]]
    explicit = np.zeros((len(seats), tables.values.shape[2]), np.float32)
    sums = np.zeros(len(seats))
    for place, seat in enumerate(seats):
        volume = int(tables.volumes[tables.run_episode[seat // advertisers]])
        row = check_bids(by_seat[seat], seat, volume)
        # Summed without the padding, so that it does not matter what else is in the batch.
        explicit[place, :volume], sums[place] = row, row.sum(dtype=np.float64)
        flat_rows[seat] = tables.values.shape[1] + place
        flat_played[seat] = 1.0
    return BidPlan(played, rows, explicit, sums)


def placed_bids(
    tables: StepTables, plan: BidPlan, value_sum: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Return the sums of the bids before capping, and the multipliers played, both (R, A)."""
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
