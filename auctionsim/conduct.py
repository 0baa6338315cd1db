"""What happens when a bidder breaks its contract, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass

from auctionsim.errors import BidderError, describe
from auctionsim.market_checks import check_number
from auctionsim.mechanism.arguments import check_name

ON_ERROR: tuple[str, ...] = ("raise", "sit-out")
_MEND = "Mend the bidder."
_LONGEST = 86400.0


@dataclass(frozen=True)
class Conduct:
    """What happens when a bidder breaks its contract.

    Attributes:
        on_error: "raise" ends the roll-out with a `BidderError`; "sit-out" lets the seat bid 0 in
            that step and keeps an `Incident`. A seat whose `reset` fails sits out the episode.
        time_limit: Seconds that a call may take, for each seat it decides on; None for no limit. It
            is checked after the call returns, or, in a process of its own, by stopping it.
        isolate: Whether bidders that take over seats run in a process of their own. One that is
            stopped there begins anew; a seat during whose turn it was stopped sits out the episode.

    Raises:
        InvalidArgumentError: If a field breaks its rule.
    """

    on_error: str = "raise"
    time_limit: float | None = None
    isolate: bool = False

    def __post_init__(self) -> None:
        check_name("on_error", self.on_error, ON_ERROR)
        if self.time_limit is not None:
            rule = f"must be a number of seconds in (0, {_LONGEST:g}], or None"
            limit = check_number("time_limit", self.time_limit, 1e-9, _LONGEST, rule)
            object.__setattr__(self, "time_limit", limit)


@dataclass(frozen=True)
class Incident:
    """A bidder broke its contract at a seat, which bid 0.

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
        found: What it did instead.
    """

    def __init__(self, rule: str, found: object) -> None:
        super().__init__(f"{rule}; found {found}")
        self.rule, self.found = rule, found

    def error(self, bidder: str, step: int | None, place: str) -> BidderError:
        """Return the error that ends a roll-out; `place` says at which seat."""
        when = "reset" if step is None else f"step {step}"
        found = f"{self.found} {place}"
        return BidderError(describe(f"bidder {bidder!r} in {when}", self.rule, found, _MEND))
