"""The market price of every single opportunity, of which a step's outcome holds only the mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim import Simulation, clear
from benchmarks.calibration_play import Played, play

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

_SMALL_COST = 1e-4  # AuctionNet's guard against division by 0


@dataclass(frozen=True)
class Prices:
    """What single opportunities show, in E episodes.

    Attributes:
        quantiles: Of the market price, by step and level, (E, T, levels).
        mean: Mean market price, (E, T).
        cost_by_slot: Spend with looks at their mean, (E, slots).
        value_deviation: Standard deviation of the values, (E, T, A).
        zero_share: Share of values that are 0, (E, T).
    """

    quantiles: Float64Array
    mean: Float64Array
    cost_by_slot: Float64Array
    value_deviation: Float64Array
    zero_share: Float64Array


def play_with_prices(
    simulation: Simulation, multipliers: NDArray[np.floating], levels: NDArray[np.floating]
) -> tuple[Played, Prices]:
    """Play a simulation under AuctionNet's rules, and clear every step a second time.

    The second clearing takes the same bids and what is left of the budgets, and drops the wins of
    over-spenders by the same rule with other random numbers; looks count with their probability.

    Args:
        simulation: A simulation at its beginning.
        multipliers: (E, T, A).
        levels: Levels of the quantiles.
    """
    market, shape = simulation.market, (len(simulation.episodes), simulation.market.steps)
    rng = np.random.default_rng(simulation.seed)
    prices = Prices(
        quantiles=np.zeros((*shape, len(levels))),
        mean=np.zeros(shape),
        cost_by_slot=np.zeros((shape[0], market.slots)),
        value_deviation=np.zeros((*shape, market.advertisers)),
        zero_share=np.zeros(shape),
    )

    def clear_step(step: int) -> None:
        active = simulation.active.reshape(shape[0], -1)
        left = simulation.remaining_budget.reshape(shape[0], -1)
        for e in range(shape[0]):
            first = e * market.advertisers
            seats = range(first, first + market.advertisers)
            values = np.stack([simulation.values(seat) for seat in seats], 1)
            played = np.where(active[e], multipliers[e, step], 0.0).astype(np.float32)
            price, cost = _clear_within_budgets(simulation, played * values, left[e], rng)
            prices.quantiles[e, step] = np.quantile(price, levels)
            prices.mean[e, step] = price.mean(dtype=np.float64)
            prices.cost_by_slot[e] += cost
            prices.value_deviation[e, step] = values.std(0, dtype=np.float64)
            prices.zero_share[e, step] = (values == 0.0).mean()

    return play(simulation, multipliers, clear_step), prices


def _clear_within_budgets(
    simulation: Simulation, bids: Float32Array, left: Float64Array, rng: np.random.Generator
) -> tuple[Float32Array, Float64Array]:
    """Clear, drop wins of over-spenders, clear again; return market prices and spend by slot."""
    market = simulation.market
    cleared = clear(bids, market.reserve_price, market.slots, rules="auctionnet")
    winners, prices, market_price = cleared.winners, cleared.prices, cleared.market_price
    while True:
        paid = np.where(winners >= 0, prices * np.array(market.slot_exposure), 0.0)
        cost = np.bincount(np.maximum(winners, 0).ravel(), paid.ravel(), len(left))
        over = np.maximum((cost - left) / (cost + _SMALL_COST), 0.0)
        if not over.any():
            return market_price, paid.sum(0)
        rows = _drop(bids, winners, over, rng)
        again = clear(bids[rows], market.reserve_price, market.slots, rules="auctionnet")
        winners[rows], prices[rows] = again.winners, again.prices
        market_price[rows] = again.market_price


def _drop(
    bids: Float32Array, winners: NDArray[np.int32], over: Float64Array, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Set a share of each over-spender's winning bids in each slot to 0; return the rows hit."""
    hit = np.zeros(len(bids), np.bool_)
    for i in np.flatnonzero(over):
        for slot in winners.T:
            won = np.flatnonzero(slot == i)
            lost = rng.choice(won, math.ceil(len(won) * over[i]), replace=False)
            bids[lost, i] = 0.0
            hit[lost] = True
    return np.flatnonzero(hit)
