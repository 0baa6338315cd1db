"""Seats against recorded bids: what they are told, ties, and bids one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.bidding import Observation, Opportunities, OpportunityBidder, Outcome
from auctionsim.cast import Cast
from auctionsim.frozen import FrozenMarket, Recording, record_rivals
from auctionsim.frozen.reference import play_reference
from auctionsim.market import Traffic, ValueSpreads
from auctionsim.simulator import Simulation, StepOutcome
from auctionsim.simulator.outcome import OUTCOME_ARRAYS
from tests.auctionsim.frozen.playing import play, record
from tests.auctionsim.worlds import LINEUP, WORLD, world

SEED = 3
# No spread at all makes all values equal: with equal multipliers every bid is a tie.
EVEN = world(
    opportunities=600,
    values=ValueSpreads(known={}),
    traffic=Traffic(
        volume_spread=0.0, mean_probability=0.05, category_spread=0.0, advertiser_spread=0.0,
        deviation_mean=0.0, deviation_spread=0.0, deviation_step_spread=0.0, error_mean=0.0,
        error_spread=0.0,
    ),
)  # fmt: skip


def slots_won(outcomes: list[StepOutcome], run: int = 0) -> NDArray[np.int8]:
    return np.concatenate([o.sales.results(run).slot for o in outcomes if o.sales is not None])


@pytest.mark.parametrize("seat", [0, 5])
@pytest.mark.parametrize("own", [99.0, 100.0, 101.0])
def test_equal_bids_are_ranked_by_hash_as_the_reference_ranks_them(seat: int, own: float) -> None:
    others = np.full((EVEN.steps, EVEN.advertisers), 100.0)
    others[:, ::2] = 99.0
    recording, _, campaigns = record(EVEN, [0], others)
    mine = campaigns.take(np.array([seat]))
    mine = replace(mine, budget=np.array([1e9]))
    multipliers = np.full((EVEN.steps, 1), own)
    _, outcomes = play(recording, mine, [0], multipliers)
    expected = play_reference(recording, 0, mine[0], multipliers[:, 0])
    found = slots_won(outcomes)
    wanted = np.zeros(len(found), np.int8)
    starts = np.concatenate([[0], np.cumsum([o.volume[0] for o in outcomes])])
    for sale in expected.sales:
        wanted[starts[sale.step] + sale.opportunity] = sale.slot + 1
    np.testing.assert_array_equal(found, wanted)
    # Above all it is always first; among equals every slot comes up, and none.
    taken = {99.0: {0, 1, 2, 3}, 100.0: {0, 1, 2, 3}, 101.0: {1}}[own]
    assert set(found.tolist()) <= taken
    assert own == 99.0 or set(found.tolist()) == taken


def test_equal_bids_as_recorded_win_what_they_won() -> None:
    recording, then, campaigns = record(EVEN, [0], np.full((EVEN.steps, EVEN.advertisers), 100.0))
    _, now = play(recording, campaigns, [0] * 8, np.full((EVEN.steps, 8), 100.0))
    for before, after in zip(then, now, strict=True):
        np.testing.assert_array_equal(after.wins.ravel(), before.wins.ravel())
        np.testing.assert_array_equal(after.cost.ravel(), before.cost.ravel())


def test_seats_are_told_what_they_are_told_in_the_market() -> None:
    market = world(
        values=ValueSpreads(known={"cpa_mcb": 0.0, "target_roas": 0.5, "bcb": 0.3}),
        traffic=replace(WORLD.traffic, error_mean=0.3, error_spread=0.1),
    )
    live = Simulation(market, [1, 6], SEED)
    recording = record_rivals(market, [1, 6], SEED, lineup=LINEUP)
    seats = np.array([9, 0, 15, 3])
    frozen = FrozenMarket(recording, live.campaigns.take(seats), (seats // 8).tolist())
    while not live.done:
        for place, seat in enumerate(seats.tolist()):
            theirs, ours = live.opportunities(seat), frozen.opportunities(place)
            for name in ("values", "probabilities", "errors"):
                np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
            np.testing.assert_array_equal(frozen.values(place), live.values(seat))
            errors = frozen.prediction_errors(place)
            np.testing.assert_array_equal(errors, live.prediction_errors(seat))
            assert errors.any()
        live.step(np.zeros(16))
        frozen.step(np.zeros(4))


class Choosy(OpportunityBidder):
    """Bids on the better half, the more the less it has won; remembers what it was told."""

    def reset(self, campaign: Any) -> None:
        super().reset(campaign)
        self.gain = 1.0

    def bid(self, observation: Observation, opportunities: Opportunities) -> NDArray[Any]:
        values = opportunities.values
        good = values > (np.median(values) if len(values) else 0.0)
        return np.where(good, self.gain * 1.5 * self.campaign.reference * values, 0.0)

    def observe(self, outcome: Outcome) -> None:
        assert outcome.results is not None
        self.gain *= 1.1 if outcome.results.values.sum() < 1.0 else 0.95


def play_choosy(budget: float) -> tuple[Recording, Simulation, list[StepOutcome], list[Any]]:
    """Let seats 2 and 13 of two runs bid one by one among a line-up, and record all bids."""
    plain = Simulation(WORLD, [0, 3], SEED)
    terms = replace(plain.campaigns, budget=plain.campaigns.budget * budget)
    live = Simulation(WORLD, [0, 3], SEED, campaigns=terms)
    outcomes, asked = [], []
    choosy = [("choosy", Choosy(), np.array([2, 13]))]
    with Cast(live.campaigns, LINEUP, choosy, market=WORLD) as cast:
        while not live.done:
            multipliers, bids = cast.decide(live, live.observe())
            asked.append(bids)
            outcomes.append(cast.play(live, multipliers, bids, keep_bids=True, keep_sales=True))
    tops = tuple(outcome.top_bids for outcome in outcomes if outcome.top_bids is not None)
    recording = Recording(WORLD, SEED, (0, 3), tuple(live.days), tops)
    return recording, live, outcomes, asked


@pytest.mark.parametrize("budget", [1.0, 0.02])
def test_bids_one_by_one_as_recorded_bring_what_they_brought(budget: float) -> None:
    """Asked anew, the bidder also sees, is told, and so bids, the same."""
    recording, live, outcomes, asked = play_choosy(budget)
    seats = np.array([2, 13])
    frozen = FrozenMarket(recording, live.campaigns.take(seats), [0, 1])
    nobody = [("choosy", Choosy(), np.arange(2))]
    won = 0.0
    with Cast(frozen.campaigns, LINEUP, nobody, market=WORLD) as cast:
        for then, before in zip(outcomes, asked, strict=True):
            multipliers, bids = cast.decide(frozen, frozen.observe())
            assert len(bids) == sum(seat in before for seat in seats.tolist())
            for place, row in bids.items():
                np.testing.assert_array_equal(row, before[int(seats[place])])
            now = cast.play(frozen, multipliers, bids, keep_sales=True)
            assert_brought(now, then, seats)
            won += float(now.wins.sum())
    assert won > 10
    left = live.remaining_budget[seats]
    np.testing.assert_array_equal(frozen.remaining_budget, left)
    assert (left < 0.05 * live.campaigns.budget[seats]).any() == (budget < 1.0)


def assert_brought(now: StepOutcome, then: StepOutcome, seats: NDArray[np.int64]) -> None:
    for name in OUTCOME_ARRAYS:
        if name not in ("volume", "market_price"):
            expected = getattr(then, name).ravel()[seats]
            np.testing.assert_array_equal(getattr(now, name).ravel(), expected, err_msg=name)
    assert now.sales is not None
    assert then.sales is not None
    for place, seat in enumerate(seats.tolist()):
        ours, theirs = now.sales.results(place), then.sales.results(seat)
        for name in ("bids", "slot", "price", "exposed", "conversions", "values", "market_price"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
