from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from auctionsim.bidding import AnyBidder, BatchBidder, Bidder, Observation, Opportunities
from auctionsim.conduct import Breach, Conduct
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.evaluation import FIRST_EPISODE, evaluate
from auctionsim.isolation import isolated_seating
from auctionsim.lineup import LineupConfig
from auctionsim.parts import Seating
from auctionsim.players import View, seat_players
from auctionsim.tasks import TASKS
from tests.auctionsim.contests import EPISODE, play
from tests.auctionsim.nasty import (
    MISDEEDS,
    STEP,
    BadBeginner,
    BadListener,
    BatchScribbler,
    Nasty,
    NastyBatch,
    NastyOneByOne,
    Scribbler,
)
from tests.auctionsim.worlds import (
    LINEUP,
    WORLD,
    Half,
    HalfOfMany,
    assert_same,
    campaigns_of,
    observation_of,
)

SEATS = [1, 4, 6]


class Reference(Bidder):
    """Bids its reference."""

    def act(self, observation: Observation) -> float:
        return self.campaign.reference


@pytest.mark.parametrize("deed", MISDEEDS)
def test_a_seat_that_sits_out_bids_0_in_that_step_and_nobody_else_is_touched(deed: str) -> None:
    found, incidents = play(Nasty({4: deed}), SEATS, on_error="sit-out")
    expected, none = play(Nasty({4: "bid 0"}), SEATS)
    assert_same(found, expected)
    assert none == []
    (incident,) = incidents
    assert (incident.bidder, incident.episode, incident.advertiser) == ("nasty", EPISODE, 4)
    assert incident.step == STEP
    assert MISDEEDS[deed][1] in incident.cause
    assert "\n" not in incident.cause
    assert len(incident.cause) < 1000


@pytest.mark.parametrize("deed", MISDEEDS)
def test_unless_it_may_sit_out_it_ends_the_roll_out_by_name(deed: str) -> None:
    with pytest.raises(BidderError) as caught:
        play(Nasty({4: deed}), SEATS)
    message = str(caught.value)
    rule, _, found = MISDEEDS[deed][1].rpartition("found ")
    assert message.startswith(f"`bidder 'nasty' in step {STEP}` {rule.strip('; ')}")
    assert found in message.encode().decode("unicode_escape")
    assert f" for seat 4 of episode {EPISODE}" in message
    assert message.count("\n") == 0


def test_it_is_asked_again_in_every_step() -> None:
    found, incidents = play(Nasty({4: "nan"}, for_good=True), SEATS, on_error="sit-out")
    expected, _ = play(Nasty({4: "bid 0"}, for_good=True), SEATS)
    assert_same(found, expected)
    assert [i.step for i in incidents] == list(range(STEP, WORLD.steps))


def test_of_a_batch_only_the_seat_with_a_bad_number_sits_out() -> None:
    found, incidents = play(NastyBatch("nan"), SEATS, on_error="sit-out")
    assert [i.advertiser for i in incidents] == [1]
    assert found.action[1, STEP] == 0.0
    assert (found.action[[4, 6], STEP] > 0.0).all()
    assert (found.action[1, STEP + 1 :][found.active[1, STEP + 1 :]] > 0.0).all()


@pytest.mark.parametrize("deed", ["raise", "exit", "megabytes"])
def test_a_batch_without_an_answer_sits_out_as_a_whole(deed: str) -> None:
    found, incidents = play(NastyBatch(deed), SEATS, on_error="sit-out")
    expected, _ = play(NastyBatch("bid 0"), SEATS)
    assert_same(found, expected)
    assert [(i.advertiser, i.step) for i in incidents] == [(1, STEP), (4, STEP), (6, STEP)]
    with pytest.raises(BidderError, match=rf"in step {STEP}` must .* for its 3 seats"):
        play(NastyBatch(deed), SEATS)


ONE_BY_ONE: list[tuple[Callable[[int], Any], str]] = [
    (lambda n: np.full(n, np.nan), "finite bids, >= 0 and <= 1e+30; found nan for opportunity 0"),
    (lambda n: np.r_[np.ones(n - 1), -1.0], "finite bids, >= 0 and <= 1e+30; found -1.0 for opp"),
    (lambda n: np.ones(n + 1), "must return one number an opportunity, shape ("),
    (lambda n: np.ones((n, 1)), "must return one number an opportunity, shape ("),
    (lambda n: None, "must return one number an opportunity, shape ("),
    (lambda n: ["1"] * n, "must return one number an opportunity, shape ("),
    (lambda n: 1.0, "must return one number an opportunity, shape ("),
]


@pytest.mark.parametrize(("answer", "cause"), ONE_BY_ONE)
def test_bids_one_by_one_are_held_to_the_same(answer: Callable[[int], Any], cause: str) -> None:
    found, incidents = play(NastyOneByOne(answer), [4], on_error="sit-out")
    assert_same(found, play(NastyOneByOne(np.zeros), [4])[0])
    assert [(i.advertiser, i.step) for i in incidents] == [(4, STEP)]
    assert cause in incidents[0].cause


class ButFor4(Reference):
    """Never bids as advertiser 4."""

    def act(self, observation: Observation) -> float:
        return 0.0 if self.campaign.advertiser == 4 else self.campaign.reference


