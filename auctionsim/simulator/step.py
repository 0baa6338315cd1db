"""One step: draw its opportunities, rank, settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_argument
from auctionsim.market import MarketConfig
from auctionsim.random_numbers import split_key
from auctionsim.simulator.kernels import rank_chunk, settle_chunk
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.traffic.day import Day
from auctionsim.traffic.kernels import draw_values

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class StepTables:
    """The opportunities of one step in E episodes.

    A value row is an advertiser's values of all opportunities. The first A rows hold the
    probabilities p; a row beyond holds p e for an advertiser whose conversions vary in worth.

    Attributes:
        volumes: Opportunities, (E,).
        values: Value rows, (E, rows, >= volume) float32.
        sums: Sum of each row, (E, rows).
        highest: Largest value of each row, (E, rows) float32.
        keys: Low and high words of the step's keys, each (E,) uint32.
        bias: True over predicted probability, (E, A).
        run_episode: Place of each run's episode, (R,).
        value_rows: Value row of each seat, (R, A).
    """

    volumes: IntArray
    values: Float32Array
    sums: Float64Array
    highest: Float32Array
    keys: tuple[NDArray[np.uint32], NDArray[np.uint32]]
    bias: Float64Array
    run_episode: IntArray
    value_rows: IntArray

    def mean_value(self, run_episode: IntArray) -> Float64Array:
        """Mean value of the opportunities for each seat, (R, A); 0 without opportunities."""
        sums = self.sums[run_episode[:, None], self.value_rows]
        volumes = self.volumes[run_episode][:, None]
        return np.where(volumes > 0, sums / np.maximum(volumes, 1), 0.0)

    def row(self, episode: int, run: int, advertiser: int) -> Float32Array:
        """Values of the opportunities for one seat, (volume,), read-only."""
        view = self.values[episode, self.value_rows[run, advertiser], : self.volumes[episode]]
        view.flags.writeable = False
        return view


class StepTraffic:
    """Draws the opportunities of any step for some episodes.

    Args:
        market: The market.
        days: Traffic parameters of each episode.
        spreads: Spread of the known values of each seat, flat.
        run_episode: Place of each run's episode.
    """

    def __init__(
        self,
        market: MarketConfig,
        days: Sequence[Day],
        spreads: Float32Array,
        run_episode: IntArray,
    ) -> None:
        self._days = days
        self._run_episode = run_episode
        self._value_rows, self._row_advertiser, self._row_spread = _value_rows(
            spreads.reshape(len(run_episode), market.advertisers)
        )
        self._bias = np.stack([day.bias for day in days])

    def draw(self, step: int) -> StepTables:
        """Draw one step's opportunities."""
        days = self._days
        volumes = np.array([day.volumes[step] for day in days])
        episodes, rows = len(days), len(self._row_advertiser)
        low, high = split_key(np.array([day.step_keys[step] for day in days]))
        tables = StepTables(
            volumes=volumes,
            values=np.empty((episodes, rows, int(volumes.max())), np.float32),
            sums=np.zeros((episodes, rows)),
            highest=np.zeros((episodes, rows), np.float32),
            keys=(low, high),
            bias=self._bias,
            run_episode=self._run_episode,
            value_rows=self._value_rows,
        )
        draw_values(
            volumes,
            np.stack([day.mean[step] for day in days]),
            np.stack([day.deviation[step] for day in days]),
            self._row_advertiser,
            self._row_spread,
            low,
            high,
            tables.values,
            tables.sums,
            tables.highest,
        )
        return tables


def _value_rows(spreads: Float32Array) -> tuple[IntArray, IntArray, Float32Array]:
    """Give every seat a value row: its advertiser's own, or one shared by seats of equal spread.

    Args:
        spreads: (R, A) spread of each seat's known values.

    Returns:
        Value row of each seat (R, A), advertiser of each row, spread of each row.
    """
    advertisers = spreads.shape[1]
    rows = np.tile(np.arange(advertisers), (len(spreads), 1))
    owner, spread_of = list(range(advertisers)), [np.float32(0.0)] * advertisers
    for i in range(advertisers):
        for spread in np.unique(spreads[:, i]):
            if spread > 0:
                rows[spreads[:, i] == spread, i] = len(owner)
                owner.append(i)
                spread_of.append(spread)
    return rows, np.array(owner, np.int64), np.array(spread_of, np.float32)


