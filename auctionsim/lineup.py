"""Line-ups: which bidder plays which seat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import LARGEST_MULTIPLIER, BatchBidder, Observation, as_batch
from auctionsim.campaigns import Campaigns
from auctionsim.errors import BidderError, describe, in_short, invalid_argument, unknown_name
from auctionsim.random_numbers import PURPOSE_LINEUP, uniforms
from auctionsim.registry import AnyBidder, make
from auctionsim.tasks import TASKS

IntArray = NDArray[np.int64]
Float64Array = NDArray[np.float64]

_MEND = "Mend the bidder."


@dataclass(frozen=True)
class LineupConfig:
    """Bidders by task, with relative frequencies.

    Each seat draws its bidder anew in every episode, from its campaign's private randomness.

    Attributes:
        name: What the line-up is called in cards and results.
        bidders: By task: bidder name (or `module:Class`) and relative frequency.
        parameters: By bidder: parameters passed to it.
    """

    name: str
    bidders: dict[str, dict[str, float]]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task in TASKS:
            shares = self.bidders.get(task, {})
            ok = len(shares) > 0 and all(0 <= s < np.inf for s in shares.values())
            if not ok or sum(shares.values()) <= 0:
                rule = "must name at least one bidder with a positive frequency"
                raise invalid_argument(f"bidders.{task}", rule, shares, "Add one.")
        for task in self.bidders:
            if task not in TASKS:
                raise unknown_name("bidders", task, TASKS)
        played = {name for shares in self.bidders.values() for name in shares}
        for name in self.parameters:
            if name not in played:
                raise unknown_name("parameters", name, played)

    def check(self) -> None:
        """Build every bidder once, so that a slip shows before the work and not in its midst.

        Raises:
            InvalidArgumentError: If a bidder is unknown or its parameters do not fit.
        """
        for name in sorted({n for shares in self.bidders.values() for n, s in shares.items() if s}):
            make(name, **self.parameters.get(name, {}))

    def assign(self, campaigns: Campaigns) -> NDArray[np.object_]:
        """Return the name of the bidder of each campaign, (campaigns,)."""
        draws = uniforms(campaigns.key, 0, 0, PURPOSE_LINEUP)[:, 0]
        names = np.empty(len(campaigns), np.object_)
        for code, task in enumerate(TASKS):
            # By name, not as written: cards keep no order of keys.
            choices = sorted(self.bidders[task])
            shares = np.array([self.bidders[task][name] for name in choices], np.float64)
            edges = np.cumsum(shares) / shares.sum()
            seats = np.flatnonzero(campaigns.task == code)
            picks = np.minimum(np.searchsorted(edges, draws[seats], "right"), len(choices) - 1)
            names[seats] = np.array(choices, np.object_)[picks]
        return names


def load_lineup(name_or_path: str | LineupConfig) -> LineupConfig:
    """Return a line-up by name (a file in configs/lineups), by path to a YAML file, or as given."""
    if isinstance(name_or_path, LineupConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(LineupConfig, "lineups", name_or_path)


@dataclass(frozen=True)
class Part:
    """One bidder and the flat seats it plays, in this order."""

    name: str
    bidder: BatchBidder
    seats: IntArray

    def reset(self, campaigns: Campaigns) -> None:
        """Begin an episode on this part's seats of all campaigns.

        Raises:
            BidderError: If the bidder raises an error.
        """
        with broken_contract(f"bidder {self.name!r} in reset"):
            self.bidder.reset(campaigns.take(self.seats))

    def ask(self, observation: Observation) -> Float64Array:
        """Return the bidder's multipliers for this part's seats, held to the contract.

        Args:
            observation: Of all seats.

        Raises:
            BidderError: If the bidder raises an error, or returns anything but one finite
                multiplier >= 0 a seat.
        """
        where = f"bidder {self.name!r} in step {observation.step}"
        with broken_contract(where):
            answer = np.asarray(self.bidder.act(observation.take(self.seats)))
        if answer.shape != self.seats.shape or answer.dtype.kind not in "fiu":
            rule = f"must return one number a seat, shape {self.seats.shape}"
            raise BidderError(describe(where, rule, f"{answer.dtype} {answer.shape}", _MEND))
        values = answer.astype(np.float64)
        bad = ~((values >= 0.0) & (values <= LARGEST_MULTIPLIER))  # true for nan as well
        if bad.any():
            place = int(np.argmax(bad))
            rule = f"must return finite multipliers, >= 0 and <= {LARGEST_MULTIPLIER:g}"
            found = f"{values[place]} for seat {self.seats[place]}"
            raise BidderError(describe(where, rule, found, _MEND))
        return values


@contextmanager
def broken_contract(where: str) -> Iterator[None]:
    """Turn what a bidder raises into a `BidderError` that says where; the cause stays chained."""
    try:
        yield
    except BidderError:
        raise
    except (Exception, SystemExit) as error:  # a bidder must not end the program either
        raise BidderError(describe(where, "must not raise", in_short(error), _MEND)) from error


class Cast:
    """Who plays each seat of a simulation: a line-up, and bidders that take over some seats.

    Args:
        campaigns: Campaigns of all seats.
        lineup: Plays every seat that nobody takes over.
        replacements: Bidders and the seats they take over; named for records. No seat twice.
    """

    def __init__(
        self,
        campaigns: Campaigns,
        lineup: LineupConfig,
        replacements: list[tuple[str, AnyBidder, IntArray]] | None = None,
    ) -> None:
        self.names = lineup.assign(campaigns)
        self.parts: list[Part] = []
        taken = np.zeros(len(campaigns), np.bool_)
        for name, bidder, seats in replacements or []:
            if taken[seats].any() or len(np.unique(seats)) < len(seats):
                rule = "must not take over a seat twice"
                raise invalid_argument("replacements", rule, name, "Give each seat one bidder.")
            taken[seats] = True
            self.names[seats] = name
            self.parts.append(Part(name, as_batch(bidder), seats))
        for name in sorted({str(n) for n in self.names[~taken]}):
            seats = np.flatnonzero(~taken & (self.names == name))
            bidder = make(name, **lineup.parameters.get(name, {}))
            self.parts.append(Part(name, as_batch(bidder), seats))
        for part in self.parts:
            part.reset(campaigns)
