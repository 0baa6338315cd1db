"""Line-ups: which bidder plays which seat."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.random_numbers import PURPOSE_LINEUP, uniforms
from auctionsim.registry import make
from auctionsim.tasks import TASKS


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


def load_lineup(name_or_path: str | os.PathLike[str] | LineupConfig) -> LineupConfig:
    """Return a line-up by name (a file in configs/lineups), by path to a YAML file, or as given."""
    if isinstance(name_or_path, LineupConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(LineupConfig, "lineups", name_or_path)
