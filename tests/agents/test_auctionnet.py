"""What a strategy of AuctionNet is given in our market."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auctionsim import Simulation
from tests.agents.auctionnet_play import AUCTIONNET, EVERYONE, MARKETS, noted


@pytest.mark.parametrize("rules", MARKETS)
def test_a_step_is_shown_as_auctionnet_shows_it(rules: str) -> None:
    played, strategies = noted(MARKETS[rules])
    assert len(strategies) == 8
    for seat, strategy in enumerate(strategies):
        for step, (remaining, (index, values, errors, *_)) in enumerate(strategy.calls):
            assert type(index) is int
            assert index == step
            assert values.dtype == errors.dtype == np.float64
            np.testing.assert_array_equal(values, played.values[step][seat])
            np.testing.assert_allclose(errors, played.errors[step][seat], rtol=1e-6)
            assert isinstance(remaining, np.float64)
            assert remaining == played.remaining[step][seat]


SHAPES: dict[int, tuple[tuple[int, ...], type]] = {
    3: ((2,), np.float64),
    4: ((), np.float64),
    5: ((3,), np.float64),
    6: ((2,), np.int64),
    7: ((), np.float64),
}


@pytest.mark.parametrize("rules", MARKETS)
def test_histories_have_auctionnets_shapes_and_hold_every_past_step_in_order(rules: str) -> None:
    played, strategies = noted(MARKETS[rules])
    for strategy in strategies:
        last: tuple[Any, ...] = (0, [], [], [], [], [], [], [])
        for step, (_, shown) in enumerate(strategy.calls):
            for place, (columns, dtype) in SHAPES.items():
                past_steps = shown[place]
                assert type(past_steps) is list
                assert past_steps is not last[place]
                assert len(past_steps) == step
                for past, array in enumerate(past_steps):
                    volume = int(played.outcomes[past].volume[0])
                    assert array.shape == (volume, *columns)
                    assert array.dtype == dtype
                for before, now in zip(last[place], past_steps, strict=False):
                    np.testing.assert_array_equal(before, now)
            if step:
                np.testing.assert_array_equal(shown[3][-1], np.stack(last[1:3], axis=1))
            last = shown


@pytest.mark.parametrize("rules", MARKETS)
def test_histories_tell_what_happened(rules: str) -> None:
    played, strategies = noted(MARKETS[rules])
    for seat, strategy in enumerate(strategies):
        *_, bids, auctions, impressions, prices = strategy.calls[-1][1]
        assert len(bids) >= 4
        for step, (bid, auction, seen, price) in enumerate(
            zip(bids, auctions, impressions, prices, strict=True)
        ):
            outcome = played.outcomes[step]
            won, slot, cost = auction.T
            exposed, conversions = seen.T
            np.testing.assert_array_equal(won, slot > 0)
            assert set(slot) <= {0, 1, 2, 3}
            assert (exposed <= won).all()
            assert (conversions <= exposed).all()
            assert ((cost > 0) == (won > 0)).all()
            assert (cost <= np.maximum(bid, 0.0)).all()
            assert ((cost >= price) | (won == 0)).all()
            assert won.sum() == outcome.wins[0, seat]
            assert exposed.sum() == outcome.exposed_wins[0, seat]
            assert conversions.sum() == outcome.conversions[0, seat]
            assert (cost * exposed).sum() == pytest.approx(outcome.cost[0, seat], rel=1e-9)
            assert price.mean() == pytest.approx(outcome.market_price[0], rel=1e-6)


def test_an_unseen_slot_has_its_price_in_the_history() -> None:
    _, strategies = noted(AUCTIONNET)
    auctions = np.concatenate([np.concatenate(s.calls[-1][1][5]) for s in strategies])
    seen = np.concatenate([np.concatenate(s.calls[-1][1][6]) for s in strategies])
    unseen = (auctions[:, 0] == 1) & (seen[:, 0] == 0)
    assert unseen.sum() > 50
    assert (auctions[unseen, 2] > 0).all()
    assert (auctions[unseen, 1] > 1).all()


def test_bids_dropped_for_over_spend_are_0_in_the_history() -> None:
    played, strategies = noted(AUCTIONNET, budget=120.0)
    dropped = 0
    for seat, strategy in enumerate(strategies):
        *_, values_and_errors, bids, _, _, _ = strategy.calls[-1][1]
        for step, (told, bid) in enumerate(zip(values_and_errors, bids, strict=True)):
            dropped += int(((bid == 0) & (told[:, 0] > 0)).sum())
            outcome = played.outcomes[step]
            assert bid.mean() == pytest.approx(outcome.mean_bid[0, seat], rel=1e-6)
    assert dropped > 10
    assert (played.sum("cost") <= 120.0).all()


def test_attributes_are_set_before_reset() -> None:
    played, strategies = noted(MARKETS["default"])
    campaigns = played.simulation.campaigns
    tasks = {campaigns[seat].task for seat in EVERYONE.tolist()}
    assert tasks == {"cpa_mcb", "target_roas", "bcb"}
    for seat, strategy in enumerate(strategies):
        campaign = campaigns[seat]
        (found,) = strategy.resets
        assert found["budget"] == found["remaining_budget"] == campaign.budget
        assert found["category"] == campaign.category
        assert found["name"] == strategy.name == f"Pacing{campaign.advertiser}"
        expected = {
            "cpa_mcb": campaign.cpa_target,
            "target_roas": 1.0 / campaign.roas_target,
            "bcb": campaign.reference,
        }
        assert found["cpa"] == pytest.approx(expected[campaign.task], rel=1e-12)
        # A division by 0 must not end what runs in AuctionNet.
        with np.errstate(divide="ignore"):
            assert found["cpa"] / 0 == found["budget"] / 0 == np.inf


def test_worth_is_in_values_and_errors_of_roas_campaigns_only() -> None:
    _, strategies = noted(MARKETS["default"])
    fresh = Simulation(MARKETS["default"], [3], 5)
    for seat in EVERYONE.tolist():
        told = fresh.opportunities(seat)
        same = np.array_equal(told.values, told.probabilities)
        assert same == (fresh.campaigns[seat].task != "target_roas")
    for seat, strategy in enumerate(strategies):
        _, values, errors, *_ = strategy.calls[0][1]
        ratio = errors[values > 0] / values[values > 0]
        np.testing.assert_allclose(ratio, fresh.days[0].error_ratio[seat], rtol=1e-5)
