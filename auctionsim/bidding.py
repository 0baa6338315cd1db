"""The bidder protocol: what a bidder is told, what it answers, what it learns of the outcome."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.errors import BidderError, describe

if TYPE_CHECKING:
    from auctionsim.market import MarketConfig

#: Largest multiplier a bidder may return: beyond it, bids would leave float32's range.
LARGEST_MULTIPLIER = 1e30


@dataclass(frozen=True)
class Observation:
    """What bidders see at the start of a step: many seats, or one (then every array is a scalar).

    Attributes:
        step: Index of the step about to be played, from 0.
        steps: Steps in the episode.
        features: State features, shape (seats, features); see `auctionsim.observation.FEATURES`.
        remaining_budget: In currency, shape (seats,).
        cost: Spend so far, in currency, shape (seats,).
        conversions: Conversions so far, shape (seats,).
        value: Realised value of these conversions, shape (seats,).
        expected_conversions: Sum over exposed wins so far of the probabilities the bidder was told
            (true ones may be biased against them), shape (seats,).
        expected_value: Sum of such probability times known value over them, shape (seats,).
        active: Whether the seat takes part in this step, shape (seats,).
    """

    step: int
    steps: int
    features: NDArray[np.float64]
    remaining_budget: NDArray[np.float64]
    cost: NDArray[np.float64]
    conversions: NDArray[np.float64]
    value: NDArray[np.float64]
    expected_conversions: NDArray[np.float64]
    expected_value: NDArray[np.float64]
    active: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.remaining_budget)

    def take(self, seats: NDArray[np.int64] | int) -> Observation:
        """Return the observation of some seats (an array of indices) or of one (an index)."""
        arrays = {
            f.name: getattr(self, f.name)[seats]
            for f in fields(self)
            if f.name not in ("step", "steps")
        }
        return Observation(step=self.step, steps=self.steps, **arrays)


@dataclass(frozen=True)
class Opportunities:
    """A step's opportunities as one seat is told of them, in order of arrival; read-only arrays.

    Attributes:
        values: Value v = p e: probability times what a conversion is known to be worth, (volume,).
        probabilities: Conversion probability p, as predicted, (volume,).
        errors: Standard error sigma of that prediction, (volume,).
    """

    values: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    errors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class OpportunityResults:
    """What a step brought a seat that bids one by one; arrays of shape (volume,).

    Attributes:
        bids: Bids as given, in currency, before any was capped at what was left of the budget; 0
            where AuctionNet's rules dropped them.
        slot: Slot won, from 1; 0 for none.
        price: What the slot won costs if it is seen, in currency; 0 for none.
        exposed: Whether the slot won was seen.
        conversions: Whether it converted, 0 or 1.
        values: What the conversion was worth.
        market_price: The (slots + 1)-th bid or the reserve, in currency.
    """

    bids: NDArray[np.float32]
    slot: NDArray[np.int8]
    price: NDArray[np.float32]
    exposed: NDArray[np.bool_]
    conversions: NDArray[np.int8]
    values: NDArray[np.float64]
    market_price: NDArray[np.float32]


@dataclass(frozen=True)
class Outcome:
    """What a finished step brought: many seats, or one (then every array is a scalar).

    Attributes:
        step: Index of the step played.
        volume: Opportunities, shape (seats,).
        multiplier: Multiplier played; for bids one by one, sum of bids over sum of values.
        mean_bid: Mean bid placed, in currency.
        market_price: Mean of the (slots + 1)-th bid or the reserve, in currency.
        wins: Slots won, seen or not.
        exposed_wins: Slots won and seen.
        cost: Spend, in currency.
        conversions: Conversions.
        value: Realised value of these.
        results: Opportunity by opportunity, for one seat of an `OpportunityBidder`; else None.
    """

    step: int
    volume: NDArray[np.int64]
    multiplier: NDArray[np.float64]
    mean_bid: NDArray[np.float64]
    market_price: NDArray[np.float64]
    wins: NDArray[np.float64]
    exposed_wins: NDArray[np.float64]
    cost: NDArray[np.float64]
    conversions: NDArray[np.float64]
    value: NDArray[np.float64]
    results: OpportunityResults | None = None

    def take(self, seats: NDArray[np.int64] | int) -> Outcome:
        """Return the outcome of some seats (an array of indices) or of one (an index)."""
        arrays = {
            f.name: getattr(self, f.name)[seats]
            for f in fields(self)
            if f.name not in ("step", "results")
        }
        return replace(self, results=None, **arrays)


class Bidder(ABC):
    """A bidder for one seat. Subclass it, implement `act`, and keep what you need in `reset`.

    The object that is given to `evaluate` and the like never plays itself: every seat of every
    episode has a deep copy of it.

    Attributes:
        label: What it is called in records and errors; None for the name of its class.
        campaign: The campaign it plays.
    """

    label: str | None = None
    campaign: Campaign

    def prepare(self, market: MarketConfig) -> None:  # noqa: B027 - most bidders need not
        """Learn what there is to learn of a market, once, before anything is played in it.

        A bidder that learns from training episodes overrides it. It must simulate episodes of its
        own, of another seed than those it will be scored on, and answer equal markets equally.
        """

    def reset(self, campaign: Campaign) -> None:
        """Begin an episode; forget everything of the last one."""
        self.campaign = campaign

    @abstractmethod
    def act(self, observation: Observation) -> float:
        """Return this step's multiplier a >= 0: the bid on an opportunity of value v is a * v.

        Args:
            observation: The seat's observation (scalars, and features of shape (features,)).
        """

    def observe(self, outcome: Outcome) -> None:  # noqa: B027 - most bidders need not look
        """Take in what the step just played brought; override it to learn from it."""


class OpportunityBidder(Bidder):
    """A bidder for one seat that names a bid for every opportunity: implement `bid`, not `act`.

    It is not asked in steps that its seat sits out for want of money, but told their outcomes.
    """

    @abstractmethod
    def bid(
        self, observation: Observation, opportunities: Opportunities
    ) -> NDArray[np.floating[Any]]:
        """Return this step's bids in currency, finite and >= 0, shape (volume,).

        Args:
            observation: The seat's observation (scalars, and features of shape (features,)).
            opportunities: What the seat is told of each opportunity.
        """

    def act(self, observation: Observation) -> float:
        """Never asked for: `bid` is."""
        where = f"{type(self).__name__}.act"
        mend = "Call its bid method."
        raise BidderError(describe(where, "must not be called", "a call", mend))


class BatchBidder(ABC):
    """A bidder that plays many seats at once; seats must not influence each other.

    Attributes:
        label: What it is called in records and errors; None for the name of its class.
        campaigns: The campaigns it plays.
    """

    label: str | None = None
    campaigns: Campaigns

    def prepare(self, market: MarketConfig) -> None:  # noqa: B027 - most bidders need not
        """Learn what there is to learn of a market, once, before anything is played in it.

        A bidder that learns from training episodes overrides it. It must simulate episodes of its
        own, of another seed than those it will be scored on, and answer equal markets equally.
        """

    def reset(self, campaigns: Campaigns) -> None:
        """Begin an episode on these seats; forget everything of the last one."""
        self.campaigns = campaigns

    @abstractmethod
    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Return this step's multipliers, finite and >= 0, shape (seats,).

        Args:
            observation: Of these seats; arrays of shape (seats,), in the order of `reset`.
        """

    def observe(self, outcome: Outcome) -> None:  # noqa: B027 - most bidders need not look
        """Take in what the step just played brought; arrays of shape (seats,)."""


AnyBidder = Bidder | BatchBidder


def name_of(bidder: AnyBidder) -> str:
    """Return what a bidder is called in records and errors."""
    return bidder.label if isinstance(bidder.label, str) else type(bidder).__name__


def watches(bidder: AnyBidder) -> bool:
    """Return whether a bidder wants to be told outcomes: whether it overrides `observe`."""
    return type(bidder).observe not in (Bidder.observe, BatchBidder.observe)
