"""Frozen opponents once more, one opportunity after the other in NumPy: plain, to measure by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaign
from auctionsim.frozen.recording import Recording
from auctionsim.market import MarketConfig
from auctionsim.simulator.reference import Sale, Walk
from auctionsim.traffic.reference import opportunities_reference

Float64Array = NDArray[np.float64]

_BOTTOMLESS = 1e30  # a budget that recorded bids, already capped, never come near


@dataclass(frozen=True)
class ReferenceSeat:
    """One seat's episode, played.

    Attributes:
        sums: Sums by name, as in a `StepOutcome`, step by step, each (T,).
        spent: Spend, after each step, (T,).
        sales: The seat's own sales, in order of arrival.
    """

    sums: dict[str, Float64Array]
    spent: Float64Array
    sales: list[Sale]


def play_reference(
    recording: Recording, place: int, campaign: Campaign, multipliers: NDArray[np.floating]
) -> ReferenceSeat:
    """Play one seat against the recorded bids of the others.

    Args:
        recording: The bids.
        place: Which of its episodes.
        campaign: The seat's campaign.
        multipliers: Its multipliers, (T,).
    """
    market, day = recording.market, recording.days[place]
    i, spent = campaign.advertiser, 0.0
    spreads = _spreads(market, campaign)
    budget = np.full(market.advertisers, _BOTTOMLESS)
    budget[i] = campaign.budget
    sums: dict[str, list[float]] = {}
    spends: list[float] = []
    sales: list[Sale] = []
    for step in range(market.steps):
        offer = opportunities_reference(day, step, spreads)
        active = campaign.budget - spent >= market.min_remaining_budget
        multiplier = np.float32(multipliers[step]) if active else np.float32(0.0)
        wanted = _recorded_bids(recording, place, step, len(offer.look))
        wanted[:, i] = multiplier * offer.value[:, i]
        before = np.zeros(market.advertisers)
        before[i] = spent
        tally = Walk(market, day, step, offer, budget, before).auction(wanted, capped=True)
        spent = float(tally.spent[i])
        spends.append(spent)
        for name, column in tally.sums.items():
            sums.setdefault(name, []).append(float(column[i]))
        sums.setdefault("market_price", []).append(sum(tally.market_prices))
        sales += [sale for sale in tally.sales if sale.advertiser == i]
    columns = {name: np.array(column) for name, column in sums.items()}
    return ReferenceSeat(columns, np.array(spends), sales)


def _spreads(market: MarketConfig, campaign: Campaign) -> NDArray[np.float32]:
    spread = market.values.known.get(campaign.task, 0.0)
    return np.full(market.advertisers, spread, np.float32)


def _recorded_bids(recording: Recording, place: int, step: int, volume: int) -> NDArray[np.float32]:
    """Return the recorded bids as a table, (volume, A); bids that were not kept are 0."""
    kept = recording.steps[step]
    table = np.zeros((volume, recording.market.advertisers), np.float32)
    for j in range(volume):
        for bid, holder in zip(kept.bid[place, :, j], kept.holder[place, :, j], strict=True):
            if holder >= 0:
                table[j, holder] = bid
    return table
