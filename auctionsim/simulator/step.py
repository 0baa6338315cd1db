"""One step under a market's rules: with capped bids, or with over-spending winners dropped."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auctionsim.simulator.auction import Auctioneer, summarise
from auctionsim.simulator.bids import plan_bids
from auctionsim.simulator.layout import Ledger
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.reauction import play_with_reauctions
from auctionsim.simulator.tables import StepTables

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]


def play_step(
    auctioneer: Auctioneer,
    tables: StepTables,
    multipliers: Float32Array,
    active: NDArray[np.bool_],
    bids: Mapping[int, NDArray[np.floating]],
    budget: Float64Array,
    spent: Float64Array,
    ledger: Ledger | None = None,
) -> StepOutcome:
    """Auction one step's opportunities.

    Args:
        auctioneer: Holds the auctions.
        tables: The step's opportunities.
        multipliers: (R, A) float32, 0 for inactive seats.
        active: (R, A).
        bids: Bids one by one, by flat seat index.
        budget: (R, A).
        spent: (R, A), updated.
        ledger: Takes every sale, if given.

    Returns:
        What the step brought.
    """
    if auctioneer.drops_overspenders:
        return play_with_reauctions(
            auctioneer, tables, multipliers, active, bids, budget, spent, ledger
        )
    plan = plan_bids(tables, multipliers, active, bids)
    tally = auctioneer.auction(tables, plan, budget, spent, ledger=ledger)
    return summarise(tables, plan, active, tally, ledger)
