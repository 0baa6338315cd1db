"""The simulation once more, one opportunity after the other in NumPy: plain, to measure it by.

No chunks, no threads, no short cuts: budgets are looked up before every single bid. A `Simulation`
must bring the same bits, but for means of bids, which are sums in another order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.market import MarketConfig
from auctionsim.mechanism.clearing import Clearing
from auctionsim.mechanism.reference import clear_reference
from auctionsim.random_numbers import (
    PURPOSE_CONVERSION,
    PURPOSE_DROP,
    derive_key,
    exp_polynomial_numpy,
    normal_pair_numpy,
    philox_numpy,
    split_key,
)
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.seats import known_spreads, market_campaigns
from auctionsim.traffic import Day, draw_day, episode_key
from auctionsim.traffic.reference import Opportunities, opportunities_reference

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
GivenBids = Mapping[tuple[int, int], NDArray[np.float32]]


class Sale(NamedTuple):
    """One sold slot of one opportunity; `bid` is what was placed, budget permitting."""

    step: int
    opportunity: int
    slot: int
    advertiser: int
    bid: float
    price: float
    exposed: bool
    converted: bool = False
    worth: float = 0.0


@dataclass(frozen=True)
class ReferenceEpisode:
    """One episode, played.

    Attributes:
        outcomes: What each step brought; arrays as in a `Simulation` of one run.
        spent: Spend of each advertiser over the episode, (A,).
        sales: Every sold slot, in order of arrival.
        market_prices: Of every opportunity, step by step, each (volume,).
    """

    outcomes: list[StepOutcome]
    spent: Float64Array
    sales: list[Sale]
    market_prices: list[Float64Array]


def simulate_reference(
    market: MarketConfig,
    episode: int,
    seed: int,
    multipliers: NDArray[np.floating],
    *,
    campaigns: Campaigns | None = None,
    bids: GivenBids | None = None,
) -> ReferenceEpisode:
    """Play one episode with multipliers fixed beforehand.

    Args:
        market: The market.
        episode: Number of the episode.
        seed: Seed of the simulation.
        multipliers: (T, A), finite and >= 0.
        campaigns: Campaigns of the A seats, to replace the market's own.
        bids: Bids one by one, (volume,) float32, by (step, advertiser).
    """
    day = draw_day(market, episode_key(seed, episode))
    campaigns = campaigns or market_campaigns(market, [day.key])
    spreads = known_spreads(market, campaigns)
    spent = np.zeros(market.advertisers)
    outcomes: list[StepOutcome] = []
    sales: list[Sale] = []
    prices: list[Float64Array] = []
    for step in range(market.steps):
        offer = opportunities_reference(day, step, spreads)
        active = campaigns.budget - spent >= market.min_remaining_budget
        given = {i: b for (t, i), b in (bids or {}).items() if t == step}
        played = np.where(active, multipliers[step], 0.0).astype(np.float32)
        wanted = played * offer.value
        for i, row in given.items():
            wanted[:, i] = np.where(active[i], row, np.float32(0))
        walk = Walk(market, day, step, offer, campaigns.budget, spent)
        by_one = set(given)
        if market.rules == "auctionnet":
            tally = _reauction(walk, wanted)
            by_one |= set(np.flatnonzero((tally.placed != wanted).any(axis=0)).tolist())
            wanted = tally.placed
        else:
            tally = walk.auction(wanted, capped=True)
        spent = tally.spent
        sales += tally.sales
        prices.append(np.array(tally.market_prices))
        outcomes.append(_outcome(offer, active, played, sorted(by_one), wanted, tally))
    return ReferenceEpisode(outcomes, spent, sales, prices)


@dataclass
class Tally:
    """What one auction of a step brought; arrays (A,) unless noted."""

    spent: Float64Array
    sales: list[Sale]
    placed: Float32Array  # (n, A)
    market_prices: list[float]  # (n,)
    sums: dict[str, Float64Array]


_SUMMED = ("wins", "exposed_wins", "cost", "conversions", "value", "expected_conversions",
           "expected_value", "predicted_conversions", "predicted_value")  # fmt: skip


class Walk:
    """Walks through a step's opportunities in order of arrival."""

    def __init__(
        self,
        market: MarketConfig,
        day: Day,
        step: int,
        offer: Opportunities,
        budget: Float64Array,
        spent: Float64Array,
    ) -> None:
        self.market, self.day, self.step, self.offer = market, day, step, offer
        self.budget, self.spent = budget, spent

    def auction(self, wanted: Float32Array, *, capped: bool) -> Tally:
        """Auction all opportunities; `wanted` holds the bids, (n, A)."""
        sums = {name: np.zeros(self.market.advertisers) for name in _SUMMED}
        tally = Tally(self.spent.copy(), [], wanted.copy(), [], sums)
        whole = None if capped else self._clear(tally.placed, 0)
        for j, row in enumerate(tally.placed):
            if whole is None:
                _cap(row, self.budget - tally.spent)
                clearing, place = self._clear(row[None, :], j), 0
            else:
                clearing, place = whole, j
            tally.market_prices.append(float(clearing.market_price[place]))
            for slot, i in enumerate(clearing.winners[place].tolist()):
                if i >= 0:
                    exposed = bool(self.offer.look[j] < self.market.slot_exposure[slot])
                    price = float(clearing.prices[place, slot])
                    sale = Sale(self.step, j, slot, i, float(row[i]), price, exposed)
                    tally.sales.append(self._settled(sale, tally))
        # The sum of prices may round up by the last bit; what a budget holds is the limit.
        tally.spent = np.minimum(tally.spent, self.budget) if capped else tally.spent
        return tally

    def _clear(self, bids: Float32Array, first: int) -> Clearing:
        market, ids = self.market, np.arange(self.market.advertisers, dtype=np.uint32)
        reserve = max(market.reserve_price, float(self.day.floor[self.step]))
        return clear_reference(
            bids, reserve, market.slots, market.mechanism, market.rules,
            seed=int(self.day.step_keys[self.step]), first_opportunity=first, ids=ids,
            exposure=market.slot_exposure,
        )  # fmt: skip

    def _settled(self, sale: Sale, tally: Tally) -> Sale:
        """Add a sale to the sums; returns it with what its coin brought."""
        sums, i = tally.sums, sale.advertiser
        sums["wins"][i] += 1.0
        if not sale.exposed:
            return sale
        sums["exposed_wins"][i] += 1.0
        sums["cost"][i] += sale.price
        tally.spent[i] += sale.price
        p = float(self.offer.probability[sale.opportunity, i])
        v = float(self.offer.value[sale.opportunity, i])
        true_p = min(p * float(self.day.bias[i]), 1.0)
        sums["predicted_conversions"][i] += p
        sums["predicted_value"][i] += v
        sums["expected_conversions"][i] += true_p
        sums["expected_value"][i] += v * (true_p / p if p > 0.0 else 0.0)
        converted, luck = self._coin(sale.opportunity, i, true_p)
        if not converted:
            return sale
        sums["conversions"][i] += 1.0
        sums["value"][i] += v / p * luck
        return sale._replace(converted=True, worth=v / p * luck)

    def _coin(self, opportunity: int, advertiser: int, true_p: float) -> tuple[bool, float]:
        """Whether the win converts, and realised over known value if it does."""
        k0, k1 = split_key(self.day.step_keys[self.step])
        w0, w1, w2, _ = philox_numpy([opportunity], 0, advertiser, PURPOSE_CONVERSION, k0, k1)
        converted = (float(w0[0]) + 0.5) * 2.0**-32 < true_p
        spread = np.float32(self.market.values.realised)
        if spread == 0:
            return converted, 1.0
        z, _ = normal_pair_numpy(w1, w2)
        return converted, float(exp_polynomial_numpy(spread * (z - np.float32(0.5) * spread))[0])


