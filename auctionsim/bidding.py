"""The bidder protocol: what a bidder sees and returns, and how single bidders play many seats."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.errors import BidderError, describe

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


class Bidder(ABC):
    """A bidder for one seat. Subclass it, implement `act`, and keep what you need in `reset`."""

    campaign: Campaign

    def reset(self, campaign: Campaign) -> None:
        """Begin an episode; forget everything of the last one."""
        self.campaign = campaign

    @abstractmethod
    def act(self, observation: Observation) -> float:
        """Return this step's multiplier a >= 0: the bid on an opportunity of value v is a * v.

        Args:
            observation: The seat's observation (scalars, and features of shape (features,)).
        """


class BatchBidder(ABC):
    """A bidder that plays many seats at once; seats must not influence each other."""

    campaigns: Campaigns

    def reset(self, campaigns: Campaigns) -> None:
        """Begin an episode on these seats; forget everything of the last one."""
        self.campaigns = campaigns

    @abstractmethod
    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Return this step's multipliers, finite and >= 0, shape (seats,).

        Args:
            observation: Of these seats; arrays of shape (seats,), in the order of `reset`.
        """


class SeatwiseBidder(BatchBidder):
    """Plays many seats with one copy of a single-seat bidder each."""

    def __init__(self, prototype: Bidder) -> None:
        self._prototype = prototype
        self._seats: list[Bidder] = []

    def reset(self, campaigns: Campaigns) -> None:
        """Give every seat a fresh copy of the prototype and reset it with its campaign."""
        super().reset(campaigns)
        self._seats = [copy.deepcopy(self._prototype) for _ in range(len(campaigns))]
        for index, bidder in enumerate(self._seats):
            bidder.reset(campaigns[index])

    def act(self, observation: Observation) -> NDArray[np.float64]:
        """Ask every seat's copy in turn.

        Raises:
            BidderError: If a copy returns anything but a number.
        """
        multipliers = np.empty(len(self._seats))
        for seat, bidder in enumerate(self._seats):
            multipliers[seat] = self._number(bidder.act(observation.take(seat)), observation.step)
        return multipliers

    def _number(self, answer: object, step: int) -> float:
        array = np.asarray(answer)
        if array.shape != () or array.dtype.kind not in "fiu":
            where = f"{type(self._prototype).__name__}.act in step {step}"
            found = f"{type(answer).__name__} {' '.join(repr(answer).split())[:60]}"
            raise BidderError(describe(where, "must return one number", found, "Mend the bidder."))
        return float(array)


def as_batch(bidder: Bidder | BatchBidder) -> BatchBidder:
    """Return a bidder that plays many seats: itself, or copies of a single-seat one."""
    return bidder if isinstance(bidder, BatchBidder) else SeatwiseBidder(bidder)
