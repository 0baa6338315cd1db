"""The game of single seats against recorded opponents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.bidding import OpportunityResults
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument
from auctionsim.frozen.kernels import draw_looks, play_seats
from auctionsim.frozen.layout import OwnLedger, Seats
from auctionsim.frozen.recording import Recording, check_seats
from auctionsim.mechanism.pricing import block_pricing
from auctionsim.random_numbers import BLOCK
from auctionsim.simulator.arguments import check_bids_by_seat, check_multipliers, check_runs
from auctionsim.simulator.auction import check_prices, market_terms
from auctionsim.simulator.bids import BidPlan, placed_bids, plan_bids
from auctionsim.simulator.game import Game
from auctionsim.simulator.layout import KINDS
from auctionsim.simulator.outcome import StepOutcome
from auctionsim.simulator.seats import known_spreads
from auctionsim.simulator.tables import StepTables, StepTraffic
from auctionsim.threads import share

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

# A seat draws its values, looks at the recorded bids and ranks: as much as that many bids.
_BIDS_A_SEAT = 4


@dataclass(frozen=True)
class OwnSales:
    """What every opportunity of a step brought R seats, each in a run of its own.

    Attributes:
        volume: Opportunities of each run, (R,).
        ledger: As the kernel wrote it.
        bids: Bids of the seats that bid one by one, by flat seat; (volume,).
    """

    volume: NDArray[np.int64]
    ledger: OwnLedger
    bids: dict[int, Float32Array]

    def results(self, seat: int) -> OpportunityResults:
        """Return what the step brought a seat that bids one by one."""
        volume, ledger = int(self.volume[seat]), self.ledger
        return OpportunityResults(
            bids=self.bids.get(seat, np.zeros(volume, np.float32)).copy(),
            slot=ledger.slot[seat, :volume].copy(),
            price=ledger.price[seat, :volume].copy(),
            exposed=ledger.exposed[seat, :volume].astype(np.bool_),
            conversions=ledger.converted[seat, :volume].astype(np.int8),
            values=ledger.worth[seat, :volume].copy(),
            market_price=ledger.market_price[seat, :volume].copy(),
        )


class FrozenMarket(Game):
    """Seats, each alone in a run of its own against the recorded bids of all others.

    The others do not respond: neither to what the seat does, nor by their budgets, which end when
    they ended in the recording. A seat that bids as in the recording fares as in it, bit for bit.
    A trajectory costs about a twentieth of one in a market that responds.

    Args:
        recording: The bids.
        campaigns: Campaign of each seat, (R,), of the recorded market's advertisers; task, targets
            and budget may be others than in the recording.
        runs: Place in the recording's episodes of each seat's episode, (R,); 0 .. R - 1 if None.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self, recording: Recording, campaigns: Campaigns, runs: Sequence[int] | None = None
    ) -> None:
        market, days = recording.market, recording.days
        run_episode = check_runs(runs, len(days))
        if len(campaigns) != len(run_episode):
            rule = f"must hold one campaign a run, {len(run_episode)}"
            raise invalid_argument("campaigns", rule, len(campaigns), "Give as many of both.")
        check_seats(recording, campaigns)
        super().__init__(market, recording.episodes, run_episode, campaigns, days)
        self._recording = recording
        self._traffic = StepTraffic(
            days,
            campaigns.advertiser[:, None],
            known_spreads(market, campaigns)[:, None],
            run_episode,
        )
        self._terms = market_terms(market)
        self._bias = np.stack([day.bias for day in days])[run_episode, campaigns.advertiser]
        self._tables: StepTables | None = None

    def step(
        self,
        multipliers: ArrayLike,
        bids: Mapping[int, NDArray[np.floating]] | None = None,
        *,
        keep_sales: bool = False,
        keep_bids: bool = False,
    ) -> StepOutcome:
        """Play one step (see `Simulation.step`); `keep_bids` is refused: they are recorded."""
        self._check_not_done()
        if keep_bids:
            mend = "Take the bids from the recording."
            raise invalid_argument("keep_bids", "must be False against recorded bids", True, mend)
        tables, shape = self._current(), self._shape
        active = self.active.reshape(shape)
        played = check_multipliers(multipliers, shape)
        played = np.where(active, played, np.float32(0.0))
        plan = plan_bids(tables, played, active, check_bids_by_seat(bids))
        seats, ledger = self._seats(tables, plan), self._ledger(tables, keep_sales)
        self._play(tables, seats, ledger)
        check_prices(seats.price)
        outcome = self._outcome(tables, plan, active, seats, ledger if keep_sales else None)
        self._take_in(outcome, seats.spent.reshape(shape))
        self._tables = None
        return outcome

    def _current(self) -> StepTables:
        if self._tables is None:
            self._tables = self._traffic.draw(self.step_index)
        return self._tables

    def _seats(self, tables: StepTables, plan: BidPlan) -> Seats:
        runs = len(self.run_episode)
        return Seats(
            run_episode=self.run_episode,
            advertiser=self.campaigns.advertiser.astype(np.int32),
            multiplier=plan.multipliers[:, 0].copy(),
            row=plan.rows[:, 0].copy(),
            probability_row=tables.probability_rows[:, 0].copy(),
            value_row=tables.value_rows[:, 0].copy(),
            explicit=plan.explicit,
            bias=self._bias,
            budget=self.campaigns.budget.astype(np.float64),
            spent=self._spent[:, 0].copy(),
            wins=np.zeros(runs),
            cut=np.zeros(runs),
            sums=np.zeros((runs, len(KINDS))),
            price=np.zeros(runs),
        )

    def _ledger(self, tables: StepTables, keep: bool) -> OwnLedger:
        shape = (len(self.run_episode), int(tables.volumes.max()) if keep else 0)
        return OwnLedger(
            slot=np.zeros(shape, np.int8),
            price=np.zeros(shape, np.float32),
            exposed=np.zeros(shape, np.uint8),
            converted=np.zeros(shape, np.int8),
            worth=np.zeros(shape),
            market_price=np.zeros(shape, np.float32),
        )

    def _play(self, tables: StepTables, seats: Seats, ledger: OwnLedger) -> None:
        # The address of the mechanism is asked for anew, as it holds in no other process.
        pricing = block_pricing(self.market.mechanism, np.dtype(np.float32)).address
        rivals, runs = self._recording.steps[self.step_index], len(self.run_episode)
        work = _BIDS_A_SEAT * runs * int(tables.volumes.max())
        looks = np.empty((len(tables.volumes), -(-int(tables.volumes.max()) // BLOCK) * BLOCK))
        share(draw_looks, len(looks), looks.size, tables.volumes, *tables.keys, looks)
        share(
            play_seats, runs, work, self._terms._replace(pricing=pricing), tables.volumes,
            tables.values, tables.highest, looks, *tables.keys, rivals.bid, rivals.holder, seats,
            ledger,
        )  # fmt: skip

    def _outcome(
        self,
        tables: StepTables,
        plan: BidPlan,
        active: NDArray[np.bool_],
        seats: Seats,
        ledger: OwnLedger | None,
    ) -> StepOutcome:
        volume = tables.volumes[self.run_episode]
        share_of_one = np.where(volume > 0, 1.0 / np.maximum(volume, 1), 0.0)
        value_sum = tables.sums[self.run_episode[:, None], tables.value_rows]
        bid_sum, multiplier = placed_bids(tables, plan, value_sum)
        rows = tables.values.shape[1]
        sales = None
        if ledger is not None:
            given = np.flatnonzero(plan.rows[:, 0] >= rows).tolist()
            explicit = {r: plan.explicit[plan.rows[r, 0] - rows, : volume[r]] for r in given}
            sales = OwnSales(volume, ledger, explicit)
        by_kind = dict(zip(KINDS, seats.sums.T[:, :, None].copy(), strict=True))
        return StepOutcome(
            volume=volume,
            multiplier=np.where(active, multiplier, 0.0),
            active=active,
            mean_bid=np.maximum(bid_sum - seats.cut[:, None], 0.0) * share_of_one[:, None],
            mean_value=value_sum * share_of_one[:, None],
            market_price=seats.price * share_of_one,
            wins=seats.wins[:, None],
            sales=sales,
            **by_kind,
        )
