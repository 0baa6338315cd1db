"""Bidders that misbehave at one seat and step, and the same ones when they just bid 0 there."""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
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

STEP = 3
LONG = 30.0


class Obstinate:
    """Refuses to be looked at."""

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise LookupError("not an array")

    def __repr__(self) -> NoReturn:
        raise LookupError("not to be shown")


class Speechless(Exception):  # noqa: N818 - its name stands in messages
    """Has no text."""

    def __str__(self) -> NoReturn:
        raise LookupError("nothing to say")


def fail(error: BaseException) -> NoReturn:
    raise error


def recurse(depth: int = 0) -> int:
    return recurse(depth + 1) + 1


def loop() -> NoReturn:
    while True:
        pass


def crash() -> None:
    ctypes.string_at(0)


def scribble(data: bytes) -> NoReturn:
    """Write to every connection there is, and wait to be found out."""
    for thing in gc.get_objects():
        if isinstance(thing, socket.socket):
            thing.sendall(data)
    time.sleep(LONG)
    raise AssertionError("still here")


NUMBERS = "must return numbers, as one or in an array"

#: What it does instead of answering; the contract holds it to have broken which rule.
MISDEEDS: dict[str, tuple[Callable[[], Any], str]] = {
    "raise": (lambda: fail(ValueError("no\nidea")), "must not raise; found ValueError: no idea"),
    "exit": (lambda: sys.exit(4), "must not raise; found SystemExit: 4"),
    "speechless": (lambda: fail(Speechless()), "found Speechless: a Speechless that cannot be"),
    "recurse": (recurse, "must not raise; found RecursionError: maximum recursion"),
    "memory": (lambda: np.empty(1 << 59), "must not raise; found MemoryError: Unable"),
    "long": (lambda: fail(KeyError("x" * 10**6)), "must not raise; found KeyError: 'xxx"),
    "half a character": (lambda: fail(ValueError("\udc80")), "must not raise; found ValueError: ?"),
    "nan": (lambda: float("nan"), "must return finite multipliers, >= 0 and <= 1e+30; found nan"),
    "negative": (lambda: -0.5, "must return finite multipliers, >= 0 and <= 1e+30; found -0.5"),
    "large": (lambda: 1e31, "must return finite multipliers, >= 0 and <= 1e+30; found 1e+31"),
    "none": (lambda: None, "must return one number; found NoneType None"),
    "text": (lambda: "1.0", "must return one number; found str '1.0'"),
    "truth": (lambda: True, "must return one number; found bool True"),
    "list": (lambda: [1.0], "must return one number; found list [1.0]"),
    "ragged": (lambda: [1.0, [2.0]], f"{NUMBERS}; found ValueError: setting an array element"),
    "obstinate": (Obstinate, f"{NUMBERS}; found LookupError: not an array"),
    "digits": (lambda: 10**5000, "must return one number; found int that cannot be shown"),
    "megabytes": (lambda: np.ones(10**6), "must return one number; found ndarray array([1., 1."),
}
#: What only another process survives.
CRIMES: dict[str, tuple[Callable[[], Any], str]] = {
    "sleep": (lambda: time.sleep(LONG), "must take at most 1 s a seat; found a stop after 1"),
    "loop": (loop, "must take at most 1 s a seat; found a stop after 1"),
    "leave": (lambda: os._exit(3), "must not end its process; found an end with exit code 3"),
    "crash": (crash, "must not end its process; found an end by signal SIGSEGV"),
    "abort": (os.abort, "must not end its process; found an end by signal SIGABRT"),
    "garbage": (
        lambda: scribble(bytes([4, *[0] * 7]) + b"haha"),
        "must leave its process's connection alone; found an answer of JSONDecodeError",
    ),
    "flood": (
        lambda: scribble(b"\xff" * 100),
        "must leave its process's connection alone; found an answer of 18446744073709551615 bytes",
    ),
    "trickle": (lambda: scribble(b"\x09"), "must take at most 1 s a seat; found a stop after 1"),
}
#: What it does instead, in the run to compare with.
MODELS: dict[str, tuple[Callable[[], Any], str]] = {"bid 0": (lambda: 0.0, "")}

