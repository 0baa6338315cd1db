"""What a step brought each seat."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import OpportunityResults
from auctionsim.mechanism.arguments import check_integer

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)


class SalesOfSeats(Protocol):
    """Every sale of one step, to be asked for seat by seat."""

    def results(self, seat: int) -> OpportunityResults:
        """Return what the step brought a seat that bids one by one, given its flat index."""


@dataclass(frozen=True)
class Sales:
    """Every sale of one step of R runs with S slots; beyond a run's volume nothing is sold.

    Attributes:
        volume: Opportunities of each run, (R,).
        advertisers: Advertisers a run, A.
        winner: Advertiser who won each slot, -1 where it is unsold, (R, S, width).
        price: What a sold slot costs if it is seen, in currency, (R, S, width).
        exposed: Whether a sold slot was seen, (R, S, width).
        converted: Whether a seen one converted, (R, S, width).
        worth: What that conversion was worth, (R, S, width).
        market_price: The (S + 1)-th bid or the reserve, in currency, (R, width).
        bids: Bids of the seats that bid one by one, by flat seat: as given, or, under AuctionNet's
            rules, 0 where they were dropped; (volume,).
    """

    volume: NDArray[np.int64]
    advertisers: int
    winner: NDArray[np.int32]
    price: Float32Array
    exposed: NDArray[np.bool_]
    converted: NDArray[np.bool_]
    worth: NDArray[np.float64]
    market_price: Float32Array
    bids: dict[int, Float32Array] = field(default_factory=dict)

    def results(self, seat: int) -> OpportunityResults:
        """Return what the step brought a seat that bids one by one, given its flat index."""
        seats = len(self.volume) * self.advertisers
        seat = check_integer("seat", seat, 0, seats - 1, "Use flat seat indices, run by run.")
        run, advertiser = divmod(seat, self.advertisers)
        volume = int(self.volume[run])
        nothing = np.zeros(volume, np.float32)
        mine = self.winner[run, :, :volume] == advertiser
        slot, place = np.nonzero(mine)

        def at_wins(array: NDArray[Scalar]) -> NDArray[Scalar]:
            column = np.zeros(volume, array.dtype)
            column[place] = array[run, slot, place]
            return column

        won = np.zeros(volume, np.int8)
        won[place] = slot + 1
        return OpportunityResults(
            bids=self.bids.get(seat, nothing).copy(),
            slot=won,
            price=at_wins(self.price),
            exposed=at_wins(self.exposed),
            conversions=at_wins(self.converted).astype(np.int8),
            values=at_wins(self.worth),
            market_price=self.market_price[run, :volume].copy(),
        )


@dataclass(frozen=True)
class TopBids:
    """The highest bids of one step of R runs, as placed; beyond a run's volume there are none.

    Competitors from outside (`DayConditions.outside_price`) are among them as nobody: so whoever
    plays against these bids meets them, too.

    Attributes:
        volume: Opportunities of each run, (R,).
        bid: Highest bids in falling order, 0 for none, in currency, (R, slots + 2, width).
        holder: Advertisers they are of, -1 for nobody of the market's, (R, slots + 2, width).
    """

    volume: NDArray[np.int64]
    bid: Float32Array
    holder: NDArray[np.int32]


@dataclass(frozen=True)
class StepOutcome:
    """One finished step of R runs with A advertisers; arrays of shape (R, A) unless noted.

    Attributes:
        volume: Opportunities of the step, (R,).
        multiplier: Multiplier played; for bids given one by one, sum of bids over sum of values.
        active: Whether the seat took part.
        mean_bid: Mean bid placed, after capping, in currency.
        mean_value: Mean value of the opportunities (probability times known value).
        market_price: Mean market price, the (slots + 1)-th bid or the reserve, (R,), in currency.
        wins: Slots won, seen or not.
        exposed_wins: Slots won and seen.
        cost: Spend, in currency.
        conversions: Conversions of exposed wins.
        value: Realised value of these conversions.
        expected_conversions: Sum over exposed wins of the true probability.
        expected_value: Sum over exposed wins of true probability times known value.
        predicted_conversions: Sum over exposed wins of the probability bidders are told; the same
            as expected_conversions unless the market's predictions are biased.
        predicted_value: Sum over exposed wins of that probability times known value.
        sales: Every sale, if the step was asked to keep them.
        top_bids: The highest bids, if the step was asked to keep them.
    """

    volume: NDArray[np.int64]
    multiplier: Float64Array
    active: NDArray[np.bool_]
    mean_bid: Float64Array
    mean_value: Float64Array
    market_price: Float64Array
    wins: Float64Array
    exposed_wins: Float64Array
    cost: Float64Array
    conversions: Float64Array
    value: Float64Array
    expected_conversions: Float64Array
    expected_value: Float64Array
    predicted_conversions: Float64Array
    predicted_value: Float64Array
    sales: SalesOfSeats | None = None
    top_bids: TopBids | None = None


#: Names of the arrays of a `StepOutcome`.
OUTCOME_ARRAYS: tuple[str, ...] = tuple(
    f.name for f in fields(StepOutcome) if f.name not in ("sales", "top_bids")
)
