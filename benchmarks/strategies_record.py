"""AuctionNet's line-up of 48 strategies, and how it did in three recorded episodes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auctionsim.tasks import CPA_MCB, Totals
from benchmarks.calibration_record import Record

Float64Array = NDArray[np.float64]

LINEUP = Path(__file__).with_name("auctionnet_lineup.csv")


@dataclass(frozen=True)
class Seat:
    """An advertiser of AuctionNet and the strategy that played it in the recorded episodes.

    Attributes:
        advertiser: Its number.
        category: Its category.
        cpa_constraint: Highest cost per conversion, in currency.
        strategy: Name of the strategy that played (see `strategies_checkout.STRATEGIES`).
        group: What the strategy is counted as: its class, or also the class it stood in for.
        table: Episode of the table that OnlineLP goes by; None for others.
    """

    advertiser: int
    category: int
    cpa_constraint: float
    strategy: str
    group: str
    table: int | None


@dataclass(frozen=True)
class Results:
    """What the line-up's advertisers reached in E episodes, all (E, A).

    Attributes:
        cost: Spend, in currency.
        score: AuctionNet's Score: conversions * min((constraint / CPA)^2, 1).
        predicted_score: The same with the conversions that the told probabilities of seen ads
            promise, which no coin decides.
    """

    cost: Float64Array
    score: Float64Array
    predicted_score: Float64Array


def recorded_lineup(path: Path = LINEUP) -> list[Seat]:
    """Read the line-up, in the order of the advertisers."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Seat(
                advertiser=int(row["advertiser"]),
                category=int(row["category"]),
                cpa_constraint=float(row["cpa_constraint"]),
                strategy=row["strategy"],
                group=row["group"],
                table=int(row["table"]) if row["table"] else None,
            )
            for row in csv.DictReader(file)
        ]


def results_of(
    lineup: list[Seat], cost: Float64Array, conversions: Float64Array, predicted: Float64Array
) -> Results:
    """Score what was spent, gained, and predicted to be gained, all (E, A)."""
    target = np.broadcast_to([seat.cpa_constraint for seat in lineup], cost.shape)

    def score(count: Float64Array) -> Float64Array:
        return Totals(
            task=np.full(cost.shape, CPA_MCB, np.int8),
            budget=np.full(cost.shape, np.nan),
            cpa_target=target,
            roas_target=np.full(cost.shape, np.nan),
            cost=cost,
            conversions=count,
            value=count,
        ).score_strict

    return Results(cost, score(conversions), score(predicted))


def recorded_results(lineup: list[Seat], record: Record) -> Results:
    """Return what AuctionNet's advertisers reached in the recorded episodes."""
    arrays = (record.cost, record.conversions, record.predicted_conversions)
    return results_of(lineup, *(array.astype(np.float64) for array in arrays))