DEEDS = MISDEEDS | CRIMES | MODELS


class Nasty(Bidder):
    """Bids by what it has seen; some advertisers' copies misbehave.

    Args:
        deeds: By advertiser: what it does.
        step: When.
        for_good: Whether it does so in all later steps too.
    """

    def __init__(self, deeds: dict[int, str], step: int = STEP, *, for_good: bool = False) -> None:
        self._deeds, self._step, self._for_good = deeds, step, for_good
        self._seen = 0.0

    def reset(self, campaign: Campaign) -> None:
        super().reset(campaign)
        self._seen = 0.0

    def act(self, observation: Observation) -> float:
        deed = self._deeds.get(self.campaign.advertiser)
        self._seen += float(observation.cost) / self.campaign.budget
        if deed is not None and self._is_time(observation.step):
            result: float = DEEDS[deed][0]()
            return result
        return self.campaign.reference * (0.5 + 0.1 * self._seen)

    def observe(self, outcome: Outcome) -> None:
        self._seen += float(outcome.wins) * 1e-3

    def _is_time(self, step: int) -> bool:
        return step >= self._step if self._for_good else step == self._step


class NastyBatch(BatchBidder):
    """The same for many seats in one call, in which the first of them misbehaves."""

    def __init__(self, deed: str, *, for_good: bool = False) -> None:
        self._deed, self._for_good = deed, for_good

    def act(self, observation: Observation) -> NDArray[np.float64]:
        multipliers = 0.5 * self.campaigns.reference
        if observation.step == STEP or (self._for_good and observation.step > STEP):
            if self._deed == "bid 0":
                return 0.0 * multipliers
            multipliers[0] = DEEDS[self._deed][0]()
        return multipliers


class NastyOneByOne(OpportunityBidder):
    """The same with bids one by one, of which one step's are as given."""

    def __init__(self, answer: Callable[[int], Any] | None = None) -> None:
        self._answer = answer
        self._price = 1.0

    def bid(self, observation: Observation, opportunities: Opportunities) -> Any:
        if self._answer is not None and observation.step == STEP:
            return self._answer(len(opportunities))
        return opportunities.values * self.campaign.reference * self._price

    def observe(self, outcome: Outcome) -> None:
        assert outcome.results is not None
        self._price = 0.5 + float(outcome.results.exposed.mean())


class BadBeginner(Bidder):
    """Fails in `reset` at one advertiser."""

    def __init__(self, advertiser: int) -> None:
        self._advertiser = advertiser

    def reset(self, campaign: Campaign) -> None:
        super().reset(campaign)
        if campaign.advertiser == self._advertiser:
            raise OSError("no such model")

    def act(self, observation: Observation) -> float:
        return self.campaign.reference


class BadListener(Nasty):
    """Fails in `observe`."""

    def observe(self, outcome: Outcome) -> None:
        super().observe(outcome)
        if outcome.step == STEP:
            raise IndexError("no such row")


class SlowBeginner(Nasty):
    """Takes its time in `reset`."""

    def __init__(self, seconds: float) -> None:
        super().__init__({})
        self._seconds = seconds

    def reset(self, campaign: Campaign) -> None:
        super().reset(campaign)
        time.sleep(self._seconds)


class Scribbler(Bidder):
    """Writes to whatever it is given, and prints."""

    def act(self, observation: Observation) -> float:
        print("I was here")  # noqa: T201 - this is what is tried
        observation.features[:] = 7.0
        return self.campaign.reference


class BatchScribbler(BatchBidder):
    """The same for many seats."""

    def reset(self, campaigns: Campaigns) -> None:
        self._reference = campaigns.reference.copy()
        for name in ("reference", "budget", "key", "advertiser"):
            getattr(campaigns, name)[:] = 0

    def act(self, observation: Observation) -> NDArray[np.float64]:
        for name in ("features", "cost", "remaining_budget", "active"):
            getattr(observation, name)[:] = 0
        return self._reference

    def observe(self, outcome: Outcome) -> None:
        outcome.cost[:] = 0.0
