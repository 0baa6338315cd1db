"""What runs in the bidder's own process: the players, called from outside one at a time.

Kept light: a start costs what is imported here, and what the bidder imports.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import socket
import sys
import threading
from multiprocessing.reduction import ForkingPickler
from typing import TypeVar

import numpy as np

from auctionsim.bidding import AnyBidder, Observation, Opportunities, OpportunityResults, Outcome
from auctionsim.campaigns import Campaigns
from auctionsim.conduct import Breach
from auctionsim.errors import in_short
from auctionsim.isolation.calls import Given, answering, breaking, given_in
from auctionsim.isolation.channel import Channel, ClosedError, Message, decode
from auctionsim.players import Answer, News, Player, View, seat_players

G = TypeVar("G", Observation, Opportunities, Outcome, OpportunityResults)


def serve(connection: socket.socket) -> None:
    """Receive a bidder, say whether it came through, and answer calls until the other side ends.

    Args:
        connection: To the process that started this one, which is trusted.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other side, which ends us
    if hasattr(os, "setsid"):
        os.setsid()  # a group of its own, which ends with it
    _end_with_parent()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what it printed is seen if it is stopped
    channel = Channel(connection)
    try:
        bidder = _received(channel)
        if bidder is not None:
            seats = Seats(bidder)
            while True:
                reply = seats.take(decode(channel.receive()))
                if reply is not None:
                    channel.send(reply.encode())
    except ClosedError:
        pass
    finally:
        channel.close()


def _received(channel: Channel) -> AnyBidder | None:
    """Return the bidder that was sent; None, and the other side knows why, if it cannot be made."""
    content = channel.receive()
    try:
        bidder: AnyBidder = ForkingPickler.loads(content)
    except Exception as error:  # its module runs here, and may fail in any way
        channel.send(Message({"failure": in_short(error)}).encode())
        return None
    channel.send(Message({}).encode())
    return bidder


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, whatever the bidder is busy with."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


class Seats:
    """The players of a bidder, and what they were given last.

    Args:
        bidder: The bidder.
    """

    def __init__(self, bidder: AnyBidder) -> None:
        self._bidder = bidder
        self._players: list[Player] = []
        self._given: dict[type, Given] = {}

    def take(self, message: Message) -> Message | None:
        """Take a message in; returns what to answer, None if nothing was asked."""
        given = given_in(message)
        if isinstance(given, Campaigns):
            self._players = seat_players(self._bidder, np.arange(len(given)), given)
        elif given is not None:
            self._given[type(given)] = given
        if "method" not in message.values:
            return None
        try:
            return answering(self._call(message.values["method"], message.values["place"]))
        except Breach as breach:
            return breaking(breach)
        except BaseException as error:  # a bidder must not end the process in this way
            return breaking(Breach("must not raise", in_short(error)))

    def _call(self, method: str, place: int) -> Answer | None:
        player = self._players[place]
        if method == "ask":
            return player.ask(View(self._last(Observation), lambda _: self._last(Opportunities)))
        if method == "tell":
            player.tell(News(self._last(Outcome), lambda _: self._last(OpportunityResults)))
        else:
            player.begin()
        return None

    def _last(self, kind: type[G]) -> G:
        given = self._given[kind]
        assert isinstance(given, kind)
        return given
