"""What is said between the processes: calls of a player's methods, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from auctionsim.bidding import Observation, Opportunities, OpportunityResults, Outcome
from auctionsim.campaigns import Campaigns
from auctionsim.conduct import Breach
from auctionsim.isolation.channel import GarbledError, Message
from auctionsim.players import Answer, out_of_range

#: What bidders are given, always of all seats of the process, or one by one of one seat.
Given = Campaigns | Observation | Opportunities | Outcome | OpportunityResults

_KINDS: dict[str, Callable[..., Given]] = {
    kind.__name__: kind
    for kind in (Campaigns, Observation, Opportunities, Outcome, OpportunityResults)
}
# Words of an answer: those of a breach, and for each seat those of its own.
_WORDS_BYTES, _WORDS_BYTES_A_SEAT = 16384, 1024


def largest_answer(numbers: int, seats: int) -> int:
    """Return how many bytes an honest answer has at most."""
    return _WORDS_BYTES + _WORDS_BYTES_A_SEAT * seats + 8 * numbers


def telling(given: Given) -> Message:
    """Return the message that hands over what the calls after it are about."""
    return _with_given({}, given)


def calling(method: str, place: int, given: Given | None = None) -> Message:
    """Return the message that calls a method of a player.

    Args:
        method: "begin", "ask" or "tell".
        place: The player's place among those of the process.
        given: What this player alone is given.
    """
    return _with_given({"method": method, "place": place}, given)


def given_in(message: Message) -> Given | None:
    """Return what a message hands over. Only for messages of our own side: nothing is checked."""
    if "kind" not in message.values:
        return None
    given = _KINDS[message.values["kind"]](**message.values["scalars"], **message.arrays)
    if isinstance(given, Opportunities):
        for array in message.arrays.values():
            array.flags.writeable = False  # as they are without a process in between
    return given


def answering(answer: Answer | None) -> Message:
    """Return the message for what a player answered, None if it had nothing to say."""
    if answer is None:
        return Message({})
    arrays = {"multipliers": answer.multipliers}
    if answer.bids is not None:
        arrays["bids"] = np.asarray(answer.bids, np.float64)
    breaches = [[place, b.rule, str(b.found)] for place, b in answer.breaches.items()]
    return Message({"breaches": breaches}, arrays)


def breaking(breach: Breach) -> Message:
    """Return the message for a breach that takes the place of an answer."""
    return Message({"breach": [breach.rule, str(breach.found)]})


def breach_in(message: Message) -> Breach | None:
    """Return the breach that took the place of an answer.

    Raises:
        GarbledError: If it is none of ours.
    """
    return _breach(message.values["breach"]) if "breach" in message.values else None


def answer_in(message: Message, seats: int, volume: int | None) -> Answer:
    """Return what a player answered, believing nothing.

    Args:
        message: From the bidder's process.
        seats: The player's seats.
        volume: How many bids one by one it owes; None for none.

    Raises:
        GarbledError: If it is no answer that a player may give.
    """
    shapes = {"multipliers": (seats,)} | ({} if volume is None else {"bids": (volume,)})
    found = {name: array.shape for name, array in message.arrays.items()}
    if found != shapes:
        raise GarbledError(f"arrays {found} instead of {shapes}")
    for array in message.arrays.values():
        if array.dtype != np.float64 or out_of_range(array).any():
            raise GarbledError(f"{array.dtype} out of range")
    breaches = _breaches(message.values.get("breaches"), seats)
    return Answer(message.arrays["multipliers"], message.arrays.get("bids"), breaches)


def _breaches(found: object, seats: int) -> dict[int, Breach]:
    rows = found if isinstance(found, list) else [found]
    breaches = {}
    for row in rows:
        if not (isinstance(row, list) and len(row) == 3 and row[0] in range(seats)):
            raise GarbledError("no list of breaches")
        breaches[int(row[0])] = _breach(row[1:])
    return breaches


def _breach(words: object) -> Breach:
    if not (isinstance(words, list) and len(words) == 2 and all(type(w) is str for w in words)):
        raise GarbledError("no breach")
    return Breach(*words)


def _with_given(values: dict[str, Any], given: Given | None) -> Message:
    if given is None:
        return Message(values)
    parts = {f.name: getattr(given, f.name) for f in fields(given)}
    arrays = {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}
    scalars = {n: p for n, p in parts.items() if n not in arrays and p is not None}
    return Message({**values, "kind": type(given).__name__, "scalars": scalars}, arrays)
