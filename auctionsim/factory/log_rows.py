"""The rows of a log: one opportunity after the other, in it one advertiser after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import Opportunities
from auctionsim.factory.log_columns import COLUMNS
from auctionsim.simulator import Sales, Simulation, StepOutcome

Array = NDArray[Any]
Float64Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]

# Rows put together at a time: 23 columns of them take 23 MiB.
_ROWS_AT_ONCE = 1 << 17


@dataclass(frozen=True)
class Before:
    """A step of one episode as it was before it was played.

    Attributes:
        step: Which one.
        remaining_budget: What each advertiser had left, (A,).
        told: What the logged advertisers were told of the step's opportunities.
    """

    step: int
    remaining_budget: Float64Array
    told: dict[int, Opportunities]

    @classmethod
    def of(cls, simulation: Simulation, advertisers: Sequence[int]) -> Before:
        """Take down the coming step of a simulation of one run."""
        told = {advertiser: simulation.opportunities(advertiser) for advertiser in advertisers}
        return cls(simulation.step_index, simulation.remaining_budget.copy(), told)


def step_rows(
    simulation: Simulation, before: Before, outcome: StepOutcome
) -> Iterator[dict[str, Float64Array]]:
    """Yield the rows of one step, some opportunities at a time.

    Args:
        simulation: Of one run, after the step.
        before: The step before it was played; says whose rows to return, and in what order.
        outcome: What the step brought, with its sales kept.

    Yields:
        Arrays of one length by column name, in the order of `COLUMNS`.
    """
    advertisers, volume = list(before.told), int(outcome.volume[0])
    by_seat = [_of_seat(simulation, i, before, outcome) for i in advertisers]
    constant = _constants(simulation, advertisers, before, outcome)
    size = max(1, _ROWS_AT_ONCE // len(advertisers))
    for start in range(0, volume, size):
        numbers = np.arange(start, min(start + size, volume))
        columns = {}
        for name in COLUMNS:
            table = np.empty((len(numbers), len(advertisers)))
            if name in constant:
                table[:] = constant[name]
            elif name == "pvIndex":
                table[:] = numbers[:, None]
            else:
                for place, seat in enumerate(by_seat):
                    table[:, place] = seat[name][numbers]
            columns[name] = table.reshape(-1)
        yield columns


def _constants(
    simulation: Simulation, advertisers: Sequence[int], before: Before, outcome: StepOutcome
) -> dict[str, Array]:
    """Return the columns that stay the same in a step, each (logged advertisers,) or ()."""
    seats = np.array(advertisers, np.int64)
    campaigns = simulation.campaigns.take(seats)
    remaining = before.remaining_budget[seats]
    last = before.step == simulation.market.steps - 1
    return {
        "deliveryPeriodIndex": simulation.seat_episode[seats],
        "advertiserNumber": campaigns.advertiser,
        "advertiserCategoryIndex": campaigns.category,
        "budget": campaigns.budget,
        "CPAConstraint": campaigns.reference,
        "timeStepIndex": np.array(before.step),
        "remainingBudget": remaining,
        "isEnd": last | (remaining < simulation.market.min_remaining_budget),
        "playedMultiplier": outcome.multiplier[0, seats],
        "biasFactor": simulation.days[0].bias[seats],
        "isActive": outcome.active[0, seats],
    }


def _of_seat(
    simulation: Simulation, advertiser: int, before: Before, outcome: StepOutcome
) -> dict[str, Array]:
    """Return the columns of one advertiser that differ by opportunity, each (volume,)."""
    told, sales = before.told[advertiser], outcome.sales
    assert isinstance(sales, Sales)
    result = sales.results(advertiser)
    bids = sales.bids.get(advertiser)
    if bids is None:
        bids = np.float32(outcome.multiplier[0, advertiser]) * told.values
    if simulation.market.rules != "auctionnet":  # where bids are dropped instead of lowered
        paid = np.where(result.exposed, result.price, np.float32(0.0))
        budget = float(simulation.campaigns.budget[advertiser])
        bids = capped(bids, paid, budget, budget - float(before.remaining_budget[advertiser]))
    return {
        "pValue": told.probabilities,
        "pValueSigma": told.errors,
        "knownValue": told.values,
        "bid": bids,
        "xi": result.slot > 0,
        "adSlot": result.slot,
        "cost": result.price,
        "isExposed": result.exposed,
        "conversionAction": result.conversions,
        "conversionValue": result.values,
        "leastWinningCost": result.market_price,
    }


def capped(bids: Float32Array, paid: Float32Array, budget: float, spent: float) -> Float32Array:
    """Lower each bid of a step to the largest float32 that was left of the budget before it.

    Args:
        bids: As wanted, in order of arrival, (volume,).
        paid: What the opportunity cost, (volume,).
        budget: Of the episode, in currency.
        spent: Before the step, in currency.
    """
    # One after the other from what was spent before, as the auction itself adds up.
    sums = np.cumsum(np.concatenate([[spent], paid.astype(np.float64)]))[:-1]
    left = budget - np.minimum(sums, budget)
    cap = left.astype(np.float32)
    cap = np.where(cap.astype(np.float64) > left, np.nextafter(cap, np.float32(0.0)), cap)
    lowered: Float32Array = np.minimum(bids, np.maximum(cap, np.float32(0.0)))
    return lowered
