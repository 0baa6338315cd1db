from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.bidding import BatchBidder, Observation
from auctionsim.cast import Cast
from auctionsim.dataset import Trajectories
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.observation import FEATURES
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation
from tests.auctionsim.worlds import LINEUP, WORLD, HalfOfMany, assert_same, world


def play(market: object = WORLD, episodes: tuple[int, ...] = (0,), seed: int = 3) -> Trajectories:
    simulation = Simulation(market, list(episodes), seed)  # type: ignore[arg-type]
    return roll_out(simulation, Cast(simulation.campaigns, LINEUP))


def test_trajectories_hold_what_the_simulation_did() -> None:
    simulation = Simulation(WORLD, [4], 3)
    everyone = np.arange(8)
    cast = Cast(simulation.campaigns, LINEUP, [("half", HalfOfMany(), everyone)])
    played = roll_out(simulation, cast)
    again = Simulation(WORLD, [4], 3)
    for step in range(8):
        seen = again.observe()
        np.testing.assert_array_equal(played.state[:, step], seen.features.astype(np.float32))
        np.testing.assert_array_equal(played.active[:, step], seen.active)
        outcome = again.step(0.5 * again.campaigns.reference)
        np.testing.assert_array_equal(played.action[:, step], outcome.multiplier[0])
        for name, field in (("reward", "conversions"), ("value", "value"), ("cost", "cost")):
            expected = getattr(outcome, field)[0].astype(np.float32)
            np.testing.assert_array_equal(getattr(played, name)[:, step], expected)
        np.testing.assert_array_equal(
            played.expected_value[:, step], outcome.expected_value[0].astype(np.float32)
        )
        np.testing.assert_array_equal(
            played.expected_conversions[:, step],
            outcome.expected_conversions[0].astype(np.float32),
        )
    np.testing.assert_array_equal(played.final_state, again.observe().features.astype(np.float32))
    assert played.final_state[:, FEATURES.index("time_left")].tolist() == [0.0] * 8
    assert played.episode.tolist() == [4] * 8
    assert played.advertiser.tolist() == list(range(8))
    assert set(played.bidder) == {"half"}
    assert simulation.done


def test_spend_stays_within_the_budget_and_shows_in_the_state() -> None:
    played = play()
    total = played.cost.sum(axis=1, dtype=np.float64)
    assert (total > 0).all()
    assert (total <= played.budget * (1 + 1e-6)).all()
    left = played.final_state[:, FEATURES.index("budget_left")]
    np.testing.assert_allclose(left, 1 - total / played.budget, atol=1e-5)


def test_an_episode_alone_is_the_episode_in_a_batch() -> None:
    together = play(episodes=(0, 7, 2))
    for place, episode in enumerate((0, 7, 2)):
        assert_same(play(episodes=(episode,)), together.take(np.arange(8) + 8 * place))


def test_only_the_seats_asked_for_are_kept_in_their_order() -> None:
    simulation = Simulation(WORLD, [0, 1], 3)
    seats = np.array([10, 3, 15])
    kept = roll_out(simulation, Cast(simulation.campaigns, LINEUP), seats)
    assert_same(kept, play(episodes=(0, 1)).take(seats))
    assert kept.episode.tolist() == [1, 0, 1]


def test_every_step_is_reported() -> None:
    steps: list[int] = []
    simulation = Simulation(WORLD, [0])
    cast = Cast(simulation.campaigns, LINEUP)
    roll_out(simulation, cast, on_step=lambda: steps.append(simulation.step_index))
    assert steps == list(range(1, 9))


def test_a_simulation_that_has_begun_is_refused() -> None:
    simulation = Simulation(WORLD, [0])
    simulation.step(np.zeros(8))
    with pytest.raises(InvalidArgumentError, match="`simulation` must be at its beginning"):
        roll_out(simulation, Cast(simulation.campaigns, LINEUP))


def test_exhausted_seats_are_marked_and_bid_no_more() -> None:
    class Greedy(BatchBidder):
        def act(self, observation: Observation) -> NDArray[np.float64]:
            return 50.0 * self.campaigns.reference

    simulation = Simulation(WORLD, [0])
    cast = Cast(simulation.campaigns, LINEUP, [("greedy", Greedy(), np.arange(8))])
    played = roll_out(simulation, cast)
    assert played.active[:, 0].all()
    assert not played.active[:, -1].all()
    assert (played.action[~played.active] == 0.0).all()
    assert (played.cost[~played.active] == 0.0).all()
    assert (np.diff(played.active.astype(int), axis=1) <= 0).all()


def test_bidders_cannot_change_the_simulation() -> None:
    class Meddling(BatchBidder):
        def act(self, observation: Observation) -> NDArray[np.float64]:
            self.campaigns.budget[:] = 1e9
            observation.remaining_budget[:] = 1e9
            observation.features[:] = np.nan
            observation.cost[:] = np.nan
            observation.active[:] = True
            return 0.5 * self.campaigns.reference

    got = []
    for bidder in (Meddling(), HalfOfMany()):
        simulation = Simulation(WORLD, [0])
        cast = Cast(simulation.campaigns, LINEUP, [("x", bidder, np.arange(8))])
        got.append(roll_out(simulation, cast))
    assert_same(*got)


def test_a_broken_bidder_is_named_with_its_step() -> None:
    class TiresInStep5(BatchBidder):
        def act(self, observation: Observation) -> NDArray[np.float64]:
            return np.full(len(observation), np.nan if observation.step == 5 else 1.0)

    simulation = Simulation(WORLD, [0])
    cast = Cast(simulation.campaigns, LINEUP, [("tired", TiresInStep5(), np.array([6]))])
    with pytest.raises(BidderError, match=r"'tired' in step 5.*nan for seat 6"):
        roll_out(simulation, cast)


@pytest.mark.parametrize("changes", [{"opportunities": 0}, {"steps": 1}, {"advertisers": 1}])
def test_the_smallest_markets_can_be_played(changes: dict[str, int]) -> None:
    played = play(world(**changes))
    market = world(**changes)
    assert played.state.shape == (market.advertisers, market.steps, len(FEATURES))
    assert np.isfinite(played.state).all()
    assert np.isfinite(played.action).all()