def _cap(row: Float32Array, left: Float64Array) -> None:
    """Lower each bid to the largest float32 not above what is left."""
    for i in np.flatnonzero(row.astype(np.float64) > left):
        cap = np.float32(left[i])
        if float(cap) > left[i]:
            cap = np.nextafter(cap, np.float32(0))
        row[i] = max(cap, np.float32(0))


def _reauction(walk: Walk, wanted: Float32Array) -> Tally:
    """AuctionNet's rule: auction without caps, drop random wins of who over-spent, and again."""
    left, key = walk.budget - walk.spent, walk.day.step_keys[walk.step]
    placed, attempt = wanted.copy(), 0
    while True:
        tally = walk.auction(placed, capped=False)
        cost = tally.sums["cost"]
        over = np.maximum((cost - left) / (cost + 1e-4), 0.0)
        if not over.any():
            tally.spent = np.minimum(walk.spent + cost, walk.budget)
            return tally
        won: dict[tuple[int, int], list[int]] = {}
        for sale in tally.sales:
            won.setdefault((sale.advertiser, sale.slot), []).append(sale.opportunity)
        for (i, _), wins in won.items():
            counters = [j | attempt << 32 for j in wins]
            order = derive_key(key, counters, i, PURPOSE_DROP).tolist()
            first = sorted(zip(order, wins, strict=True))[: math.ceil(len(wins) * over[i])]
            placed[[j for _, j in first], i] = 0
        attempt += 1


def _sum(columns: Float32Array) -> Float64Array:
    """Column sums in float64, in order of arrival, (A,)."""
    total = np.zeros(columns.shape[1])
    for row in columns:
        total += row
    return total


def _outcome(
    offer: Opportunities,
    active: NDArray[np.bool_],
    played: Float32Array,
    by_one: list[int],
    wanted: Float32Array,
    tally: Tally,
) -> StepOutcome:
    volume = len(offer.look)
    share = 1.0 / volume if volume else 0.0
    value_sum, wanted_sum, placed_sum = _sum(offer.value), _sum(wanted), _sum(tally.placed)
    multiplier = played.astype(np.float64)
    ratio = np.divide(wanted_sum, value_sum, out=np.zeros_like(value_sum), where=value_sum > 0)
    multiplier[by_one] = ratio[by_one]
    return StepOutcome(
        volume=np.array([volume]),
        multiplier=np.where(active, multiplier, 0.0)[None],
        active=active[None],
        mean_bid=(placed_sum * share)[None],
        mean_value=(value_sum * share)[None],
        market_price=np.array([sum(tally.market_prices) * share]),
        sales=None,
        top_bids=None,
        **{name: array[None] for name, array in tally.sums.items()},
    )
