"""What is refused of strategies written for AuctionNet, and in what words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import agents
import auctionsim
from auctionsim.bidding import Outcome
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.market import MarketConfig
from tests.agents.strategies import Strategy
from tests.auctionsim.worlds import LINEUP, world

MARKET: MarketConfig = world()


class TooFew:
    def bidding(self, timeStepIndex: int, pValues: NDArray[np.float64]) -> NDArray[np.float64]:
        return pValues


class TooMany:
    def bidding(
        self, a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int, i: int
    ) -> int:
        return 0


class Nameless:
    bidding = "all of it"


class Locked(Strategy):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


class Slotted:
    __slots__ = ("budget",)

    def bidding(self, *given: Any) -> Any:
        return given[1]


def needs_path(path: str) -> Strategy:
    return Strategy(name=path)


def fails() -> Strategy:
    raise FileNotFoundError("model.pth")


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (3, r"`strategy` must have AuctionNet's method `bidding`; found .?int\b"),
        (None, r"`strategy` must have AuctionNet's method `bidding`; found .?NoneType\b"),
        (object, "must have AuctionNet's method `bidding`; found .?object built by object"),
        (Nameless(), "must have AuctionNet's method `bidding`; found .Nameless.. Give it one"),
        (lambda: "bids", "found .?str built by <lambda>"),
        (
            TooFew(),
            r"`strategy.bidding` must take \(timeStepIndex, pValues, .*\); found .?\(timeStep",
        ),
        (TooMany, r"`strategy.bidding` must take \(timeStepIndex, .*Cost\); found .?\(a: "),
        (
            needs_path,
            "built without arguments; found .?TypeError: .*path.*a function that builds it",
        ),
        (fails, "found .?FileNotFoundError: model.pth, .* Pass a function that builds it"),
        (Locked(), "must be copyable.*found .?TypeError: cannot pickle .*lock"),
        (Strategy().bidding, "built without arguments; found .?TypeError"),
    ],
)
def test_what_is_no_strategy_is_refused_at_once(strategy: object, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        agents.from_auctionnet(strategy)


def test_a_function_helps_where_copies_fail() -> None:
    bidder = agents.from_auctionnet(Locked)
    result = auctionsim.evaluate(bidder, "bcb", MARKET, 1, lineup=LINEUP)
    assert result.metrics["utilisation"] > 0


def scalar(values: NDArray[np.float64]) -> object:
    return 3.0


def one_short(values: NDArray[np.float64]) -> object:
    return values[:-1]


def column(values: NDArray[np.float64]) -> object:
    return values[:, None]


def ragged(values: NDArray[np.float64]) -> object:
    return [[1.0], [1.0, 2.0]]


def nothing(values: NDArray[np.float64]) -> object:
    return None


def texts(values: NDArray[np.float64]) -> object:
    return ["1.0"] * len(values)


def complex_numbers(values: NDArray[np.float64]) -> object:
    return values + 1j


def nan(values: NDArray[np.float64]) -> object:
    return np.where(np.arange(len(values)) == 4, np.nan, values)


def infinite(values: NDArray[np.float64]) -> object:
    return np.where(np.arange(len(values)) == 4, np.inf, values)


def raises(values: NDArray[np.float64]) -> object:
    raise ZeroDivisionError("no conversions yet")


ANSWERS: dict[Callable[[NDArray[np.float64]], object], str] = {
    scalar: r"one number an opportunity from Odd.bidding, .*; found .?float with float64",
    one_short: r"from Odd.bidding, shape \(\d+,\); found .?ndarray with float64 of shape",
    column: r"found .?ndarray with float64 of shape \(\d+, 1\)",
    ragged: "in step 2` must return numbers, .*; found .?ValueError: setting an array element",
    nothing: "found .?NoneType with object of shape",
    texts: "found .?list with <U3 of shape",
    complex_numbers: "found .?ndarray with complex128 of shape",
    nan: "in step 2` must return finite bids, .*found .?nan for opportunity 4",
    infinite: "must return finite bids, .*found .?inf for opportunity 4",
    raises: "in step 2` must not raise; found .?ZeroDivisionError: no conversions yet",
}


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
def test_an_answer_that_does_not_fit_is_an_error_that_says_where(
    answer: Callable[[NDArray[np.float64]], object],
) -> None:
    class Odd(Strategy):
        def bidding(self, timeStepIndex: int, *given: Any) -> Any:
            return answer(given[0]) if timeStepIndex == 2 else given[0]

    with pytest.raises(BidderError, match=ANSWERS[answer]) as caught:
        auctionsim.evaluate(agents.from_auctionnet(Odd), "bcb", MARKET, 1, lineup=LINEUP)
    assert "bidder 'Odd'" in str(caught.value)
    assert "seat" in str(caught.value)


def test_who_may_sit_out_loses_the_step_but_not_its_history() -> None:
    lengths = []

    class Late(Strategy):
        def bidding(self, timeStepIndex: int, *given: Any) -> Any:
            lengths.append((timeStepIndex, *map(len, given[2:])))
            return None if timeStepIndex == 2 else given[0]

    bidder = agents.from_auctionnet(Late)
    result = auctionsim.evaluate(bidder, "bcb", MARKET, 1, lineup=LINEUP, on_error="sit-out")
    assert {incident.step for incident in result.incidents} == {2}
    assert all(set(counts) == {counts[0]} for counts in lengths)
    assert max(lengths)[0] == MARKET.steps - 1


def test_attributes_that_cannot_be_set_are_an_error() -> None:
    bidder = agents.from_auctionnet(Slotted())
    with pytest.raises(BidderError, match=r"reset` must not raise; found .?AttributeError"):
        auctionsim.evaluate(bidder, "bcb", MARKET, 1, lineup=LINEUP)


def test_an_outcome_without_results_is_an_error() -> None:
    bidder = agents.from_auctionnet(Strategy)
    row, volume = np.zeros(()), np.zeros((), np.int64)
    outcome = Outcome(0, volume, row, row, row, row, row, row, row, row)
    with pytest.raises(BidderError, match=r"`Strategy.observe` must be told results; found .?none"):
        bidder.observe(outcome)


def test_a_builtin_without_a_signature_is_let_through() -> None:
    class Unsigned(Strategy):
        bidding = staticmethod(max)  # type: ignore[assignment]

    assert isinstance(agents.from_auctionnet(Unsigned), agents.Bidder)
