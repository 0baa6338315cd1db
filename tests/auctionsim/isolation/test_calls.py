from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auctionsim.bidding import Opportunities, Outcome
from auctionsim.conduct import Breach
from auctionsim.isolation.calls import (
    Given,
    answer_in,
    answering,
    breach_in,
    breaking,
    calling,
    given_in,
    largest_answer,
    telling,
)
from auctionsim.isolation.channel import GarbledError, Message, decode
from auctionsim.players import Answer, multiplier_breach
from tests.auctionsim.worlds import campaigns_of, observation_of


def sent(message: Message) -> Message:
    return decode(bytearray(message.encode()[8:]))


def outcome_of(n: int) -> Outcome:
    columns = ("multiplier", "mean_bid", "market_price", "wins", "exposed_wins", "cost")
    more: dict[str, Any] = {name: np.arange(n) + 0.5 for name in (*columns, "conversions", "value")}
    return Outcome(step=3, volume=np.arange(n), **more)


def opportunities_of(n: int) -> Opportunities:
    return Opportunities(*(np.arange(n, dtype=np.float32) + i for i in range(3)))


@pytest.mark.parametrize("n", [0, 1, 5])
def test_what_is_given_arrives_as_it_was(n: int) -> None:
    things: list[Given] = [
        campaigns_of(n), observation_of(n, 2), outcome_of(n), opportunities_of(n)
    ]  # fmt: skip
    for thing in things:
        found = given_in(sent(telling(thing)))
        assert type(found) is type(thing)
        for name, part in vars(thing).items():
            np.testing.assert_array_equal(getattr(found, name), part)
            assert type(getattr(found, name)) is type(part)


def test_opportunities_are_read_only_as_everywhere() -> None:
    found = given_in(sent(calling("ask", 4, opportunities_of(3))))
    assert isinstance(found, Opportunities)
    assert not any(array.flags.writeable for array in vars(found).values())
    assert given_in(sent(calling("begin", 4))) is None


def test_answers_and_breaches_arrive_as_they_were() -> None:
    breach = multiplier_breach(float("nan"))
    answer = Answer(np.array([1.0, 0.0]), None, {1: breach})
    found = answer_in(sent(answering(answer)), 2, None)
    assert found.multipliers.tolist() == [1.0, 0.0]
    assert found.bids is None
    assert {place: str(b) for place, b in found.breaches.items()} == {1: str(breach)}
    one_by_one = Answer(np.zeros(1), np.array([0.5, 2.0, 1e29], np.float32), {})
    bids = answer_in(sent(answering(one_by_one)), 1, 3).bids
    assert bids is not None
    np.testing.assert_array_equal(bids, np.float64(one_by_one.bids))
    told = breach_in(sent(breaking(breach)))
    assert told is not None
    assert str(told) == str(breach)
    assert breach_in(sent(answering(None))) is None


def test_the_largest_answer_of_all_is_not_too_large() -> None:
    seats = 200
    words = Breach("must " + "\U0001f600" * 1000, "\U0001f600" * 1000)
    assert len(breaking(words).encode()) <= largest_answer(seats, seats)
    bad = {place: multiplier_breach(-np.pi * 1e-300) for place in range(seats)}
    assert len(answering(Answer(np.zeros(seats), None, bad)).encode()) <= largest_answer(
        seats, seats
    )
    assert len(answering(Answer(np.zeros(1), np.ones(10**5), {})).encode()) <= largest_answer(
        1 + 10**5, 1
    )


TWO = {"multipliers": np.ones(2)}
HOSTILE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"breaches": []}, {}),
    ({"breaches": []}, {"multipliers": np.ones(3)}),
    ({"breaches": []}, {"multipliers": np.ones((2, 1))}),
    ({"breaches": []}, {"multipliers": np.ones(2, np.float32)}),
    ({"breaches": []}, {"multipliers": np.ones(2, np.int64)}),
    ({"breaches": []}, {"multipliers": np.array([1.0, np.nan])}),
    ({"breaches": []}, {"multipliers": np.array([1.0, -1.0])}),
    ({"breaches": []}, {"multipliers": np.array([1.0, 2e30])}),
    ({"breaches": []}, {**TWO, "bids": np.ones(1)}),
    ({}, TWO),
    ({"breaches": None}, TWO),
    ({"breaches": {}}, TWO),
    ({"breaches": [[0, "a"]]}, TWO),
    ({"breaches": [[2, "a", "b"]]}, TWO),
    ({"breaches": [[-1, "a", "b"]]}, TWO),
    ({"breaches": [["0", "a", "b"]]}, TWO),
    ({"breaches": [[0, 1, "b"]]}, TWO),
    ({"breaches": [[[], "a", "b"]]}, TWO),
]


@pytest.mark.parametrize(("values", "arrays"), HOSTILE)
def test_no_other_answer_is_believed(values: dict[str, Any], arrays: dict[str, Any]) -> None:
    with pytest.raises(GarbledError):
        answer_in(Message(values, arrays), 2, None)


@pytest.mark.parametrize("volume", [0, 2, 4])
def test_as_many_bids_are_believed_as_there_are_opportunities(volume: int) -> None:
    message = answering(Answer(np.zeros(1), np.ones(3), {}))
    with pytest.raises(GarbledError):
        answer_in(message, 1, volume)


@pytest.mark.parametrize("words", [None, "must", ["must"], ["a", "b", "c"], [1, 2], {}])
def test_no_other_breach_is_believed(words: Any) -> None:
    with pytest.raises(GarbledError):
        breach_in(Message({"breach": words}))
