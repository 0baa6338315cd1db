"""Plays AuctionNet's line-up in our market, on AuctionNet's traffic and under its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from auctionsim import MarketConfig, Simulation
from auctionsim.campaigns import Campaigns
from auctionsim.cast import Cast
from auctionsim.lineup import load_lineup
from auctionsim.simulator import Sales
from auctionsim.tasks import CPA_MCB
from auctionsim.traffic import Day
from benchmarks.calibration_play import fed_simulation
from benchmarks.calibration_record import Record, before_clipping
from benchmarks.strategies_checkout import Checkout, Traffic
from benchmarks.strategies_record import Seat
from benchmarks.strategies_tables import Table, TableMaker

Float64Array = NDArray[np.float64]
#: Told the step, the values of all advertisers (A, volume), and the market prices (volume,).
OnStep = Callable[[int, Float64Array, Float64Array], None]

_STAND_IN = "CQL for TD3_BC"


@dataclass(frozen=True)
class Episode:
    """What an episode brought the advertisers, each (A,)."""

    cost: Float64Array
    conversions: Float64Array
    predicted_conversions: Float64Array


def campaigns_of(lineup: list[Seat], record: Record, own: Campaigns) -> Campaigns:
    """Give a market's campaigns the budgets, CPA constraints and categories of AuctionNet's."""
    constraint = np.array([seat.cpa_constraint for seat in lineup])
    return replace(
        own,
        category=np.array([seat.category for seat in lineup]),
        task=np.full(len(lineup), CPA_MCB, np.int8),
        budget=record.budget.astype(np.float64),
        cpa_target=constraint,
        roas_target=np.full(len(lineup), np.nan),
        reference=constraint.copy(),
    )


def simulations(
    market: MarketConfig, lineup: list[Seat], record: Record, days: Sequence[Day], seed: int
) -> Iterator[Simulation]:
    """Yield one simulation a day: histories are large, so no two are played side by side."""
    for episode, day in enumerate(days):
        own = Simulation(market, [episode], seed, days=[day]).campaigns
        campaigns = campaigns_of(lineup, record, own)
        yield Simulation(market, [episode], seed, campaigns=campaigns, days=[day])


def recorded_days(market: MarketConfig, record: Record, seed: int) -> list[Day]:
    """Return the days of the recorded episodes."""
    return fed_simulation(market, record, seed).days


def later_day(market: MarketConfig, traffic: Traffic, episode: int, seed: int) -> Day:
    """Return the day of an episode beyond the record, as its traffic is; without a bias."""
    own = Simulation(market, [episode], seed).days[0]
    mean, deviation = before_clipping(traffic.value_mean, traffic.value_deviation)
    return replace(
        own,
        volumes=traffic.volumes,
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
        error_ratio=traffic.error_ratio,
        bias=np.ones_like(own.bias),
    )


def seated(simulation: Simulation, lineup: list[Seat], checkout: Checkout) -> Cast:
    """Put every strategy of the line-up at its seats."""

    def who(seat: Seat) -> tuple[str, str, int]:
        return seat.group, seat.strategy, -1 if seat.table is None else seat.table

    taken = []
    for (group, strategy, table), mine in groupby(sorted(lineup, key=who), who):
        seats = np.array([seat.advertiser for seat in mine])
        bidder = checkout.bidder(strategy, None if table < 0 else table)
        taken.append((group, bidder, seats))
    return Cast(simulation.campaigns, load_lineup("mixed"), taken)


def play(simulation: Simulation, cast: Cast, on_step: OnStep | None = None) -> Episode:
    """Play an episode to its end.

    Args:
        simulation: At its beginning.
        cast: Of it.
        on_step: Told every step.
    """
    sums = np.zeros((3, simulation.market.advertisers))
    while not simulation.done:
        step = simulation.step_index
        values = None if on_step is None else _values(simulation)
        outcome = cast.play(simulation, *cast.decide(simulation, simulation.observe()))
        sums += [outcome.cost[0], outcome.conversions[0], outcome.predicted_conversions[0]]
        if on_step is not None and values is not None and isinstance(outcome.sales, Sales):
            price = outcome.sales.market_price[0, : values.shape[1]]
            on_step(step, values, price.astype(np.float64))
    return Episode(*sums)


def _values(simulation: Simulation) -> Float64Array:
    rows = [simulation.values(seat) for seat in range(simulation.market.advertisers)]
    return np.stack(rows, dtype=np.float64)


def tables_of_play(
    market: MarketConfig, lineup: list[Seat], record: Record, checkout: Checkout, seed: int
) -> dict[int, Table]:
    """Rebuild OnlineLP's tables from episodes in which OnlineLP has none.

    As for the recorded run: a table holds the prices of its own episode, in which TD3_BC played
    with an early state of its weights, and hardly bid.
    """
    needed = table_episodes(lineup)
    checkout.without_tables(needed)
    early = [
        replace(seat, strategy="td3_bc") if seat.group == _STAND_IN else seat for seat in lineup
    ]
    days = recorded_days(market, record, seed)
    days += [
        later_day(market, checkout.traffic(episode), episode, seed)
        for episode in needed[record.episodes :]
    ]
    category = np.array([seat.category for seat in lineup])
    tables = {}
    for episode, simulation in enumerate(simulations(market, lineup, record, days, seed)):
        maker = TableMaker(category, seed=episode)
        play(simulation, seated(simulation, early, checkout), maker.take_in)
        tables[episode] = maker.table(market.steps)
    return tables


def table_episodes(lineup: list[Seat]) -> range:
    """Return the episodes whose tables the line-up needs."""
    return range(1 + max(seat.table for seat in lineup if seat.table is not None))
