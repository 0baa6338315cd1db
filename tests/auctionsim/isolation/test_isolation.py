from __future__ import annotations

import multiprocessing
import sys
from typing import Any

import numpy as np
import pytest

from auctionsim.bidding import AnyBidder, BatchBidder, Observation, Outcome
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.evaluation import evaluate
from tests.auctionsim.contests import play
from tests.auctionsim.nasty import (
    CRIMES,
    MISDEEDS,
    STEP,
    BadBeginner,
    BadListener,
    Nasty,
    NastyBatch,
    NastyOneByOne,
    Scribbler,
    SlowBeginner,
)
from tests.auctionsim.worlds import LINEUP, WORLD, Remembering, assert_same

EVERYONE = list(range(WORLD.advertisers))
LIMIT = 1.0  # a busy machine may keep an honest bidder waiting for some of it


class Learning(BatchBidder):
    """Bids by what it has won."""

    def act(self, observation: Observation) -> Any:
        if observation.step == 0:
            self._won = np.zeros(len(observation))
        return self.campaigns.reference * (0.5 + 0.01 * self._won)

    def observe(self, outcome: Outcome) -> None:
        self._won = self._won + outcome.wins


@pytest.mark.parametrize("bidder", [Remembering(), Nasty({}), Learning(), NastyOneByOne()])
def test_results_are_the_same_bits_as_without(bidder: AnyBidder) -> None:
    # Two runs of an episode, so that the seats' numbers are not those of the process's players.
    plain = evaluate(bidder, "cpa_mcb", WORLD, 2, lineup=LINEUP)
    apart = evaluate(bidder, "cpa_mcb", WORLD, 2, lineup=LINEUP, isolate=True, time_limit=60.0)
    assert_same(plain.trajectories, apart.trajectories)
    assert plain.trajectories.value.sum() > 0.0
    assert apart.incidents == ()
    assert multiprocessing.active_children() == []


def test_misdeeds_are_the_same_incidents_as_without() -> None:
    names = list(MISDEEDS)
    for first in range(0, len(names), len(EVERYONE)):
        deeds = names[first : first + len(EVERYONE)]
        bidder = Nasty(dict(enumerate(deeds)))
        plain, apart = (
            play(bidder, EVERYONE, on_error="sit-out", isolate=isolate) for isolate in (False, True)
        )
        assert_same(plain[0], apart[0])
        assert plain[1] == apart[1]
        assert len(plain[1]) == len(deeds)


def one_too_many(volume: int) -> Any:
    return np.ones(volume + 1)


@pytest.mark.parametrize(
    "bidder", [BadBeginner(4), BadListener({}), NastyBatch("nan"), NastyOneByOne(one_too_many)]
)
def test_other_breaches_are_the_same_incidents_as_without(bidder: AnyBidder) -> None:
    plain, apart = (
        play(bidder, [1, 4], on_error="sit-out", isolate=isolate) for isolate in (False, True)
    )
    assert_same(plain[0], apart[0])
    assert plain[1] == apart[1] != []


@pytest.mark.parametrize("seats", [(0, 3, 4, 7), (1, 2, 5, 6)])
def test_crimes_cost_their_seats_the_episode_and_no_other_anything(seats: tuple[int, ...]) -> None:
    crimes = {seat: list(CRIMES)[seat] for seat in seats}
    found, incidents = play(
        Nasty(crimes), EVERYONE, on_error="sit-out", isolate=True, time_limit=LIMIT
    )
    expected, _ = play(Nasty(dict.fromkeys(crimes, "bid 0"), for_good=True), EVERYONE)
    assert_same(found, expected)
    assert [(i.advertiser, i.step) for i in incidents] == [(seat, STEP) for seat in crimes]
    for incident in incidents:
        assert incident.cause.startswith(CRIMES[crimes[incident.advertiser]][1])
    others = np.setdiff1d(EVERYONE, seats)
    assert (found.action[others][found.active[others]] > 0.0).all()
    assert multiprocessing.active_children() == []


def test_a_batch_that_is_stopped_loses_all_its_seats() -> None:
    found, incidents = play(
        NastyBatch("loop"), [1, 4], on_error="sit-out", isolate=True, time_limit=LIMIT
    )
    assert_same(found, play(NastyBatch("bid 0", for_good=True), [1, 4])[0])
    assert [(i.advertiser, i.step) for i in incidents] == [(1, STEP), (4, STEP)]
    assert incidents[0].cause.startswith("must take at most 1 s a seat; found a stop after 2")


@pytest.mark.parametrize("deed", ["leave", "raise"])
def test_unless_it_may_sit_out_it_ends_the_roll_out_and_its_process(deed: str) -> None:
    what = (MISDEEDS | CRIMES)[deed][1].partition("; found ")[0]
    with pytest.raises(BidderError, match=rf"`bidder 'nasty' in step {STEP}` {what}.*for seat 4"):
        play(Nasty({4: deed}), [1, 4], isolate=True)
    assert multiprocessing.active_children() == []


def test_an_error_in_reset_leaves_no_process() -> None:
    with pytest.raises(BidderError, match="in reset` must not raise; found 'OSError: no such"):
        play(BadBeginner(4), [1, 4], isolate=True)
    assert multiprocessing.active_children() == []


def test_to_begin_may_take_longer_than_a_step() -> None:
    _, incidents = play(SlowBeginner(0.7), [1, 4], isolate=True, time_limit=0.5)
    assert incidents == []


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auctionsim.isolation.supervisor.START_SECONDS", 1.0)
    found, incidents = play(
        SlowBeginner(30.0), [1, 4], isolate=True, time_limit=0.5, on_error="sit-out"
    )
    assert [(i.advertiser, i.step) for i in incidents] == [(1, None), (4, None)]
    assert incidents[0].cause.startswith("must take at most 0.5 s a seat, and 1 s more for all to")
    assert "a stop after 1." in incidents[0].cause  # which leaves nothing for the second
    assert "a stop after 0." in incidents[1].cause
    assert found.action[[1, 4]].max() == 0.0


def test_what_it_prints_appears_and_what_it_is_given_stays(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found, _ = play(Scribbler(), [1], isolate=True)
    assert capfd.readouterr().out.count("I was here") == WORLD.steps
    assert_same(found, play(Scribbler(), [1])[0])


class Local(Nasty):
    """Holds something that stays here."""

    def __init__(self, held: object) -> None:
        super().__init__({})
        self.held = held


def test_what_cannot_be_sent_is_named() -> None:
    class Inner(Nasty):
        pass

    with pytest.raises(InvalidArgumentError, match=r"`bidder` must be one that can be sent.*Inner"):
        play(Inner({}), [1], isolate=True)
    for held in (lambda: 0, sys.stdout, memoryview(b"")):
        with pytest.raises(InvalidArgumentError, match=r"Local \(.* at the top of a module"):
            play(Local(held), [1], isolate=True, on_error="sit-out")
    assert multiprocessing.active_children() == []
