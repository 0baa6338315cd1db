"""Line-ups: which bidder plays which seat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import BatchBidder, as_batch
from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.random_numbers import PURPOSE_LINEUP, uniforms
from auctionsim.registry import AnyBidder, make
from auctionsim.tasks import TASKS

IntArray = NDArray[np.int64]


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

    def assign(self, campaigns: Campaigns) -> NDArray[np.object_]:
        """Return the name of the bidder of each campaign, (campaigns,)."""
        draws = uniforms(campaigns.key, 0, 0, PURPOSE_LINEUP)[:, 0]
        names = np.empty(len(campaigns), np.object_)
        for code, task in enumerate(TASKS):
            choices, shares = list(self.bidders[task]), np.array([*self.bidders[task].values()])
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
            if taken[seats].any():
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
            part.bidder.reset(campaigns.take(part.seats))
