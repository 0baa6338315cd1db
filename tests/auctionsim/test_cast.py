from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.bidding import (
    BatchBidder,
    Bidder,
    Observation,
    Opportunities,
    OpportunityBidder,
    Outcome,
)
from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.cast import Cast
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.lineup import LineupConfig
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation, market_campaigns, with_tasks
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import LINEUP, WORLD, Half, HalfOfMany, campaigns_of, observation_of


def lineup_of(shares: dict[str, float], **parameters: dict[str, Any]) -> LineupConfig:
    return LineupConfig("test", {task: dict(shares) for task in TASKS}, parameters)


def answers(cast: Cast, observation: Observation) -> NDArray[np.float64]:
    """Return the multipliers of all seats, in a step that only multipliers are bid in."""
    multipliers, bids = cast.decide(Simulation(WORLD, [0]), observation)
    assert bids == {}
    return multipliers


def test_every_seat_is_played_once() -> None:
    campaigns = market_campaigns(WORLD, [1, 2])
    cast = Cast(campaigns, LINEUP, [("half", Half(), np.array([3, 9]))])
    seats = np.concatenate([part.seats for part in cast.parts])
    assert sorted(seats.tolist()) == list(range(16))
    for part in cast.parts:
        assert set(cast.names[part.seats]) == {part.name}
    assert set(np.flatnonzero(cast.names == "half")) == {3, 9}


def test_parameters_reach_the_bidders() -> None:
    campaigns = campaigns_of(4)
    cast = Cast(campaigns, lineup_of({"fixed": 1.0}, fixed={"factor": 2.0}))
    assert answers(cast, observation_of(4, 0)).tolist() == [200.0] * 4


def test_taking_over_seats_changes_nobody_else() -> None:
    campaigns = market_campaigns(WORLD, [5])
    before = Cast(campaigns, LINEUP)
    task = campaigns.task.copy()
    task[2] = 0
    after = Cast(with_tasks(WORLD, campaigns, task), LINEUP, [("half", Half(), np.array([2]))])
    others = np.arange(8) != 2
    assert before.names[others].tolist() == after.names[others].tolist()
    seen = observation_of(8, 3, cost=np.linspace(0, 500, 8), expected_conversions=3.0)
    np.testing.assert_array_equal(answers(before, seen)[others], answers(after, seen)[others])


@pytest.mark.parametrize("seats", [([1, 2], [2, 3]), ([1, 1], [2])])
def test_no_seat_is_taken_over_twice(seats: tuple[list[int], list[int]]) -> None:
    taken = [("half", Half(), np.array(s)) for s in seats]
    with pytest.raises(InvalidArgumentError, match="must not take over a seat twice"):
        Cast(campaigns_of(8), LINEUP, [*taken])


def test_an_error_in_reset_names_the_bidder_and_keeps_its_cause() -> None:
    class Broken(Half):
        def reset(self, campaign: Campaign) -> None:
            raise KeyError("no such model")

    class BrokenBatch(HalfOfMany):
        def reset(self, campaigns: Campaigns) -> None:
            raise OSError("no file")

    for bidder, cause in ((Broken(), KeyError), (BrokenBatch(), OSError)):
        with pytest.raises(BidderError, match="`bidder 'mine' in reset` must not raise") as caught:
            Cast(campaigns_of(2), LINEUP, [("mine", bidder, np.arange(2))])
        assert isinstance(caught.value.__cause__, cause)


def test_a_bidder_that_cannot_be_copied_is_named() -> None:
    class Holding(Bidder):
        def __init__(self) -> None:
            self.module = np  # modules cannot be copied

        def act(self, observation: Observation) -> float:
            return 1.0

    with pytest.raises(BidderError, match=r"'holding' in reset` must be copyable.*TypeError"):
        Cast(campaigns_of(2), LINEUP, [("holding", Holding(), np.arange(2))])


