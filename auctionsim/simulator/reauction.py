"""AuctionNet's rule for budgets: auction a step whole, drop random wins of over-spenders, repeat.

Su et al., "AuctionNet: A Novel Benchmark for Decision-Making in Large-Scale Games" (2024), and its
code. Over-spending is seen with hindsight, over the whole step: an advertiser that spent c with r
left loses the share (c - r) / (c + 0.0001) of the opportunities it won in each slot, seen or not,
rounded up; its bids on these become 0, and the step is auctioned again with the same looks and
coins, until nobody over-spends. AuctionNet drops with one fixed stream of random numbers, here the
order is a hash of (seed, episode, step, opportunity, advertiser id, attempt).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auctionsim.random_numbers import PURPOSE_DROP, derive_key
from auctionsim.simulator.auction import Auctioneer, Tally, summarise
from auctionsim.simulator.bids import BidPlan, plan_bids
from auctionsim.simulator.layout import Ledger
from auctionsim.simulator.ledger import enter_runs, pick_runs
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.tables import StepTables

Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]

_SMALL_COST = 1e-4  # AuctionNet's guard against division by 0, in currency


def play_with_reauctions(
    auctioneer: Auctioneer,
    tables: StepTables,
    multipliers: Float32Array,
    active: NDArray[np.bool_],
    bids: Mapping[int, NDArray[np.floating]],
    budget: NDArray[np.float64],
    spent: NDArray[np.float64],
    ledger: Ledger | None = None,
) -> StepOutcome:
    """Auction one step's opportunities until nobody spends more than it has left.

    Args as in `auctionsim.simulator.step.play_step`. The outcome counts the bids placed in the last
    auction, so dropped ones count as 0, in the mean bid as in the multiplier.
    """
    placed = _PlacedBids(tables, plan_bids(tables, multipliers, active, bids))
    left = budget - spent
    runs, attempt = np.arange(len(multipliers)), 0
    tally = Tally.zeros(*multipliers.shape)
    while runs.size:
        winners = _Winners(auctioneer.slots, tables, runs)
        entries = None if ledger is None else pick_runs(ledger, runs)
        again = auctioneer.auction(
            *placed.take(runs), budget[runs], spent[runs],
            capped=False, ledger=entries, watch=winners.note,
        )  # fmt: skip
        if ledger is not None and entries is not None:
            enter_runs(ledger, entries, runs)
        tally.wins[runs], tally.sums[runs], tally.price[runs] = again.wins, again.sums, again.price
        cost = again.cost()
        over = np.maximum(cost - left[runs], 0.0) / (cost + _SMALL_COST)
        for place, i in np.argwhere(over > 0.0):
            won = winners.won(int(place), int(i))
            placed.drop(int(runs[place]), int(i), won, float(over[place, i]), attempt)
        runs, attempt = runs[(over > 0.0).any(axis=1)], attempt + 1
    # The sum may round up by the last bit; what a budget holds is the limit.
    spent[...] = np.minimum(spent + tally.cost(), budget)
    return summarise(tables, placed.plan(), active, tally, ledger)


class _Winners:
    """Who won what in one auction of a step; -1 where a slot is unsold."""

    def __init__(self, slots: int, tables: StepTables, runs: IntArray) -> None:
        self._volumes = tables.volumes[tables.run_episode[runs]]
        shape = (len(runs), slots, int(tables.volumes.max()))
        self._winners = np.full(shape, -1, np.int32)

    def note(self, first: int, last: int, winner: NDArray[np.int32]) -> None:
        """Take in the winners of a chunk, (runs, blocks, slots, BLOCK)."""
        rows = np.moveaxis(winner, 1, 2).reshape(*self._winners.shape[:2], -1)
        for run, volume in enumerate(self._volumes):
            end = min(last, volume)
            self._winners[run, :, first:end] = rows[run, :, : max(end - first, 0)]

    def won(self, place: int, advertiser: int) -> list[IntArray]:
        """Return the opportunities an advertiser won, slot by slot, in order of arrival."""
        return [np.flatnonzero(column == advertiser) for column in self._winners[place]]


class _PlacedBids:
    """The bids of a step, as they stand after the drops so far."""

    def __init__(self, tables: StepTables, plan: BidPlan) -> None:
        self._tables = tables
        self._multipliers, self._rows = plan.multipliers.copy(), plan.rows.copy()
        self._explicit = list(plan.explicit)
        self._known_rows = tables.values.shape[1]

    def plan(self) -> BidPlan:
        """Return the bids as `auction` takes them."""
        width = self._tables.values.shape[2]
        explicit = np.array(self._explicit, np.float32).reshape(len(self._explicit), width)
        sums = np.zeros(len(explicit))
        for run, i in np.argwhere(self._rows >= self._known_rows):
            row = self._rows[run, i] - self._known_rows
            sums[row] = explicit[row, : self._volume(run)].sum(dtype=np.float64)
        return BidPlan(self._multipliers, self._rows, explicit, sums)

    def take(self, runs: IntArray) -> tuple[StepTables, BidPlan]:
        """Return the tables and bids of some runs."""
        tables, plan = self._tables, self.plan()
        return (
            replace(
                tables, run_episode=tables.run_episode[runs], value_rows=tables.value_rows[runs]
            ),
            replace(plan, multipliers=plan.multipliers[runs], rows=plan.rows[runs]),
        )

    def drop(self, run: int, i: int, won: list[IntArray], share: float, attempt: int) -> None:
        """Set a share of the bids that won each slot to 0, the first in the order of a hash."""
        bids = self._row(run, i)
        low, high = (words[self._tables.run_episode[run]] for words in self._tables.keys)
        key = int(low) | int(high) << 32
        for opportunities in won:
            counter = opportunities.astype(np.uint64) | np.uint64(attempt << 32)
            order = np.argsort(derive_key(key, counter, i, PURPOSE_DROP), kind="stable")
            bids[opportunities[order[: math.ceil(len(opportunities) * share)]]] = 0.0

    def _volume(self, run: int) -> int:
        return int(self._tables.volumes[self._tables.run_episode[run]])

    def _row(self, run: int, advertiser: int) -> Float32Array:
        """The seat's row of bids one by one, laid out when it is first asked for."""
        row = int(self._rows[run, advertiser])
        if row < self._known_rows:
            values = self._tables.values[self._tables.run_episode[run], row].copy()
            values[self._volume(run) :] = 0.0
            self._explicit.append(self._multipliers[run, advertiser] * values)
            self._multipliers[run, advertiser] = 1.0
            row = self._known_rows + len(self._explicit) - 1
            self._rows[run, advertiser] = row
        bids: Float32Array = self._explicit[row - self._known_rows]
        return bids
