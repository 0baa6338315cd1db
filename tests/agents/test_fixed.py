from __future__ import annotations

import numpy as np

from agents.fixed import FixedMultiplier
from tests.auctionsim.worlds import campaigns_of, observation_of


def test_the_multiplier_is_the_factor_times_the_reference_all_day() -> None:
    bidder = FixedMultiplier(factor=1.5)
    bidder.reset(campaigns_of(3))
    for step in range(8):
        seen = observation_of(3, step, cost=100.0 * step)
        assert bidder.act(seen).tolist() == [150.0] * 3


def test_drawn_factors_stay_within_their_bounds_and_last_all_day() -> None:
    bidder = FixedMultiplier(factor=(0.5, 2.0))
    bidder.reset(campaigns_of(200))
    first = bidder.act(observation_of(200, 0))
    assert ((first >= 50.0) & (first <= 200.0)).all()
    assert len(set(first.tolist())) == 200
    np.testing.assert_array_equal(bidder.act(observation_of(200, 7, cost=900.0)), first)


def test_what_it_returns_can_be_changed_without_harm() -> None:
    bidder = FixedMultiplier(factor=1.0)
    bidder.reset(campaigns_of(2))
    bidder.act(observation_of(2, 0))[:] = 0.0
    assert bidder.act(observation_of(2, 1)).tolist() == [100.0, 100.0]
