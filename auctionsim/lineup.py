"""Line-ups: which bidder plays which seat."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.errors import InvalidArgumentError, invalid_argument, unknown_name
from auctionsim.market_checks import as_number
from auctionsim.mechanism.arguments import check_integer, shown
from auctionsim.random_numbers import PURPOSE_LINEUP, uniforms
from auctionsim.registry import make
from auctionsim.tasks import TASKS

_MOST_ADVERTISERS = 2**31 - 1
_PARAMETERS = "must map bidders to their parameters, which map names to values"


@dataclass(frozen=True)
class LineupConfig:
    """Bidders by task, with relative frequencies, or by advertiser.

    Each seat draws its bidder anew in every episode, from its campaign's private randomness, unless
    its advertiser is named: then the same bidder plays it in all episodes, whatever its task.

    Attributes:
        name: What the line-up is called in cards and results.
        bidders: By task: bidder name (or `module:Class`) and relative frequency.
        parameters: By bidder: parameters passed to it.
        advertisers: By advertiser id: bidder name; text keys, as JSON has them, become numbers.
    """

    name: str
    bidders: dict[str, dict[str, float]]
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    advertisers: dict[int | str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shares = _by_task("bidders", self.bidders)
        for task in TASKS:
            _check_shares(f"bidders.{task}", shares.get(task, {}))
        object.__setattr__(self, "advertisers", _by_id(self.advertisers))
        played = {name for of_task in shares.values() for name in of_task}
        played.update(self.advertisers.values())
        for name, given in _mapping("parameters", self.parameters, _PARAMETERS).items():
            if name not in played:
                raise unknown_name("parameters", name, played)
            _mapping(f"parameters.{name}", given, _PARAMETERS)

    def check(self, advertisers: int | None = None) -> None:
        """Build every bidder once, so that a slip shows before the work and not in its midst.

        Args:
            advertisers: How many the market has; None not to check those named against it.

        Raises:
            InvalidArgumentError: If a bidder is unknown, its parameters do not fit, or the market
                lacks an advertiser that is named.
        """
        highest = max(map(int, self.advertisers), default=-1)
        if advertisers is not None and highest >= advertisers:
            rule = f"must name advertisers of the market, 0 to {advertisers - 1}"
            raise invalid_argument("advertisers", rule, highest, "Remove it from the line-up.")
        for name, place in self._places().items():
            try:
                make(name, **self.parameters.get(name, {}))
            except InvalidArgumentError as error:
                # The error speaks of a bidder: which of those named here, only the line-up knows.
                raise InvalidArgumentError(f"{place}: {error}") from error

    def _places(self) -> dict[str, str]:
        """Return where in the line-up each bidder is named that may play, by bidder, sorted."""
        named = [
            (name, f"bidders.{task}")
            for task, shares in self.bidders.items()
            for name, share in shares.items()
            if share
        ]
        named += [(name, f"advertisers.{i}") for i, name in self.advertisers.items()]
        return dict(sorted(named))

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
        for advertiser, name in self.advertisers.items():
            names[campaigns.advertiser == advertiser] = name
        return names


def _mapping(argument: str, value: object, rule: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise invalid_argument(argument, rule, shown(value), "See configs/lineups/mixed.yaml.")
    return value


def _by_task(argument: str, bidders: object) -> dict[str, Mapping[Any, Any]]:
    """Return what is given by task, a mapping each."""
    by_task = _mapping(argument, bidders, "must map tasks to bidders and their frequencies")
    for task in by_task:
        if task not in TASKS:
            raise unknown_name(argument, task, TASKS)
    rule = "must map names of bidders to frequencies"
    return {task: _mapping(f"{argument}.{task}", s, rule) for task, s in by_task.items()}


def _check_shares(argument: str, shares: Mapping[Any, Any]) -> None:
    for name, share in shares.items():
        if not isinstance(name, str):
            rule = "must map names of bidders to frequencies"
            raise invalid_argument(argument, rule, shown(name), "Write names as text.")
        if not as_number(share) >= 0.0:  # no for what is no number, which becomes nan
            rule = "must be a relative frequency, a finite number >= 0"
            mend = "Use 1 throughout for equal ones."
            raise invalid_argument(f"{argument}.{name}", rule, shown(share), mend)
    if not 0.0 < sum(map(as_number, shares.values())) < np.inf:
        rule = "must name at least one bidder with a positive frequency"
        raise invalid_argument(argument, rule, dict(shares), "Add one.")


def _by_id(advertisers: object) -> dict[int | str, str]:
    """Return a mapping of advertisers to bidders with whole numbers as keys, rising."""
    mend = "Write `advertisers: {0: pid}`, say."
    if not isinstance(advertisers, Mapping):
        rule = "must map advertiser ids to names of bidders"
        raise invalid_argument("advertisers", rule, shown(advertisers), mend)
    by_id: dict[int, str] = {}
    for key, name in advertisers.items():
        text = isinstance(key, str) and key.isascii() and key.isdigit() and len(key) <= 10
        number = check_integer("advertisers", int(key) if text else key, 0, _MOST_ADVERTISERS, mend)
        if number in by_id:
            raise invalid_argument("advertisers", "must name each id once", number, mend)
        if not isinstance(name, str):
            rule = "must be the name of one bidder"
            raise invalid_argument(f"advertisers.{number}", rule, shown(name), mend)
        by_id[number] = name
    return dict(sorted(by_id.items()))


def load_lineup(name_or_path: str | os.PathLike[str] | LineupConfig) -> LineupConfig:
    """Return a line-up by name (a file in configs/lineups), by path to a YAML file, or as given."""
    if isinstance(name_or_path, LineupConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(LineupConfig, "lineups", name_or_path)
