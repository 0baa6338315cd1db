"""What an evaluation found: metrics, how far to trust them, and the trajectories behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.conduct import Incident
from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import invalid_argument
from auctionsim.evaluation.bounds import Bounds
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.mechanism.arguments import check_name
from auctionsim.statistics import Interval, Sample, interval
from auctionsim.statistics.rates import rate_interval
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, task_code

METRICS: tuple[str, ...] = (
    "value",
    "expected_value",
    "score_strict",
    "score_paper",
    "expected_score",
    "utilisation",
    "cpa_ratio",
    "roas_ratio",
    "violation_rate",
    "expected_violation_rate",
    "share_of_optimum",
    "share_of_constant",
)

_RATES = ("violation_rate", "expected_violation_rate")

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """Where a bidder was scored.

    Attributes:
        market: The market.
        lineup: Who played the seats that were not taken over.
        seed: Seed of the episodes.
        budget_factor: Budgets of the seats taken over, over the market's.
        frozen: Whether the others did not respond.
        semantics: Version of the market's rules.
    """

    market: MarketConfig
    lineup: LineupConfig
    seed: int
    budget_factor: float
    frozen: bool
    semantics: int


@dataclass(frozen=True)
class Evaluation:
    """How a bidder did on the seats of one task.

    Attributes:
        task: Task name.
        trajectories: One a seat and episode, those of the bidder alone.
        metrics: Means over seats and episodes of value, expected_value, score_strict, score_paper
            (conversion values), expected_score (score_strict of expected values, free of the luck
            of coins), utilisation (share of the budget), violation_rate (share of trajectories that
            broke their limit) and expected_violation_rate (the same by expected values: near the
            limit coins decide half of the realised ones); the others are totals over totals:
            cpa_ratio is cost / sum(target * conversions), roas_ratio
            value / sum(target * cost), share_of_optimum the expected_score over the highest that
            was possible (`Bounds.optimum`), share_of_constant over that of the best constant
            multiplier (`Bounds.constant_score`); nan for tasks without that target, without any
            cost, and without bounds.
            A cpa_ratio above 1 breaks the limit, and so does a roas_ratio below 1.
        standard_errors: Of the means, over episodes (seats of an episode share its traffic and are
            averaged first); nan with fewer than two episodes, and for totals over totals.
        incidents: What the bidders broke of their contract, where they may (see `Conduct`).
        bounds: What each trajectory's seat could have had, in hindsight; None if not asked for.
        setting: Where it was scored; None for trajectories of another origin.
        training_seed: Label of each trajectory, where results of several trained copies of a
            bidder were joined by `pool`.
    """

    task: str
    trajectories: Trajectories
    metrics: dict[str, float]
    standard_errors: dict[str, float]
    incidents: tuple[Incident, ...] = ()
    bounds: Bounds | None = None
    setting: Setting | None = None
    training_seed: NDArray[np.int64] | None = None

    @classmethod
    def pool(cls, results: Mapping[int, Evaluation]) -> Evaluation:
        """Join the results of one bidder trained from several seeds.

        Intervals of the whole then resample training seeds as well as days.

        Args:
            results: Evaluations by training seed, on the same task, seats and days.

        Raises:
            InvalidArgumentError: If there are none, or their tasks or settings differ.
        """
        found = list(results.values())
        if not found:
            raise invalid_argument("results", "must not be empty", "none", "Give one at least.")
        for other in found[1:]:
            check_comparable("results", found[0], other)
        bounds = [result.bounds for result in found if result.bounds is not None]
        labels = [np.full(len(result.trajectories), seed) for seed, result in results.items()]
        whole = summarise(
            found[0].task,
            Trajectories.concatenate(result.trajectories for result in found),
            Bounds.concatenate(bounds) if len(bounds) == len(found) else None,
            [incident for result in found for incident in result.incidents],
            found[0].setting,
        )
        return replace(whole, training_seed=np.concatenate(labels).astype(np.int64))

    def sample(self, metric: str) -> Sample:
        """Return a metric trajectory by trajectory, labelled by episode and seat.

        Raises:
            InvalidArgumentError: If there is no such metric.
        """
        numerator, denominator = _columns(self.task, self.trajectories, self.bounds)[
            check_name("metric", metric, METRICS)
        ]
        played = self.trajectories
        factors: dict[str, NDArray[Any]] = {"episode": played.episode, "seat": played.advertiser}
        if self.training_seed is not None:
            factors = {"seed": self.training_seed} | factors
        return Sample(numerator, factors, denominator)

    def interval(
        self, metric: str, *, level: float = 0.95, resample: Sequence[str] | None = None
    ) -> Interval:
        """Return a metric with its interval.

        Args:
            metric: One of `METRICS`.
            level: Share of such intervals that hold the truth.
            resample: What another experiment would draw anew: "episode" for these very seats on
                other days, with "seat" for other advertisers of the same kind as well, with "seed"
                for other training runs; None for episodes, and seeds where there are any.

        Returns:
            The interval; its ends are within [0, 1] for rates and utilisation.
        """
        sample = self.sample(metric)
        if metric in _RATES:
            return rate_interval(sample.numerator, sample.factors, resample, level=level)
        numbers = sample.numerator, sample.factors, sample.denominator
        found = interval(*numbers, resample, level=level)
        if metric != "utilisation" or np.isnan(found.low):
            return found
        return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def summarise(
    task: str,
    trajectories: Trajectories,
    bounds: Bounds | None = None,
    incidents: Sequence[Incident] = (),
    setting: Setting | None = None,
) -> Evaluation:
    """Sum trajectories of one task up into metrics (see `Evaluation`)."""
    columns = _columns(task, trajectories, bounds)
    errors = {
        name: _standard_error(numerator, trajectories.episode) if denominator is None else np.nan
        for name, (numerator, denominator) in columns.items()
    }
    metrics = {
        name: float(numerator.mean())
        if denominator is None
        else _over(numerator.sum(), denominator.sum())
        for name, (numerator, denominator) in columns.items()
    }
    return Evaluation(task, trajectories, metrics, errors, tuple(incidents), bounds, setting)


def check_comparable(argument: str, one: Evaluation, other: Evaluation) -> None:
    """Raise `InvalidArgumentError` unless two results are of one task, market, line-up and seed."""
    if one.task != other.task:
        rule, mend = f"must be of the task {one.task}", "Compare results of one task."
        raise invalid_argument(argument, rule, other.task, mend)
    if one.setting is None or other.setting is None:
        return
    for name in ("market", "lineup", "seed", "semantics"):
        ours, theirs = getattr(one.setting, name), getattr(other.setting, name)
        if ours != theirs:
            rule = f"must have the same {name}, so that both met the same days ({_named(ours)})"
            raise invalid_argument(argument, rule, _named(theirs), "Evaluate both alike.")


def _named(of: object) -> object:
    return getattr(of, "name", of)


def _columns(
    task: str, trajectories: Trajectories, bounds: Bounds | None
) -> dict[str, tuple[Float64Array, Float64Array | None]]:
    """Return each metric's numerator by trajectory, and its denominator if it is a ratio."""
    realised, expected = trajectories.totals(), trajectories.totals(expected=True)
    nothing, code = np.zeros(len(trajectories)), task_code(task)
    score = expected.score_strict
    budgeted = realised.cpa_target * realised.conversions if code == CPA_MCB else nothing
    owed = realised.roas_target * realised.cost if code == TARGET_ROAS else nothing
    columns: dict[str, tuple[Float64Array, Float64Array | None]] = {
        "value": (realised.value, None),
        "expected_value": (expected.value, None),
        "score_strict": (realised.score_strict, None),
        "score_paper": (realised.score_paper(), None),
        "expected_score": (score, None),
        "utilisation": (realised.utilisation, None),
        "cpa_ratio": (realised.cost if code == CPA_MCB else nothing, budgeted),
        "roas_ratio": (realised.value if code == TARGET_ROAS else nothing, owed),
        "violation_rate": (realised.violated.astype(np.float64), None),
        "expected_violation_rate": (expected.violated.astype(np.float64), None),
        "share_of_optimum": (nothing, nothing),
        "share_of_constant": (nothing, nothing),
    }
    if bounds is not None:
        columns["share_of_optimum"] = score, bounds.optimum
        columns["share_of_constant"] = score, bounds.constant_score
    return {name: columns[name] for name in METRICS}


def _over(numerator: float, denominator: float) -> float:
    """numerator / denominator; infinite where only the denominator is 0, nan where both are."""
    if denominator > 0:
        return float(numerator / denominator)
    return np.inf if numerator > 0 else np.nan


def _standard_error(column: Float64Array, episode: NDArray[np.int32]) -> float:
    """Standard error of the mean over episodes, each the mean of its seats."""
    _, place = np.unique(episode, return_inverse=True)
    counts = np.bincount(place)
    if len(counts) < 2:
        return float("nan")
    means = np.bincount(place, column) / counts
    return float(means.std(ddof=1) / np.sqrt(len(means)))
