from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.bidding import (
    Bidder,
    Observation,
    Opportunities,
    OpportunityBidder,
    OpportunityResults,
    Outcome,
)
from auctionsim.campaigns import Campaign
from auctionsim.conduct import Breach
from auctionsim.players import News, OpportunityPlayer, View, seat_players
from tests.auctionsim.worlds import Half, HalfOfMany, Remembering, campaigns_of, observation_of


class Answering(Bidder):
    """Returns whatever it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def act(self, observation: Observation) -> Any:
        return self.answer


class BidsEach(OpportunityBidder):
    """Bids whatever it was made with, or twice the value."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def bid(self, observation: Observation, opportunities: Opportunities) -> Any:
        return 2.0 * opportunities.values if self.answer is None else self.answer


def opportunities(seat: int) -> Opportunities:
    values, p, sigma = (np.full(3, (seat + 1.0) * x, np.float32) for x in (1.0, 0.5, 0.25))
    return Opportunities(values, p, sigma)


def view(n: int, step: int, **totals: Any) -> View:
    return View(observation_of(n, step, **totals), opportunities)


def seated(bidder: Any, n: int, task: int = 2, **options: Any) -> list[Any]:
    players = seat_players(bidder, np.arange(n), campaigns_of(n, task), **options)
    for player in players:
        player.begin()
    return list(players)


def multipliers(players: list[Any], seen: View) -> list[float]:
    return [float(x) for player in players for x in player.ask(seen).multipliers]


def test_a_batch_bidder_is_one_player() -> None:
    players = seated(HalfOfMany(), 3)
    assert len(players) == 1
    assert multipliers(players, view(3, 0)) == [50.0] * 3


def test_every_seat_has_a_copy_of_its_own() -> None:
    prototype = Remembering()
    players = seated(prototype, 3)
    for step in range(2):
        got = multipliers(players, view(3, step, cost=[0.0, 50.0, 100.0]))
    alone = Remembering()
    alone.reset(campaigns_of(3)[1])
    for step in range(2):
        expected = alone.act(observation_of(3, step, cost=[0.0, 50.0, 100.0]).take(1))
    assert got[1] == expected
    assert len(set(got)) == 3
    assert prototype.seen == []
    assert not hasattr(prototype, "campaign")


def test_beginning_anew_gives_a_fresh_copy() -> None:
    (player,) = seated(Remembering(), 1)
    first = multipliers([player], view(1, 0, cost=100.0))
    assert multipliers([player], view(1, 0, cost=100.0)) != first
    player.begin()
    assert multipliers([player], view(1, 0, cost=100.0)) == first


def test_a_seat_sees_scalars_and_its_own_features() -> None:
    seen: list[Observation] = []

    class Looking(Bidder):
        def act(self, observation: Observation) -> float:
            seen.append(observation)
            return 1.0

    whole = view(2, 3, cost=[1.0, 2.0])
    whole.observation.features[1] = 7.0
    multipliers(seated(Looking(), 2), whole)
    assert (seen[1].step, seen[1].steps, float(seen[1].cost)) == (3, 8, 2.0)
    assert seen[1].features.tolist() == [7.0] * 17
    assert bool(seen[1].active) is True


def test_a_seat_is_told_its_campaign() -> None:
    told: list[Campaign] = []

    class Listening(Half):
        def reset(self, campaign: Campaign) -> None:
            super().reset(campaign)
            told.append(campaign)

    seated(Listening(), 2, task=0)
    assert [c.advertiser for c in told] == [0, 1]
    assert (told[1].task, told[1].cpa_target, told[1].key) == ("cpa_mcb", 100.0, 2)
    assert np.isnan(told[1].roas_target)


@pytest.mark.parametrize("answer", [3, 2.5, np.float32(1.5), np.array(2), np.int64(4), 0])
def test_any_plain_number_is_a_multiplier(answer: Any) -> None:
    assert multipliers(seated(Answering(answer), 1), view(1, 0)) == [float(answer)]


@pytest.mark.parametrize("answer", [None, "1.5", True, [1.0], np.ones(1), 1j, {}])
def test_anything_else_is_a_breach(answer: Any) -> None:
    (player,) = seated(Answering(answer), 1)
    with pytest.raises(Breach, match=f"must return one number; found {type(answer).__name__}"):
        player.ask(view(1, 4))


@pytest.mark.parametrize("answer", [float("nan"), -1e-9, float("inf"), 1e31])
def test_a_multiplier_out_of_range_is_a_breach(answer: float) -> None:
    (player,) = seated(Answering(answer), 1)
    with pytest.raises(Breach, match="must return finite multipliers, >= 0") as caught:
        player.ask(view(1, 0))
    assert caught.value.found == answer or np.isnan(answer)


