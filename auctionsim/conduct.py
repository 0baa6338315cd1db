"""What happens when a bidder breaks its contract, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass

from auctionsim.errors import BidderError, describe, invalid_argument

ON_ERROR: tuple[str, ...] = ("raise", "sit-out")
_MEND = "Mend the bidder."
_LONGEST = 86400.0
_LONGEST_TEXT = 400


@dataclass(frozen=True)
class Conduct:
    """What happens when a bidder breaks its contract.

    Attributes:
        on_error: "raise" ends the roll-out with a `BidderError`; "sit-out" keeps an `Incident`, and
            the seat bids 0 in that step (where `observe` failed, the step was played already). A
            seat whose `reset` fails sits out the episode.
        time_limit: Seconds that a call may take, for each seat it decides on; None for no limit. It
            is checked after the call returns (after `reset` not at all), or, in a process of its
            own, by stopping it (all `reset` together may take 60 s longer).
        isolate: Whether bidders that take over seats run in a process of their own. One that is
            stopped there begins anew; a seat during whose turn it was stopped sits out the episode,
            and the others go on where they were.

    Raises:
        InvalidArgumentError: If a field breaks its rule.
    """

    on_error: str = "raise"
    time_limit: float | None = None
    isolate: bool = False

    def __post_init__(self) -> None:
        # Here, since a bidder's own process needs breaches, and must not wait for Numba.
        from auctionsim.market_checks import as_number
        from auctionsim.mechanism.arguments import check_name

        check_name("on_error", self.on_error, ON_ERROR)
        if self.time_limit is not None:
            rule = f"must be a number of seconds in (0, {_LONGEST:g}], or None"
            limit = as_number(self.time_limit)
            if not 0.0 < limit <= _LONGEST:
                found, mend = repr(self.time_limit), "Give seconds, or None."
                raise invalid_argument("time_limit", rule, found, mend)
            object.__setattr__(self, "time_limit", limit)
        isolate: object = self.isolate
        if not isinstance(isolate, bool):
            rule = "must be True or False"
            raise invalid_argument("isolate", rule, repr(isolate), "Give one of them.")


@dataclass(frozen=True)
class Incident:
    """A bidder broke its contract at a seat; see `Conduct`.

    Attributes:
        bidder: Name of the bidder.
        episode: Episode number; None where it is not known.
        advertiser: The seat's advertiser.
        step: The step; None for the `reset` before the first.
        cause: The rule it broke, and what it did instead.
    """

    bidder: str
    episode: int | None
    advertiser: int
    step: int | None
    cause: str


class Breach(Exception):  # noqa: N818 - a fact about a bidder, which may be no error
    """A broken contract, before it is known at which seat of which bidder.

    Args:
        rule: Phrased to follow the bidder's name ("must ...").
        found: What it did instead; of long texts the beginning is kept, in one line.
    """

    def __init__(self, rule: str, found: object) -> None:
        self.rule = _in_one_line(rule)
        self.found = _in_one_line(found) if isinstance(found, str) else found
        super().__init__(f"{self.rule}; found {self.found}")

    def error(self, bidder: str, step: int | None, place: str) -> BidderError:
        """Return the error that ends a roll-out; `place` says at which seat."""
        when = "reset" if step is None else f"step {step}"
        found = f"{self.found} {place}"
        return BidderError(describe(f"bidder {bidder!r} in {when}", self.rule, found, _MEND))


def _in_one_line(text: str) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
    return text.encode("utf-8", "replace").decode()  # half characters cannot be printed
