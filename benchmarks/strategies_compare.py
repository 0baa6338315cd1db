"""How AuctionNet's strategies rank in AuctionNet and in our market."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmarks.strategies_record import Results, Seat

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Means:
    """Means over a class's seats and all episodes, named as in `Results`."""

    cost: float
    score: float
    predicted_score: float


@dataclass(frozen=True)
class GroupRow:
    """One class of strategies in AuctionNet and in our market.

    Attributes:
        group: The class.
        seats: How many seats it has.
        theirs: In AuctionNet.
        ours: In our market, mean over seeds.
        difference_error: Standard error of our Score minus theirs, over seats and episodes.
        their_place: Place by Score in AuctionNet, from 1.
        our_place: Place by Score in our market, from 1.
    """

    group: str
    seats: int
    theirs: Means
    ours: Means
    difference_error: float
    their_place: int
    our_place: int


@dataclass(frozen=True)
class AgreementRow:
    """Rank correlations (Spearman's) of one kind of pairs, each the mean over such pairs.

    Attributes:
        pairs: What is held against what.
        groups: Of the classes' mean Scores.
        predicted_groups: Of their mean predicted Scores.
        score: Of the advertisers' Scores.
        predicted_score: Of their predicted Scores.
        cost: Of their spend.
    """

    pairs: str
    groups: float
    predicted_groups: float
    score: float
    predicted_score: float
    cost: float


def spearman(a: Float64Array, b: Float64Array) -> float:
    """Return the rank correlation of two rows, equal ones sharing a rank; nan if one is constant.

    Args:
        a: (n,).
        b: (n,).
    """
    ranks = np.stack([rankdata(a), rankdata(b)])
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    scale = float(np.sqrt(np.prod((centred**2).sum(axis=1))))
    return float(centred[0] @ centred[1]) / scale if scale > 0 else float("nan")


def group_means(lineup: list[Seat], rows: Float64Array) -> Float64Array:
    """Return the mean of each group, sorted by name: (..., A) gives (..., groups)."""
    names, place = np.unique([seat.group for seat in lineup], return_inverse=True)
    return np.stack([rows[..., place == g].mean(axis=-1) for g in range(len(names))], axis=-1)


def group_rows(lineup: list[Seat], theirs: Results, ours: list[Results]) -> list[GroupRow]:
    """Compare the classes, best in AuctionNet first.

    Args:
        lineup: Who played.
        theirs: In AuctionNet, (E, A).
        ours: In our market, of every seed, (E, A).
    """
    names, place = np.unique([seat.group for seat in lineup], return_inverse=True)
    mine = Results(*(np.mean([getattr(o, f.name) for o in ours], 0) for f in fields(Results)))
    their_means, our_means = _means(lineup, theirs), _means(lineup, mine)
    their_places, our_places = _places(their_means), _places(our_means)
    rows = [
        GroupRow(
            group=str(name),
            seats=int((place == g).sum()),
            theirs=their_means[g],
            ours=our_means[g],
            difference_error=_error((mine.score - theirs.score)[:, place == g]),
            their_place=their_places[g],
            our_place=our_places[g],
        )
        for g, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: row.their_place)


def _means(lineup: list[Seat], results: Results) -> list[Means]:
    columns = (group_means(lineup, getattr(results, f.name)).mean(axis=0) for f in fields(Means))
    return [Means(*row) for row in np.stack(list(columns), axis=-1).tolist()]


def _places(means: list[Means]) -> list[int]:
    order = sorted(range(len(means)), key=lambda g: -means[g].score)
    return [order.index(g) + 1 for g in range(len(means))]


def _error(differences: Float64Array) -> float:
    return float(differences.std(ddof=1) / np.sqrt(differences.size))


def agreement_rows(lineup: list[Seat], theirs: Results, ours: list[Results]) -> list[AgreementRow]:
    """Hold rankings against each other: theirs, ours, and one against the other.

    Args:
        lineup: Who played.
        theirs: In AuctionNet, (E, A), two episodes or more.
        ours: In our market, of two seeds or more, (E, A).
    """
    seeds, episodes = list(combinations(ours, 2)), range(len(theirs.score))
    days = list(combinations(episodes, 2))
    kinds = {
        "same episode: AuctionNet and ours": [
            (_episode(theirs, e), _episode(o, e)) for o in ours for e in episodes
        ],
        "same episode: ours and ours, another seed": [
            (_episode(a, e), _episode(b, e)) for a, b in seeds for e in episodes
        ],
        "another episode: AuctionNet": [
            (_episode(theirs, d), _episode(theirs, e)) for d, e in days
        ],
        "another episode: ours": [(_episode(o, d), _episode(o, e)) for o in ours for d, e in days],
        "means over episodes: AuctionNet and ours": [(_mean(theirs), _mean(o)) for o in ours],
        "means over episodes: ours and ours, another seed": [
            (_mean(a), _mean(b)) for a, b in seeds
        ],
    }
    return [_agreement(lineup, name, pairs) for name, pairs in kinds.items()]


def _episode(results: Results, episode: int) -> Results:
    return Results(*(getattr(results, f.name)[episode] for f in fields(Results)))


def _mean(results: Results) -> Results:
    return Results(*(getattr(results, f.name).mean(axis=0) for f in fields(Results)))


def _agreement(lineup: list[Seat], name: str, pairs: list[tuple[Results, Results]]) -> AgreementRow:
    def mean(row: Callable[[Results], Float64Array]) -> float:
        return float(np.mean([spearman(row(a), row(b)) for a, b in pairs]))

    return AgreementRow(
        pairs=name,
        groups=mean(lambda results: group_means(lineup, results.score)),
        predicted_groups=mean(lambda results: group_means(lineup, results.predicted_score)),
        score=mean(lambda results: results.score),
        predicted_score=mean(lambda results: results.predicted_score),
        cost=mean(lambda results: results.cost),
    )
