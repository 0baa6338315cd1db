"""A league: many bidders on the same seats and days, task by task, beside what was possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from auctionsim.conduct import Conduct
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.evaluation.bounds import Bounds, has_bounds
from auctionsim.evaluation.comparison import compare
from auctionsim.evaluation.contest import Contest, Entrant
from auctionsim.evaluation.result import Evaluation
from auctionsim.evaluation.takeover import (
    FIRST_EPISODE,
    Takeover,
    check_budget_factor,
    task_seats,
)
from auctionsim.frozen.recording import check_can_freeze
from auctionsim.lineup import load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.mechanism.arguments import check_flag, check_integer, check_name
from auctionsim.registry import AnyBidder, make
from auctionsim.tasks import TASKS

_MEND = "Correct it."


@dataclass(frozen=True)
class LeagueConfig:
    """Who is scored, where, and on what.

    Attributes:
        name: What the league is called.
        bidders: By label: a registered name or module:Class, or a mapping with that as `bidder` and
            the bidder's parameters.
        market: Market name or path.
        lineup: Line-up name or path; plays the seats that are not taken over.
        tasks: Tasks played.
        protocol: "paper" for the seats the market gives a task, "wide" for all.
        episodes: How many episodes.
        first_episode: Number of the first one; keep it apart from those that bidders learn from.
        seed: Seed of the episodes.
        frozen: Whether the others do not respond.
        budget_factor: Budgets of the seats taken over, over the market's.
    """

    name: str
    bidders: dict[str, str | dict[str, Any]]
    market: str = "small"
    lineup: str = "mixed"
    tasks: tuple[str, ...] = TASKS
    protocol: str = "wide"
    episodes: int = 20
    first_episode: int = FIRST_EPISODE
    seed: int = 0
    frozen: bool = True
    budget_factor: float = 1.0

    def __post_init__(self) -> None:
        _check_bidders(self.bidders)
        tasks = self.tasks
        if not tasks or len(set(tasks)) < len(tasks):
            raise invalid_argument("tasks", "must name each task once", tasks, _MEND)
        for task in tasks:
            if task not in TASKS:
                raise unknown_name("tasks", task, TASKS)
        check_name("protocol", self.protocol, ("paper", "wide"))
        check_integer("episodes", self.episodes, 1, 2**31 - 1, _MEND)
        check_integer("first_episode", self.first_episode, 0, 2**31 - 1 - self.episodes, _MEND)
        check_integer("seed", self.seed, 0, 2**64 - 1, "Pick another seed.")
        check_flag("frozen", self.frozen)
        check_budget_factor(self.budget_factor)


def _check_bidders(bidders: object) -> None:
    if not isinstance(bidders, Mapping) or not bidders:
        raise invalid_argument("bidders", "must name one at least", bidders or "none", "Add one.")
    for label, entry in bidders.items():
        name = entry.get("bidder") if isinstance(entry, Mapping) else entry
        if not isinstance(label, str) or not isinstance(name, str):
            rule = "must be a bidder's name, or hold `bidder: NAME` and parameters"
            mend = "Write {bidder: pid}, say."
            raise invalid_argument(f"bidders.{label}", rule, entry, mend)


@dataclass(frozen=True)
class League:
    """What a league found.

    Attributes:
        config: Its settings.
        results: Evaluations by task and, within, by label, best expected Score first.
    """

    config: LeagueConfig
    results: dict[str, dict[str, Evaluation]]

    def rows(self, task: str) -> list[dict[str, Any]]:
        """Return a task's table as plain values, best bidder first, and then the bounds.

        Each row has a label, metrics, the interval of the expected Score, quantiles (5, 50, 95 %)
        of the share of the optimum over trajectories, and the paired difference to the best bidder
        with its interval and p-value. Since the best was chosen on the same data, p-values are
        corrected for as many comparisons as the task's bidders have pairs (Bonferroni).
        """
        results = self.results[task]
        best = next(iter(results.values()))
        pairs = len(results) * (len(results) - 1) // 2
        rows = []
        for label, found in results.items():
            ends = found.interval("expected_score")
            row: dict[str, Any] = {
                "bidder": label,
                "metrics": found.metrics,
                "expected_score": [ends.estimate, ends.low, ends.high],
                "shares_of_optimum": _share_quantiles(found),
            }
            if found is not best:
                behind = compare(found, best)
                row["behind_best"] = [behind.estimate, behind.low, behind.high]
                row["p_value"] = float(np.minimum(1.0, pairs * behind.p_value()))
            rows.append(row)
        return rows + _bound_rows(best.bounds)


def _share_quantiles(found: Evaluation) -> list[float] | None:
    if found.bounds is None:
        return None
    sample = found.sample("share_of_optimum")
    score, most = np.asarray(sample.numerator), np.asarray(sample.denominator)
    shares = score[most > 0.0] / most[most > 0.0]
    return np.quantile(shares, [0.05, 0.5, 0.95]).tolist() if shares.size else None


def _bound_rows(bounds: Bounds | None) -> list[dict[str, Any]]:
    if bounds is None:
        return []
    tops = {
        "best constant in hindsight": bounds.constant_score,
        "optimum within limits": bounds.optimum_within_limits,
        "optimum in hindsight": bounds.optimum,
    }
    whole = bounds.optimum.sum()
    return [
        {
            "bidder": label,
            "metrics": {"expected_score": float(of.mean()), "share_of_optimum": of.sum() / whole},
        }
        for label, of in tops.items()
    ]


def load_league(name_or_path: str | LeagueConfig) -> LeagueConfig:
    """Return a league by name (a file in configs/leagues), by path to a YAML file, or as given."""
    if isinstance(name_or_path, LeagueConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(LeagueConfig, "leagues", name_or_path)


def play_league(
    config: LeagueConfig | str,
    entrants: Mapping[str, AnyBidder] | None = None,
    *,
    conduct: Conduct | None = None,
    progress: bool = False,
) -> League:
    """Score many bidders on the same seats and days.

    Args:
        config: The league, its name, or a path.
        entrants: More bidders, by label.
        conduct: What happens when a bidder breaks its contract; by default the league ends.
        progress: Whether to show a progress bar.

    Returns:
        Evaluations by task and bidder, with bounds in hindsight where the market has them.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
        BidderError: If a bidder breaks its contract, and may not sit out.
    """
    config = load_league(config)
    market, lineup = load_market(config.market), load_lineup(config.lineup)
    lineup.check(market.advertisers)
    if config.frozen:
        check_can_freeze(market)
    factor = config.budget_factor
    takeovers = [
        Takeover(market, config.seed, task, task_seats(market, task, config.protocol), factor)
        for task in config.tasks
    ]
    playing = _entrants(config, market, entrants or {}, conduct)
    numbers = range(config.first_episode, config.first_episode + config.episodes)
    contest = Contest(
        market, lineup, config.seed, numbers, config.frozen, has_bounds(market), states=False
    )
    total = contest.steps(len(playing), len(takeovers))
    with tqdm(total=total, unit="step", desc=config.name, disable=not progress) as bar:
        found = contest.play(playing, takeovers, bar.update)
    ranked = zip(config.tasks, map(_ranked, found), strict=True)
    return League(config, dict(ranked))


def _entrants(
    config: LeagueConfig,
    market: MarketConfig,
    more: Mapping[str, AnyBidder],
    conduct: Conduct | None,
) -> list[Entrant]:
    bidders: dict[str, AnyBidder] = {}
    for label, entry in config.bidders.items():
        given = {"bidder": entry} if isinstance(entry, str) else entry
        parameters = {key: value for key, value in given.items() if key != "bidder"}
        bidders[label] = make(given["bidder"], **parameters)
    for label, bidder in more.items():
        if label in bidders:
            mend = "Leave it out, or choose another label."
            raise invalid_argument("entrants", "must have labels of their own", label, mend)
        bidders[label] = bidder
    return [
        replace(Entrant.of(bidder, market, conduct), name=label)
        for label, bidder in bidders.items()
    ]


def _ranked(results: dict[str, Evaluation]) -> dict[str, Evaluation]:
    order = sorted(results, key=lambda label: -results[label].metrics["expected_score"])
    return {label: results[label] for label in order}
