"""Whether tasks differ by more than their advertisers: a test on advertisers never trained on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from auctionsim.report.auc import GroupedRanks
from auctionsim.report.two_sample import Units, logistic

__all__ = ["FEWEST_ADVERTISERS", "Unseen", "unseen_advertisers"]

FEWEST_ADVERTISERS = 2
RELABELLINGS = 99
HALVINGS = 2

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Unseen:
    """How well a classifier tells tasks apart by advertisers and episodes it never saw.

    Attributes:
        auc: Area under the ROC curve, mean over halves of the advertisers.
        null_interval: Where 90 % of the areas lie if advertisers are relabelled at random.
        p_value: Share of relabellings with an area at least as large, the true one counted.
        relabellings: How many were tried, all there are or a random part.
    """

    auc: float
    null_interval: tuple[float, float]
    p_value: float
    relabellings: int


def unseen_advertisers(
    units: Units,
    labels: NDArray[np.bool_],
    *,
    seed: int = 0,
    relabellings: int = RELABELLINGS,
) -> Unseen | None:
    """Train on half of each task's advertisers in half of the episodes, and test on the others.

    The p-value is exact for "advertisers are exchangeable, whatever their task": all of them, with
    all their trajectories, change tasks, and the classifiers are trained anew.

    Args:
        units: Both tasks, one row a unit.
        labels: (u,) task of each unit; an advertiser has one.
        seed: Of halves and relabellings.
        relabellings: Most relabellings to try.

    Returns:
        What was found; None if a task has fewer than `FEWEST_ADVERTISERS` advertisers, an
        advertiser has both tasks, or there is one episode only.
    """
    names, holder = np.unique(units.advertiser, return_inverse=True)
    true = np.zeros(len(names), np.bool_)
    true[holder[labels]] = True
    mixed = bool(true[holder[~labels]].any())
    smallest = min(int(true.sum()), int((~true).sum()))
    if mixed or smallest < FEWEST_ADVERTISERS or len(np.unique(units.episode)) < 2:
        return None
    rng = np.random.default_rng((seed, 5))
    rows = _ranked(units.rows[np.argsort(units.unit)])
    observed = _area(rows, holder, units.episode, true, rng)
    others = _relabelled(true, relabellings, rng)
    areas = np.array([_area(rows, holder, units.episode, other, rng) for other in others])
    at_least = int(np.count_nonzero(areas >= observed - 1e-12))
    low, high = np.quantile(areas, (0.05, 0.95))
    return Unseen(
        auc=observed,
        null_interval=(float(low), float(high)),
        p_value=(1 + at_least) / (1 + len(areas)),
        relabellings=len(areas),
    )


def _relabelled(true: BoolArray, most: int, rng: np.random.Generator) -> list[BoolArray]:
    """Return other ways to label as many advertisers: all there are, or `most` at random."""
    size, chosen = len(true), int(true.sum())
    if comb(size, chosen) - 1 <= most:
        every = (np.isin(np.arange(size), c) for c in combinations(range(size), chosen))
        return [other for other in islice(every, most + 1) if not np.array_equal(other, true)]
    return [rng.permutation(true) for _ in range(most)]


def _area(
    rows: FloatArray,
    holder: NDArray[np.int64],
    episode: NDArray[np.int64],
    label: BoolArray,
    rng: np.random.Generator,
) -> float:
    """Return the area on unseen advertisers and episodes for one labelling of the advertisers."""
    areas = []
    target = label[holder]
    for _ in range(HALVINGS):
        second = _half_of_each(label, rng)[holder]
        episodes = np.unique(episode)
        later = np.isin(episode, rng.permutation(episodes)[: len(episodes) // 2])
        for train, test in ((~second & ~later, second & later), (second & ~later, ~second & later)):
            if len(set(target[train])) == 2 and len(set(target[test])) == 2:
                scores = logistic(rows[train], target[train])(rows[test])
                ranks = GroupedRanks(scores, np.arange(len(scores)), len(scores))
                areas.append(float(ranks.auc(target[test])))
    return float(np.mean(areas)) if areas else 0.5


def _half_of_each(label: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Return a random half of the advertisers of each label."""
    result = np.zeros(len(label), np.bool_)
    for group in (np.flatnonzero(label), np.flatnonzero(~label)):
        result[rng.permutation(group)[: len(group) // 2]] = True
    return result


def _ranked(rows: FloatArray) -> FloatArray:
    """Return ranks in [-1, 1] and their squares, column by column; nan becomes the middle."""
    from scipy.stats import rankdata

    ranks = rankdata(rows, axis=0, nan_policy="omit")
    count = np.maximum(np.isfinite(ranks).sum(axis=0), 1)
    level = np.nan_to_num(2 * (ranks - 0.5) / count - 1)
    return np.column_stack([level, level**2])
