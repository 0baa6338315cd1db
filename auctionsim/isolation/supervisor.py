"""Keeps a bidder's process going: starts it anew, and brings its other seats back where they were.

What a seat was given decides what it is (the contract demands it), so that giving it all of that
once more restores it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from auctionsim.bidding import AnyBidder
from auctionsim.conduct import Breach
from auctionsim.isolation.bidder_process import (
    START_SECONDS,
    BidderProcess,
    Stopped,
    garbled,
    packed,
)
from auctionsim.isolation.calls import Given, breach_in, calling, largest_answer, telling
from auctionsim.isolation.channel import GarbledError, Message
from auctionsim.isolation.record import Call, Record

T = TypeVar("T")


class Supervisor:
    """The players of one bidder, in one process at a time.

    A player during whose call the process must be stopped, or ends, is lost for the episode.

    Args:
        bidder: The bidder.
        time_limit: Seconds a call may take for each seat; None for no limit. Models are loaded in
            `begin`: all of these calls together may take `START_SECONDS` longer.

    Attributes:
        seconds: How long the last call took.

    Raises:
        InvalidArgumentError: If the bidder cannot be sent to another process.
    """

    def __init__(self, bidder: AnyBidder, time_limit: float | None) -> None:
        self.seconds = 0.0
        self._bidder = packed(bidder)
        self._limit = math.inf if time_limit is None else time_limit
        self._allowance = START_SECONDS
        self._process: BidderProcess | None = None
        self._lost: dict[int, Stopped] = {}
        self._record = Record()
        self._told: list[object] = []
        self._unsent = b""

    def tell_all(self, key: object, given: Callable[[], Given]) -> None:
        """Hand over what the next calls are about, once.

        Args:
            key: What it comes from; what came from the same object last time is not sent again.
            given: Returns it, of all seats.
        """
        if any(key is told for told in self._told):
            return
        data = telling(given()).encode()
        self._told = [*self._told[-1:], key]  # the last view and the last news
        self._record.add(None, data)
        self._unsent += data

    def call(self, call: Call, given: Given | None, read: Callable[[Message], T]) -> T:
        """Call a player, and return what it answered.

        Args:
            call: The call.
            given: What the player alone is given.
            read: Makes the answer of the message; raises `GarbledError` if it cannot be one.

        Raises:
            Breach: What the player did instead of answering.
            Stopped: The same, and the player is lost.
            InvalidArgumentError: If the process does not start.
        """
        process = self._ready()
        if call.place in self._lost:
            raise self._lost[call.place]
        data = calling(call.method, call.place, given).encode()
        self._record.add(call, data)
        limit = self._limit * call.seats
        if call.method != "begin":
            return self._exchange(process, call, data, limit, read)
        try:
            return self._exchange(process, call, data, limit + self._allowance, read)
        finally:
            self._allowance -= min(max(self.seconds - limit, 0.0), self._allowance)

    def close(self) -> None:
        """End the process, and forget all."""
        if self._process is not None:
            self._process.end()
        self._record.close()

    def _ready(self) -> BidderProcess:
        """Return the process; where there is none any more, a new one goes on in its place."""
        begun = self._process is not None
        while self._process is None or self._process.ended:
            self._process = BidderProcess(self._bidder)
            if begun:
                self._bring_back(self._process)
            begun = True
        return self._process

    def _bring_back(self, process: BidderProcess) -> None:
        """Say all again, but to those who are lost; may lose one more, and the process."""
        self._unsent = b""
        for call, data in self._record:
            if call is None:
                self._unsent += data
            elif call.place not in self._lost:
                # It was in time once, and must not be lost to a slow moment now.
                patience = self._limit * call.seats + START_SECONDS
                try:
                    self._exchange(process, call, data, patience, lambda _: None)
                except Stopped:
                    return
                except Breach:  # as the first time
                    continue

    def _exchange(
        self, process: BidderProcess, call: Call, data: bytes, seconds: float,
        read: Callable[[Message], T],
    ) -> T:  # fmt: skip
        unsent, self._unsent = self._unsent, b""
        largest = largest_answer(call.numbers, call.seats)
        try:
            message = process.call(unsent + data, seconds, largest, self._rule(call))
            breach = breach_in(message)
            if breach is None:
                return read(message)
        except GarbledError as error:
            process.end(at_once=True)
            self._lost[call.place] = stopped = garbled(error)
            raise stopped from None
        except Stopped as stopped:
            self._lost[call.place] = stopped
            raise
        finally:
            self.seconds = process.seconds
        raise breach

    def _rule(self, call: Call) -> str:
        more = f", and {START_SECONDS:g} s more for all to begin" if call.method == "begin" else ""
        return f"must take at most {self._limit:g} s a seat{more}"