def test_a_failing_reset_costs_the_episode() -> None:
    found, incidents = play(BadBeginner(4), SEATS, on_error="sit-out")
    assert_same(found, play(ButFor4(), SEATS)[0])
    assert [(i.advertiser, i.step) for i in incidents] == [(4, None)]
    assert "must not raise; found OSError: no such model, nasty.py line" in incidents[0].cause
    assert "in reset" in incidents[0].cause
    with pytest.raises(BidderError, match=r"'nasty' in reset` must not raise.*OSError.*for seat 4"):
        play(BadBeginner(4), SEATS)


def test_a_failing_observe_costs_nothing_but_is_kept() -> None:
    found, incidents = play(BadListener({}), SEATS, on_error="sit-out")
    assert_same(found, play(Nasty({}), SEATS)[0])
    assert [(i.advertiser, i.step) for i in incidents] == [(s, STEP) for s in SEATS]
    with pytest.raises(BidderError, match=rf"in step {STEP}`.*IndexError.* in observe.*for seat 1"):
        play(BadListener({}), SEATS)


@pytest.mark.parametrize(
    ("bidder", "model"), [(Scribbler(), Reference()), (BatchScribbler(), Reference())]
)
def test_what_a_bidder_does_to_what_it_is_given_changes_nothing_else(
    bidder: AnyBidder, model: AnyBidder
) -> None:
    assert_same(play(bidder, SEATS)[0], play(model, SEATS)[0])


class Late(Half):
    """Takes its time in one step at one seat."""

    def act(self, observation: Observation) -> float:
        if observation.step == STEP and self.campaign.advertiser == 4:
            time.sleep(0.3)
        return super().act(observation)


class LateBatch(HalfOfMany):
    """Takes longer than one seat may, and not as long as its seats may."""

    def act(self, observation: Observation) -> Any:
        time.sleep(0.3 if observation.step == STEP else 0.0)
        return super().act(observation)


def test_time_is_checked_after_a_call_for_each_seat_of_it() -> None:
    found, incidents = play(Late(), SEATS, on_error="sit-out", time_limit=0.25)
    assert [(i.advertiser, i.step) for i in incidents] == [(4, STEP)]
    assert incidents[0].cause.startswith("must take at most 0.25 s a seat; found 0.3")
    assert found.action[4, STEP] == 0.0
    assert found.action[4, STEP + 1] > 0.0
    assert play(LateBatch(), SEATS, time_limit=0.25)[1] == []
    with pytest.raises(BidderError, match=r"at most 0.25 s a seat; found '0.3.* s for seat 4"):
        play(LateBatch(), [4], time_limit=0.25)


@pytest.mark.parametrize("seating", [seat_players, isolated_seating(60.0)])
def test_a_seat_that_is_not_asked_takes_no_time(seating: Seating) -> None:
    (player,) = seating(NastyOneByOne(), np.array([1]), campaigns_of(1), None)
    player.begin()
    assert player.seconds > 0.0
    seen = observation_of(2, 0)
    seen.active[1] = False
    player.ask(View(seen, lambda _: Opportunities(*[np.ones(2, np.float32)] * 3)))
    player.close()
    assert player.seconds == 0.0  # what `reset` took is not held against the step


def test_the_line_up_is_held_to_it_too() -> None:
    lineup = LineupConfig(
        "poor", {task: {"tests.auctionsim.test_conduct:Broken": 1.0} for task in TASKS}
    )
    with pytest.raises(BidderError, match=r"test_conduct:Broken' in step 0` must return finite"):
        evaluate("fixed", "cpa_mcb", WORLD, 1, lineup=lineup)
    found = evaluate("fixed", "cpa_mcb", WORLD, 2, lineup=lineup, on_error="sit-out")
    assert len(found.incidents) == 2 * 2 * 7 * WORLD.steps  # episodes, runs, other seats
    assert {i.bidder for i in found.incidents} == {"tests.auctionsim.test_conduct:Broken"}
    assert {i.episode for i in found.incidents} == {FIRST_EPISODE, FIRST_EPISODE + 1}
    assert found.trajectories.value.sum() > 0.0


class Broken(BatchBidder):
    """Answers nothing of use."""

    def act(self, observation: Observation) -> Any:
        return np.full(len(observation), np.inf)


def test_an_evaluation_without_incidents_has_none() -> None:
    assert evaluate("fixed", "bcb", WORLD, 1, lineup=LINEUP, on_error="sit-out").incidents == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"on_error": "sit out"}, "`on_error` must be one of raise, sit-out.*Did you mean"),
        ({"on_error": None}, "`on_error` must be one of raise, sit-out; found 'NoneType None'"),
        ({"time_limit": 0.0}, r"`time_limit` must be a number of seconds in \(0, 86400\]"),
        ({"time_limit": float("nan")}, "`time_limit` must be a number of seconds"),
        ({"time_limit": -1}, "`time_limit` must be a number of seconds"),
        ({"time_limit": "1"}, "`time_limit` must be a number of seconds"),
        ({"time_limit": 1e9}, "`time_limit` must be a number of seconds"),
    ],
)
def test_conduct_is_checked(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        Conduct(**fields)


def test_a_breach_is_one_line_of_bounded_length() -> None:
    breach = Breach("must\nnot", "a \x00\n" * 10**6)
    assert breach.rule == "must not"
    assert len(str(breach)) < 500
    assert "\n" not in str(breach)
    assert "for seat 3" in str(breach.error("mine", 2, "for seat 3"))
