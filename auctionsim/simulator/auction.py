"""The auction of one step's opportunities: rank, sell, settle, sum up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_argument
from auctionsim.market import MarketConfig
from auctionsim.mechanism.pricing import block_pricing
from auctionsim.random_numbers import BLOCK
from auctionsim.simulator.bids import BidPlan, placed_bids
from auctionsim.simulator.kernels import cap_runs, rank_ahead, settle_runs
from auctionsim.simulator.layout import COST, KINDS, Ahead, Bidding, Ledger, Purse, Terms, Traffic
from auctionsim.simulator.ledger import new_ledger
from auctionsim.simulator.outcome import Sales, StepOutcome, TopBids
from auctionsim.simulator.tables import StepTables
from auctionsim.threads import get_threads, share, threads_worth

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

_INT, _FLOAT = np.int32, np.float32


@dataclass(frozen=True)
class Tally:
    """What one auction of a step brought the seats.

    Attributes:
        wins: Slots won, seen or not, (R, A).
        cut: Sum of what budgets took off bids, (R, A).
        sums: Sums over exposed wins, (R, A, len(KINDS)), by kind as in `KINDS`.
        price: Sum of market prices, (R,).
    """

    wins: Float64Array
    cut: Float64Array
    sums: Float64Array
    price: Float64Array

    @classmethod
    def zeros(cls, runs: int, advertisers: int) -> Tally:
        """Return one in which nothing happened."""
        shape = (runs, advertisers)
        sums = np.zeros((*shape, len(KINDS)))
        return cls(np.zeros(shape), np.zeros(shape), sums, np.zeros(runs))

    def cost(self) -> Float64Array:
        """Spend of each seat, (R, A)."""
        return self.sums[..., COST]


def market_terms(market: MarketConfig) -> Terms:
    """Return what the kernels need of a market, but for the address of its mechanism."""
    return Terms(
        np.arange(market.advertisers, dtype=np.uint32),
        np.array(market.slot_exposure, np.float64),
        _FLOAT(market.reserve_price),
        0,
        market.rules == "auctionnet",
        _FLOAT(market.values.realised),
    )


def make_room(runs: int, blocks: int, slots: int, depth: int) -> Ahead:
    """Return room for ranking blocks ahead to a depth of at least slots + 1, and selling them."""
    return Ahead(
        np.empty((runs, blocks, depth, BLOCK), _FLOAT),
        np.empty((runs, blocks, depth, BLOCK), _INT),
        np.empty((runs, blocks, slots, BLOCK), _INT),
        np.empty((runs, blocks, slots * BLOCK + 1), _INT),
        np.empty((runs, blocks, slots * BLOCK + 1), _INT),
        np.empty((runs, blocks, slots * BLOCK), _FLOAT),
        np.empty((runs, blocks, 2, slots * BLOCK), _FLOAT),
        np.empty((runs, blocks, slots * BLOCK), np.uint8),
        np.zeros((runs, blocks), np.int64),
    )


class Auctioneer:
    """Auctions the steps of a market; keeps what every step needs.

    Args:
        market: The market.
        chunk: Opportunities of all runs ranked ahead at a time, where they are.
    """

    def __init__(self, market: MarketConfig, chunk: int) -> None:
        self._mechanism = market.mechanism
        self._terms = market_terms(market)
        self._mechanism_loaded()  # so that a slip shows now
        self._chunk = chunk
        self._room = make_room(0, 0, market.slots, market.slots + 1)

    @property
    def slots(self) -> int:
        """Slots an opportunity."""
        return len(self._terms.exposure)

    @property
    def drops_overspenders(self) -> bool:
        """Whether AuctionNet's rules hold."""
        return self._terms.sells_above_reserve

    def _mechanism_loaded(self) -> int:
        """Address of the mechanism: asked for anew, as it holds in no other process."""
        address: int = block_pricing(self._mechanism, np.dtype(_FLOAT)).address
        return address

    def auction(
        self,
        tables: StepTables,
        plan: BidPlan,
        budget: Float64Array,
        spent: Float64Array,
        *,
        capped: bool = True,
        ledger: Ledger | None = None,
        watch: Callable[[int, int, NDArray[np.int32]], None] | None = None,
    ) -> Tally:
        """Rank, sell and settle all opportunities of a step.

        With too few runs to keep all threads busy, the blocks of all runs are ranked side by side
        before they are settled. It changes nothing but speed.

        Args:
            tables: The step's opportunities.
            plan: The bids.
            budget: (R, A).
            spent: (R, A), updated if `capped`.
            capped: Whether bids are capped at the remaining budget.
            ledger: Takes every sale and the highest bids, as far as it has room for them.
            watch: Told each chunk's first opportunity, end and winners (R, blocks, slots, BLOCK).

        Raises:
            InvalidArgumentError: If the mechanism asked for a price outside [0, bid].
        """
        terms = self._terms._replace(pricing=self._mechanism_loaded())
        runs, advertisers = plan.multipliers.shape
        tally = Tally.zeros(runs, advertisers)
        traffic = _traffic(tables)
        bidding = _bidding(tables, plan)
        caps = np.full((runs, advertisers), np.inf, _FLOAT)
        purses = Purse(budget, spent, caps, tally.wins, tally.cut, tally.sums, tally.price[:, None])
        if capped:
            cap_runs(traffic, bidding, purses)
        ledgers = new_ledger(runs, self.slots) if ledger is None else ledger
        most = int(tables.volumes.max())
        ahead = watch is not None or _few(runs, runs * advertisers * _whole(most))
        span = min(self._span(runs), most) if ahead else most
        room = self._room_for(runs if ahead else 0, -(-span // BLOCK), ledgers.top_bid.shape[1])
        for first in range(0, most, max(span, 1)):
            last = min(first + span, most)
            bids = runs * advertisers * _whole(last - first)
            places = first, last, terms
            if ahead:
                cells = room.found.size
                share(rank_ahead, cells, bids, *places, traffic, bidding, caps, room)
            if watch is not None:
                watch(first, last, room.winner)
            work = bids // advertisers if ahead else bids
            share(
                settle_runs, runs, work, *places, traffic, bidding, capped, purses, room, ahead,
                ledgers,
            )  # fmt: skip
        check_prices(tally.price)
        return tally

    def _room_for(self, runs: int, blocks: int, depth: int) -> Ahead:
        """Room for so many runs and at least so many blocks: that of the last steps, if it does."""
        kept = self._room.top_bid.shape
        if kept[2] != depth or kept[0] < runs or (runs and kept[1] < blocks):
            size = max(runs, kept[0]), max(blocks, kept[1])
            self._room = make_room(*size, self.slots, depth)
        return Ahead._make(array[:runs] for array in self._room)

    def _span(self, runs: int) -> int:
        """Opportunities of each run to rank ahead in one go: a chunk over all runs, or a block."""
        return max(self._chunk // runs // BLOCK, 1) * BLOCK


def _traffic(tables: StepTables) -> Traffic:
    return Traffic(
        tables.volumes, tables.values, tables.highest, tables.bias, *tables.keys, tables.floor
    )


def _bidding(tables: StepTables, plan: BidPlan) -> Bidding:
    return Bidding(
        tables.run_episode, plan.multipliers, plan.rows, tables.value_rows, plan.explicit,
        plan.explicit.max(axis=1, initial=0.0),
    )  # fmt: skip


def _whole(opportunities: int) -> int:
    """Opportunities rounded up to whole blocks, which is what work goes by."""
    return -(-opportunities // BLOCK) * BLOCK


def _few(runs: int, bids: int) -> bool:
    """Whether runs are too few to keep all threads busy that so many bids are worth."""
    return runs < 2 * get_threads() and threads_worth(bids) > 1


def check_prices(sums: Float64Array) -> None:
    """Raise `InvalidArgumentError` if a sum of prices says that one broke the mechanism's rule."""
    if np.isnan(sums).any():
        raise invalid_argument(
            "mechanism", "must price every sold slot from 0 to the winner's bid", "another price",
            "Correct the function that prices.",
        )  # fmt: skip


def summarise(
    tables: StepTables,
    plan: BidPlan,
    active: NDArray[np.bool_],
    tally: Tally,
    ledger: Ledger | None = None,
) -> StepOutcome:
    """Turn a step's sums into its outcome."""
    volume = tables.volumes[tables.run_episode]
    share = np.where(volume > 0, 1.0 / np.maximum(volume, 1), 0.0)
    value_sum = tables.sums[tables.run_episode[:, None], tables.value_rows]
    bid_sum, multiplier = placed_bids(tables, plan, value_sum)
    by_kind = dict(zip(KINDS, tally.sums.transpose(2, 0, 1).copy(), strict=True))
    return StepOutcome(
        volume=volume,
        multiplier=np.where(active, multiplier, 0.0),
        active=active,
        mean_bid=np.maximum(bid_sum - tally.cut, 0.0) * share[:, None],
        mean_value=value_sum * share[:, None],
        market_price=tally.price * share,
        wins=tally.wins,
        sales=None if ledger is None else _sales(volume, plan, tables.values.shape[1], ledger),
        top_bids=None if ledger is None else TopBids(volume, ledger.top_bid, ledger.top_column),
        **by_kind,
    )


def _sales(volume: IntArray, plan: BidPlan, rows: int, ledger: Ledger) -> Sales:
    advertisers = plan.rows.shape[1]
    bids = {
        int(seat): plan.explicit[row - rows, : volume[seat // advertisers]]
        for seat, row in enumerate(plan.rows.flat)
        if row >= rows
    }
    return Sales(
        volume=volume,
        advertisers=advertisers,
        winner=ledger.winner,
        price=ledger.price,
        exposed=ledger.exposed.view(np.bool_),
        converted=ledger.converted.view(np.bool_),
        worth=ledger.worth,
        market_price=ledger.market_price,
        bids=bids,
    )