def play_step(
    market: MarketConfig,
    tables: StepTables,
    multipliers: Float32Array,
    active: NDArray[np.bool_],
    bids: Mapping[int, NDArray[np.floating]],
    budget: Float64Array,
    spent: Float64Array,
    chunk: int,
) -> StepOutcome:
    """Auction one step's opportunities.

    Args:
        market: The market.
        tables: The step's opportunities.
        multipliers: (R, A) float32, 0 for inactive seats.
        active: (R, A).
        bids: Bids one by one, by flat seat index.
        budget: (R, A).
        spent: (R, A), updated.
        chunk: Opportunities ranked at a time.

    Returns:
        What the step brought.
    """
    if market.rules == "auctionnet":
        from auctionsim.simulator.reauction import play_with_reauctions

        return play_with_reauctions(market, tables, multipliers, active, bids, budget, spent, chunk)
    plan = plan_bids(tables, multipliers, active, bids)
    out, price_sum = auction(market, tables, plan, budget, spent, chunk, capped=True)
    return summarise(tables, plan, active, out, price_sum)


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
    seats = [seat for seat in bids if _checked_seat(seat, played.size) and active.flat[seat]]
    explicit = np.zeros((len(seats), tables.values.shape[2]), np.float32)
    for place, seat in enumerate(seats):
        volume = int(tables.volumes[tables.run_episode[seat // advertisers]])
        explicit[place, :volume] = _checked_bids(bids[seat], seat, volume)
        flat_rows[seat] = tables.values.shape[1] + place
        flat_played[seat] = 1.0
    return BidPlan(played, rows, explicit, explicit.sum(axis=1, dtype=np.float64))


def _checked_seat(seat: int, seats: int) -> bool:
    if not 0 <= seat < seats:
        raise invalid_argument(
            "bids", f"must be keyed by seats 0 to {seats - 1}", seat, "Use flat seat indices."
        )
    return True


def _checked_bids(bids: NDArray[np.floating], seat: int, volume: int) -> Float32Array:
    array = np.asarray(bids, np.float64)
    if array.shape != (volume,):
        rule = f"must hold one bid an opportunity for seat {seat}, shape ({volume},)"
        raise invalid_argument("bids", rule, array.shape, "Use Simulation.values to size them.")
    if not np.all(np.isfinite(array) & (array >= 0.0) & (array <= 3.0e38)):
        place = int(np.argmin(np.isfinite(array) & (array >= 0.0) & (array <= 3.0e38)))
        rule = f"must be finite and >= 0 for seat {seat}"
        raise invalid_argument("bids", rule, f"{array[place]} at {place}", "Mend the bidder.")
    return array.astype(np.float32)


def auction(
    market: MarketConfig,
    tables: StepTables,
    plan: BidPlan,
    budget: Float64Array,
    spent: Float64Array,
    chunk: int,
    *,
    capped: bool,
) -> tuple[Float64Array, Float64Array]:
    """Rank and settle all opportunities of a step, chunk by chunk.

    Returns:
        Sums by kind (R, 8, A), as `settle_chunk` documents, and sums of market prices (R,).
    """
    runs, advertisers = plan.multipliers.shape
    most = int(tables.volumes.max())
    depth = market.slots + 1
    top_bid = np.empty((runs, min(chunk, max(most, 1)), depth), np.float32)
    top_column = np.empty(top_bid.shape, np.int32)
    out, price_sum = np.zeros((runs, 8, advertisers)), np.zeros((runs, 1))
    ids = np.arange(advertisers, dtype=np.uint32)
    exposure = np.array(market.exposure, np.float64)
    low, high = tables.keys
    for first in range(0, most, chunk):
        last = min(first + chunk, most)
        rank_chunk(
            first, last, tables.volumes, tables.run_episode, plan.multipliers, plan.rows,
            tables.values, plan.explicit, ids, low, high, top_bid, top_column,
        )  # fmt: skip
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
    wins, cost, conversions, value, expected_p, expected_v, bid_cut, exposed = np.moveaxis(
        out, 1, 0
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
