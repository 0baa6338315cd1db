from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auctionsim.bidding import Bidder, Observation, SeatwiseBidder, as_batch
from auctionsim.campaigns import Campaign
from auctionsim.errors import BidderError
from tests.auctionsim.worlds import Half, HalfOfMany, Remembering, campaigns_of, observation_of


class Answering(Bidder):
    """Returns whatever it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def act(self, observation: Observation) -> Any:
        return self.answer


def test_a_batch_bidder_is_used_as_it_is() -> None:
    bidder = HalfOfMany()
    assert as_batch(bidder) is bidder


def test_every_seat_has_a_copy_of_its_own() -> None:
    prototype = Remembering()
    batch = SeatwiseBidder(prototype)
    batch.reset(campaigns_of(3))
    for step in range(2):
        got = batch.act(observation_of(3, step, cost=[0.0, 50.0, 100.0]))
    alone = Remembering()
    alone.reset(campaigns_of(3)[1])
    for step in range(2):
        expected = alone.act(observation_of(3, step, cost=[0.0, 50.0, 100.0]).take(1))
    assert got[1] == expected
    assert len({float(x) for x in got}) == 3
    assert prototype.seen == []
    assert not hasattr(prototype, "campaign")


def test_reset_gives_fresh_copies_of_any_number() -> None:
    batch = as_batch(Half())
    for n in (3, 1, 5):
        batch.reset(campaigns_of(n))
        np.testing.assert_array_equal(batch.act(observation_of(n, 0)), np.full(n, 50.0))


def test_a_seat_sees_scalars_and_its_own_features() -> None:
    seen: list[Observation] = []

    class Looking(Bidder):
        def act(self, observation: Observation) -> float:
            seen.append(observation)
            return 1.0

    batch = as_batch(Looking())
    batch.reset(campaigns_of(2))
    observation = observation_of(2, 3, cost=[1.0, 2.0])
    observation.features[1] = 7.0
    batch.act(observation)
    assert (seen[1].step, seen[1].steps, float(seen[1].cost)) == (3, 8, 2.0)
    assert seen[1].features.shape == (17,)
    assert seen[1].features.tolist() == [7.0] * 17
    assert bool(seen[1].active) is True


def test_a_seat_is_told_its_campaign() -> None:
    told: list[Campaign] = []

    class Listening(Half):
        def reset(self, campaign: Campaign) -> None:
            super().reset(campaign)
            told.append(campaign)

    as_batch(Listening()).reset(campaigns_of(2, task=0))
    assert [c.advertiser for c in told] == [0, 1]
    assert told[1].task == "cpa_mcb"
    assert told[1].cpa_target == 100.0
    assert np.isnan(told[1].roas_target)
    assert told[1].key == 2


@pytest.mark.parametrize("answer", [3, 2.5, np.float32(1.5), np.array(2), np.int64(4)])
def test_any_plain_number_is_an_answer(answer: Any) -> None:
    batch = as_batch(Answering(answer))
    batch.reset(campaigns_of(1))
    assert batch.act(observation_of(1, 0)).tolist() == [float(answer)]


@pytest.mark.parametrize("answer", [None, "1.5", True, [1.0], np.ones(1), 1j, {}])
def test_anything_else_is_refused_and_named(answer: Any) -> None:
    batch = as_batch(Answering(answer))
    batch.reset(campaigns_of(1))
    kind = type(answer).__name__
    with pytest.raises(BidderError, match=rf"`Answering.act in step 4` must return one .*{kind}"):
        batch.act(observation_of(1, 4))


def test_observations_can_be_taken_apart() -> None:
    observation = observation_of(4, 2, cost=[0.0, 1.0, 2.0, 3.0])
    part = observation.take(np.array([3, 1]))
    assert part.cost.tolist() == [3.0, 1.0]
    assert (len(observation), len(part), part.step) == (4, 2, 2)
    part.cost[0] = 9.0
    assert observation.cost[3] == 3.0
