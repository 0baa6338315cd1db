"""A league: many bidders on the same seats and days, task by task, beside what was possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from auctionsim.conduct import Conduct
from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.evaluation.bounds import Bounds, bounds_against, has_bounds
from auctionsim.evaluation.comparison import compare
from auctionsim.evaluation.result import Evaluation, summarise
from auctionsim.evaluation.roll_outs import Entrant, episodes_at_once, roll_out_alone
from auctionsim.evaluation.takeover import Takeover, check_budget_factor, groups, task_seats
from auctionsim.frozen import record_rivals
from auctionsim.frozen.recording import check_can_freeze
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.mechanism.arguments import check_integer, check_name
from auctionsim.registry import AnyBidder, make
from auctionsim.statistics import holm
from auctionsim.tasks import TASKS

_MEND = "Correct it."


@dataclass(frozen=True)
class LeagueConfig:
    """Who is scored, where, and on what.

    Attributes:
        name: What the league is called.
        bidders: By label: `bidder`, a registered name or module:Class, and its parameters.
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
    bidders: dict[str, dict[str, Any]]
    market: str = "small"
    lineup: str = "mixed"
    tasks: tuple[str, ...] = TASKS
    protocol: str = "wide"
    episodes: int = 20
    first_episode: int = 1_000_000
    seed: int = 0
    frozen: bool = True
    budget_factor: float = 1.0

    def __post_init__(self) -> None:
        if not self.bidders:
            raise invalid_argument("bidders", "must name one at least", "none", "Add one.")
        for label, entry in self.bidders.items():
            if not isinstance(entry.get("bidder"), str):
                rule, mend = "must hold `bidder: NAME`, and parameters", "Write {bidder: pid}, say."
                raise invalid_argument(f"bidders.{label}", rule, entry, mend)
        for task in self.tasks:
            if task not in TASKS:
                raise unknown_name("tasks", task, TASKS)
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise invalid_argument("tasks", "must name each task once", self.tasks, _MEND)
        check_name("protocol", self.protocol, ("paper", "wide"))
        check_integer("episodes", self.episodes, 1, 2**31 - 1, _MEND)
        check_integer("first_episode", self.first_episode, 0, 2**31 - 1 - self.episodes, _MEND)
        check_integer("seed", self.seed, 0, 2**64 - 1, "Pick another seed.")
        check_budget_factor(self.budget_factor)


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

        Each row has a label, metrics, the interval of the expected Score, and the paired difference
        to the best bidder with its interval and p-value (Holm-corrected over the task's bidders;
        the best was chosen on the same data, so that these p-values are for guidance).
        """
        results = self.results[task]
        best = next(iter(results.values()))
        others = {label: found for label, found in results.items() if found is not best}
        against = {label: compare(found, best) for label, found in others.items()}
        tested = {label: ends.p_value() for label, ends in against.items()}
        p_values = holm({label: p for label, p in tested.items() if p == p})
        rows: list[dict[str, Any]] = []
        for label, found in results.items():
            ends, behind = found.interval("expected_score"), against.get(label)
            rows.append(
                {
                    "bidder": label,
                    "metrics": found.metrics,
                    "expected_score": [ends.estimate, ends.low, ends.high],
                    "behind_best": None
                    if behind is None
                    else [behind.estimate, behind.low, behind.high],
                    "p_value": p_values.get(label),
                }
            )
        return rows + _bound_rows(best.bounds)


def _bound_rows(bounds: Bounds | None) -> list[dict[str, Any]]:
    if bounds is None:
        return []
    tops = {
        "best constant": bounds.constant_score,
        "optimum within limits": bounds.optimum,
        "optimum of the Score": bounds.score_bound,
    }
    whole = bounds.score_bound.sum()
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
    progress: bool = False,
) -> League:
    """Score many bidders on the same seats and days.

    Args:
        config: The league, its name, or a path.
        entrants: More bidders, by label.
        progress: Whether to show a progress bar.

    Returns:
        Evaluations by task and bidder, with bounds in hindsight where the market has them.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
        BidderError: If a bidder breaks its contract.
    """
    config = load_league(config)
    market, lineup = load_market(config.market), load_lineup(config.lineup)
    lineup.check(market.advertisers)
    if config.frozen:
        check_can_freeze(market)
    playing = _entrants(config, market, entrants or {})
    takeovers = [
        Takeover(
            market, config.seed, task, task_seats(market, task, config.protocol),
            config.budget_factor,
        )
        for task in config.tasks
    ]  # fmt: skip
    return League(config, _play(config, market, lineup, playing, takeovers, progress))


def _entrants(
    config: LeagueConfig, market: MarketConfig, more: Mapping[str, AnyBidder]
) -> list[Entrant]:
    playing = []
    for label, entry in config.bidders.items():
        parameters = {key: value for key, value in entry.items() if key != "bidder"}
        bidder = make(entry["bidder"], **parameters)
        playing.append(replace(Entrant.of(bidder, market), name=label))
    for label, bidder in more.items():
        if label in config.bidders:
            mend = "Choose another label."
            raise invalid_argument("entrants", "must have labels of their own", label, mend)
        playing.append(replace(Entrant.of(bidder, market, Conduct()), name=label))
    return playing


def _play(
    config: LeagueConfig,
    market: MarketConfig,
    lineup: LineupConfig,
    playing: list[Entrant],
    takeovers: list[Takeover],
    progress: bool,
) -> dict[str, dict[str, Evaluation]]:
    numbers = range(config.first_episode, config.first_episode + config.episodes)
    played: dict[tuple[str, str], list[Trajectories]] = {}
    found: dict[str, list[Bounds]] = {}
    bounded = has_bounds(market)
    recorded = bounded or config.frozen
    most = max(len(takeover.seats) for takeover in takeovers)
    total = len(numbers) * market.steps * (len(playing) + bounded) * len(takeovers)
    with tqdm(total=total, unit="step", desc=config.name, disable=not progress) as bar:
        for group in groups(numbers, episodes_at_once(market, most, recorded=recorded)):
            recording = (
                record_rivals(market, group, config.seed, lineup=lineup) if recorded else None
            )
            against = recording if config.frozen else None
            for takeover in takeovers:
                if bounded and recording is not None:
                    found.setdefault(takeover.task, []).append(bounds_against(recording, takeover))
                    bar.update(len(group) * market.steps)
                for entrant in playing:
                    rolled, _ = roll_out_alone(
                        entrant, takeover, group, lineup, against, bar.update
                    )
                    parts = played.setdefault((takeover.task, entrant.name), [])
                    parts.append(rolled.without_states())
    return {
        takeover.task: _ranked(takeover.task, playing, played, found.get(takeover.task))
        for takeover in takeovers
    }


def _ranked(
    task: str,
    playing: list[Entrant],
    played: dict[tuple[str, str], list[Trajectories]],
    parts: list[Bounds] | None,
) -> dict[str, Evaluation]:
    bounds = Bounds.concatenate(parts) if parts else None
    results = {
        entrant.name: summarise(task, Trajectories.concatenate(played[task, entrant.name]), bounds)
        for entrant in playing
    }
    order = sorted(results, key=lambda label: -results[label].metrics["expected_score"])
    return {label: results[label] for label in order}
