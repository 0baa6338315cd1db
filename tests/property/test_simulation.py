"""Laws of the simulation, on random small markets full of ties and budgets that run out."""

from __future__ import annotations

from hypothesis import given

from tests.auctionsim.simulator.comparing import ROUNDED, assert_same_outcomes
from tests.property.markets import Play, plays


@given(plays())
def test_simulation_equals_the_walk_bit_for_bit(game: Play) -> None:
    assert_same_outcomes(game.simulate(), game.walk().outcomes, rounded=ROUNDED)


@given(plays(rules="auctionnet", most=257))
def test_reauction_equals_the_walk_bit_for_bit(game: Play) -> None:
    assert_same_outcomes(game.simulate(), game.walk().outcomes, rounded=ROUNDED)
