from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from auctionsim.bidding import (
    Observation,
    Opportunities,
    OpportunityBidder,
    OpportunityResults,
    Outcome,
    name_of,
    watches,
)
from auctionsim.errors import BidderError
from tests.auctionsim.worlds import Half, HalfOfMany, observation_of


def test_observations_can_be_taken_apart() -> None:
    observation = observation_of(4, 2, cost=[0.0, 1.0, 2.0, 3.0])
    part = observation.take(np.array([3, 1]))
    assert part.cost.tolist() == [3.0, 1.0]
    assert (len(observation), len(part), part.step) == (4, 2, 2)
    part.cost[0] = 9.0
    assert observation.cost[3] == 3.0


def outcome_of(n: int) -> Outcome:
    columns = {
        f.name: np.arange(n) + 10.0 * place
        for place, f in enumerate(fields(Outcome))
        if f.name not in ("step", "results")
    }
    return Outcome(step=4, **columns)  # type: ignore[arg-type]


def test_outcomes_can_be_taken_apart() -> None:
    outcome = outcome_of(4)
    part = outcome.take(np.array([3, 1]))
    assert part.step == 4
    assert (part.cost - outcome.cost[0]).tolist() == [3.0, 1.0]
    one = outcome.take(2)
    assert one.value == outcome.value[2]
    assert np.ndim(one.wins) == 0
    part.cost[0] = -1.0
    assert outcome.cost.min() >= 0.0


def test_results_stay_with_the_seat_they_belong_to() -> None:
    empty = np.zeros(0)
    results = OpportunityResults(*[empty] * 7)  # type: ignore[arg-type]
    whole = Outcome(**{**vars(outcome_of(2)), "results": results})
    assert whole.take(1).results is None


class Flat(OpportunityBidder):
    def bid(self, observation: Observation, opportunities: Opportunities) -> np.ndarray:
        return np.ones(len(opportunities))


def test_a_bidder_of_single_bids_has_no_multiplier() -> None:
    with pytest.raises(BidderError, match=r"`Flat\.act` must not be called"):
        Flat().act(observation_of(1, 0).take(0))


def test_only_those_that_override_observe_watch() -> None:
    class Watching(Half):
        def observe(self, outcome: Outcome) -> None:
            self.seen = outcome

    class WatchingMany(HalfOfMany):
        def observe(self, outcome: Outcome) -> None:
            self.seen = outcome

    assert [watches(b) for b in (Half(), HalfOfMany(), Flat())] == [False] * 3
    assert [watches(b) for b in (Watching(), WatchingMany())] == [True] * 2


def test_a_bidder_is_called_by_its_label_or_its_class() -> None:
    class Named(Half):
        label = "half of it"

    class Numbered(Half):
        label = 7  # type: ignore[assignment]

    assert [name_of(b) for b in (Half(), HalfOfMany(), Named())] == [
        "Half", "HalfOfMany", "half of it",
    ]  # fmt: skip
    assert name_of(Numbered()) == "Numbered"