class Answer(BatchBidder):
    """Returns what it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def act(self, observation: Observation) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


BROKEN: list[tuple[Any, str]] = [
    ([1.0, float("nan"), 1.0], r"finite multipliers.*found 'nan for seat 5 "),
    ([1.0, 1.0, -0.5], r"finite multipliers.*found '-0.5 for seat 2 "),
    ([float("inf"), 1.0, 1.0], r"finite multipliers.*found 'inf for seat 4 "),
    ([1.0, 1e31, 1.0], r"<= 1e\+30; found '1e\+31 for seat 5 "),
    ([1.0, 2.0], r"one number a seat, shape \(3,\); found 'float64 \(2,\) for its 3 seats'"),
    (np.ones((3, 1)), r"one number a seat.*found 'float64 \(3, 1\) "),
    (1.0, r"one number a seat.*found 'float64 \(\) "),
    (None, r"one number a seat.*found 'object \(\) "),
    (["1", "2", "3"], r"one number a seat.*found '<U1 \(3,\) "),
    ([True, True, False], r"one number a seat.*found 'bool \(3,\) "),
    (np.ones(3, complex), r"one number a seat.*found 'complex128 \(3,\) "),
    ([1.0, [2.0], 3.0], r"return numbers, .*ValueError: .*inhomogeneous"),
    (ZeroDivisionError("ouch"), r"not raise; found 'ZeroDivisionError: ouch"),
]


@pytest.mark.parametrize(("answer", "message"), BROKEN)
def test_broken_answers_name_bidder_step_and_seat(answer: Any, message: str) -> None:
    cast = Cast(campaigns_of(6), LINEUP, [("mine", Answer(answer), np.array([4, 5, 2]))])
    with pytest.raises(BidderError, match=rf"`bidder 'mine' in step 3` must.*{message}") as caught:
        answers(cast, observation_of(6, 3))
    assert "\n" not in str(caught.value)
    if isinstance(answer, Exception):
        assert caught.value.__cause__ is answer


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.uint64])
def test_any_numeric_dtype_is_an_answer(dtype: Any) -> None:
    answer = np.array([1, 0, 3], dtype)
    cast = Cast(campaigns_of(3), LINEUP, [("mine", Answer(answer), np.arange(3))])
    got = answers(cast, observation_of(3, 0))
    assert got.dtype == np.float64
    assert got.tolist() == [1.0, 0.0, 3.0]


def test_interrupts_are_not_the_bidders_fault() -> None:
    class Interrupted(Half):
        def act(self, observation: Observation) -> float:
            raise KeyboardInterrupt

    cast = Cast(campaigns_of(1), LINEUP, [("mine", Interrupted(), np.arange(1))])
    with pytest.raises(KeyboardInterrupt):
        answers(cast, observation_of(1, 0))


class Each(OpportunityBidder):
    """Bids a factor of the value on every opportunity, and keeps what it is told."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def bid(
        self, observation: Observation, opportunities: Opportunities
    ) -> NDArray[np.floating[Any]]:
        return np.float32(self.factor) * opportunities.values

    def observe(self, outcome: Outcome) -> None:
        BOOK.append(outcome)


class Flat(Bidder):
    """Bids one multiplier, and keeps what it is told."""

    def __init__(self, multiplier: float) -> None:
        self.multiplier = multiplier

    def act(self, observation: Observation) -> float:
        return self.multiplier

    def observe(self, outcome: Outcome) -> None:
        BOOK.append(outcome)


BOOK: list[Outcome] = []


def play_with(bidder: Bidder) -> tuple[Any, Simulation]:
    BOOK.clear()
    simulation = Simulation(WORLD, [0])
    cast = Cast(simulation.campaigns, LINEUP, [("mine", bidder, np.array([2]))])
    return roll_out(simulation, cast), simulation


def test_bids_one_by_one_bring_what_their_multiplier_brings() -> None:
    each, _ = play_with(Each(40.0))
    flat, _ = play_with(Flat(40.0))
    np.testing.assert_array_equal(each.cost, flat.cost)
    np.testing.assert_array_equal(each.value, flat.value)
    np.testing.assert_allclose(each.action, flat.action, rtol=1e-6)


def test_a_bidder_is_told_what_each_step_brought() -> None:
    for bidder in (Each(40.0), Flat(40.0)):
        played, _ = play_with(bidder)
        assert [o.step for o in BOOK] == list(range(8))
        np.testing.assert_array_equal(np.array([o.cost for o in BOOK], np.float32), played.cost[2])
        np.testing.assert_array_equal(
            np.array([o.value for o in BOOK], np.float32), played.value[2]
        )
        assert played.cost[2].sum() > 0.0


def test_results_are_kept_for_those_that_bid_one_by_one() -> None:
    play_with(Each(40.0))
    for outcome in BOOK:
        assert outcome.results is not None
        assert (outcome.results.slot > 0).sum() == outcome.wins
    play_with(Flat(40.0))
    assert {outcome.results for outcome in BOOK} == {None}


def test_seats_outside_are_left_to_others() -> None:
    campaigns = market_campaigns(WORLD, [1])
    cast = Cast(campaigns, LINEUP, outside=np.array([0, 5]))
    played = np.concatenate([part.seats for part in cast.parts])
    assert sorted(played.tolist()) == [1, 2, 3, 4, 6, 7]
    assert set(cast.names[[0, 5]]) == {"outside"}
    got = answers(cast, observation_of(8, 0))
    assert got[[0, 5]].tolist() == [0.0, 0.0]
    assert (got[[1, 2, 3, 4, 6, 7]] > 0.0).all()
    with pytest.raises(InvalidArgumentError, match="must not take over a seat twice"):
        Cast(campaigns, LINEUP, [("half", Half(), np.array([5]))], outside=np.array([5]))