def test_bids_one_by_one_are_of_the_seats_own_opportunities() -> None:
    for seat, player in enumerate(seated(BidsEach(), 3)):
        answer = player.ask(view(3, 0))
        assert answer.multipliers.tolist() == [0.0]
        assert answer.bids.tolist() == [2.0 * (seat + 1)] * 3


@pytest.mark.parametrize("answer", [[1, 2, 3], np.ones(3, np.float16), (0.0, 0.0, 0.0)])
def test_any_row_of_numbers_is_a_row_of_bids(answer: Any) -> None:
    (player,) = seated(BidsEach(answer), 1)
    assert player.ask(view(1, 0)).bids.tolist() == [float(x) for x in answer]


ROWS: list[tuple[Any, str]] = [
    (1.0, r"one number an opportunity, shape \(3,\); found float64 \(\)"),
    ([1.0, 2.0], r"found float64 \(2,\)"),
    ([1.0, 2.0, float("nan")], r"finite bids, >= 0 .*found nan for opportunity 2"),
    ([1.0, -2.0, 0.0], r"finite bids.*found -2.0 for opportunity 1"),
    (["a", "b", "c"], r"found <U1 \(3,\)"),
    ([True, True, True], r"found bool \(3,\)"),
    (np.ones((3, 1)), r"found float64 \(3, 1\)"),
    ([1.0, [2.0], 3.0], r"must return numbers, .*; found ValueError"),
    (np.ma.masked_array(np.ones(3), mask=True), "must not return masked entries"),
]


@pytest.mark.parametrize(("answer", "message"), ROWS)
def test_any_other_row_is_a_breach(answer: Any, message: str) -> None:
    (player,) = seated(BidsEach(answer), 1)
    with pytest.raises(Breach, match=message):
        player.ask(view(1, 0))


def test_a_seat_that_sits_out_is_not_asked_for_bids() -> None:
    (player,) = seated(BidsEach("nonsense"), 1)
    seen = view(1, 0)
    seen.observation.active[0] = False
    answer = player.ask(seen)
    assert (answer.multipliers.tolist(), answer.bids) == ([0.0], None)


def test_what_is_given_is_shown_to_the_watch_first() -> None:
    given: list[tuple[str, object]] = []
    watch: Callable[[str, object], None] = lambda name, thing: given.append((name, thing))  # noqa: E731
    player = seated(BidsEach(), 1, watch=watch)[0]
    player.ask(view(1, 0))
    assert [name for name, _ in given] == ["campaign", "observation", "opportunities"]
    assert isinstance(given[2][1], Opportunities)


def test_calls_are_timed() -> None:
    (player,) = seated(Half(), 1)
    player.seconds = -1.0
    player.ask(view(1, 0))
    assert 0.0 < player.seconds < 1.0


def test_what_a_bidder_raises_is_a_breach_with_its_cause() -> None:
    class Tired(Half):
        def act(self, observation: Observation) -> float:
            raise RuntimeError("tired")

    (player,) = seated(Tired(), 1)
    with pytest.raises(Breach, match="must not raise; found RuntimeError: tired") as caught:
        player.ask(view(1, 0))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_outcomes_reach_the_seat_they_belong_to() -> None:
    class Learning(BidsEach):
        def observe(self, outcome: Outcome) -> None:
            self.told = outcome

    column: NDArray[Any] = np.arange(2.0)
    outcome = Outcome(3, *[column] * 10)  # type: ignore[arg-type]
    empty = np.zeros(0)
    players = seated(Learning(), 2)
    results = [OpportunityResults(*[empty + seat] * 7) for seat in range(2)]  # type: ignore[arg-type]
    for player in players:
        player.tell(News(outcome, results.__getitem__))
    for seat, player in enumerate(players):
        assert isinstance(player, OpportunityPlayer)
        told = player.bidder.told  # type: ignore[attr-defined]
        assert (told.step, float(told.cost)) == (3, float(seat))
        assert told.results is results[seat]


def test_masked_answers_are_breaches() -> None:
    for answer in (np.ma.masked, np.ma.masked_array(5.0, mask=True)):
        (player,) = seated(Answering(answer), 1)
        with pytest.raises(Breach, match="must not return masked entries"):
            player.ask(view(1, 0))


def test_a_bidder_that_cannot_be_copied_is_a_breach() -> None:
    with pytest.raises(Breach, match="must be copyable, one copy a seat; found TypeError"):
        seated(Answering(np), 1)  # modules cannot be copied


def test_numbers_beyond_float64_are_out_of_range() -> None:
    (player,) = seated(Answering(np.longdouble("1e4000")), 1)
    with pytest.raises(Breach, match="must return finite multipliers"):
        player.ask(view(1, 0))
