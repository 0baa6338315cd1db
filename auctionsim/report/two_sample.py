"""Classifier two-sample tests: how well a classifier tells two groups of trajectories apart.

D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017 (arXiv 1610.06545): a
classifier trained on one half of the data is no better than chance on the other half if the groups
have one distribution. Here the halves are halves of the episodes, and a trajectory's rows keep one
label, so that nothing leaks from one half to the other.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.auc import GroupedRanks, bootstrap_auc, shuffled_within

__all__ = ["FEWEST_EPISODES", "Evidence", "Units", "one_thread", "two_sample"]

FEWEST_EPISODES = 4
LEVELS = (0.025, 0.975)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Units:
    """Rows of features, each of a unit (a trajectory), each of an episode and an advertiser.

    Attributes:
        rows: (r, f) features; nan where unknown.
        unit: (r,) index of the unit.
        episode: (u,) of each unit.
        advertiser: (u,) of each unit.
    """

    rows: FloatArray
    unit: NDArray[np.int64]
    episode: NDArray[np.int64]
    advertiser: NDArray[np.int64]

    def take(self, places: NDArray[np.int64]) -> Units:
        """Return the units at `places`, in that order, with their rows."""
        new = np.full(len(self.episode), -1)
        new[places] = np.arange(len(places))
        kept = np.flatnonzero(new[self.unit] >= 0)
        return Units(
            self.rows[kept],
            new[self.unit[kept]],
            self.episode[places],
            self.advertiser[places],
        )


@dataclass(frozen=True)
class Evidence:
    """What a test found.

    Attributes:
        auc: Area under the ROC curve on held-out episodes: 0.5 is chance, 1 is told apart always.
        auc_interval: 95 % interval, by drawing the held-out episodes anew.
        accuracy: Mean over the two groups of the share that is classified rightly.
        p_value: Share of relabellings (within episodes) with an area at least as large.
        held_out: Trajectories it was judged on, of both groups.
        held_out_episodes: Episodes they are from.
    """

    auc: float
    auc_interval: tuple[float, float]
    accuracy: float
    p_value: float
    held_out: int
    held_out_episodes: int


def two_sample(
    units: Units,
    labels: NDArray[np.bool_],
    *,
    seed: int = 0,
    permutations: int = 999,
    resamples: int = 500,
) -> Evidence | None:
    """Train a classifier on half of the episodes, and see what it knows about the other half.

    The p-value is exact for "within an episode, the two groups' trajectories are exchangeable":
    given the classifier, only the labels of the held-out half are shuffled.

    Args:
        units: Both groups.
        labels: (u,) which group a unit belongs to.
        seed: Of the halves, the shuffles and the resamples.
        permutations: Relabellings behind the p-value.
        resamples: Draws of the held-out episodes behind the interval.

    Returns:
        The evidence; None if fewer than `FEWEST_EPISODES` episodes, or a half with one group only.
    """
    rng = np.random.default_rng((seed, 4))
    episodes = np.unique(units.episode)
    if len(episodes) < FEWEST_EPISODES:
        return None
    half = np.isin(units.episode, rng.permutation(episodes)[: len(episodes) // 2])
    if not all(_both(labels[part]) for part in (half, ~half)):
        return None
    row_half = half[units.unit]
    row_label = labels[units.unit]
    if not all(_both(row_label[part]) for part in (row_half, ~row_half)):
        return None
    score = boosted_trees(units.rows[row_half], row_label[row_half])
    held_out = units.take(np.flatnonzero(~half))
    return _judge(held_out, score(held_out.rows), labels[~half], rng, permutations, resamples)


def _judge(
    units: Units,
    scores: FloatArray,
    labels: NDArray[np.bool_],
    rng: np.random.Generator,
    permutations: int,
    resamples: int,
) -> Evidence:
    ranks = GroupedRanks(scores, units.unit, len(labels))
    area = float(ranks.auc(labels))
    shuffled = ranks.auc(shuffled_within(labels, units.episode, permutations, rng))
    # A shuffle that leaves one group without rows says nothing against the null: it counts.
    at_least = np.count_nonzero(~(shuffled < area - 1e-12))
    positive = labels[units.unit]
    areas = bootstrap_auc(scores, positive, units.episode[units.unit], resamples, rng)
    low, high = np.quantile(areas, LEVELS) if areas.size else (np.nan, np.nan)
    right = (scores > 0.5) == positive
    return Evidence(
        auc=area,
        auc_interval=(float(low), float(high)),
        accuracy=float((right[positive].mean() + right[~positive].mean()) / 2),
        p_value=(1 + int(at_least)) / (1 + permutations),
        held_out=len(labels),
        held_out_episodes=len(np.unique(units.episode)),
    )


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep the classifiers to one thread: the tables are small, and threads that wait cost dear."""
    # Loaded first, as only libraries that are there can be limited.
    importlib.import_module("sklearn.ensemble")
    importlib.import_module("sklearn.linear_model")
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def boosted_trees(
    rows: FloatArray, labels: NDArray[np.bool_]
) -> Callable[[FloatArray], FloatArray]:
    """Train gradient-boosted trees; returns what gives rows their probability of the label.

    Trees need no scaling of the features, and take nan as it is.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=60,
        max_leaf_nodes=8,
        min_samples_leaf=5,
        max_bins=63,
        early_stopping=False,
        random_state=0,
    )
    # The library fails at a column without any number.
    known = np.isfinite(rows).any(axis=0)
    if not known.any():
        return lambda others: np.full(len(others), labels.mean())
    score = _score(model.fit(rows[:, known], labels))
    return lambda others: score(others[:, known])


def logistic(rows: FloatArray, labels: NDArray[np.bool_]) -> Callable[[FloatArray], FloatArray]:
    """Train a logistic regression, otherwise as `boosted_trees`; rows must be scaled and finite."""
    from sklearn.linear_model import LogisticRegression

    return _score(
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000).fit(rows, labels)
    )


def _score(model: Any) -> Callable[[FloatArray], FloatArray]:
    def score(rows: FloatArray) -> FloatArray:
        result: FloatArray = model.predict_proba(rows)[:, 1]
        return result

    return score


def _both(labels: NDArray[np.bool_]) -> bool:
    return bool(labels.any() and not labels.all())
