"""Strategies written for AuctionNet or the NeurIPS 2024 competition, played unchanged."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.auctionnet_history import History
from auctionsim.bidding import Observation, Opportunities, OpportunityBidder, Outcome
from auctionsim.campaigns import Campaign
from auctionsim.conduct import Breach
from auctionsim.errors import BidderError, describe, in_short, invalid_argument
from auctionsim.players import as_array

Float64Array = NDArray[np.float64]

#: What AuctionNet passes to `bidding`, by position.
ARGUMENTS = (
    "timeStepIndex",
    "pValues",
    "pValueSigmas",
    "historyPValueInfo",
    "historyBid",
    "historyAuctionResult",
    "historyImpressionResult",
    "historyLeastWinningCost",
)


def from_auctionnet(strategy: object) -> AuctionNetBidder:
    """Make a bidder of a strategy written for AuctionNet, as it is.

    Args:
        strategy: An object with AuctionNet's `bidding` method, which is copied for every seat and
            episode; or its class, or a function that builds it, called without arguments for every
            seat and episode. Large networks load faster by copy.

    Returns:
        A bidder for `evaluate`, line-ups and all else.

    Raises:
        InvalidArgumentError: If the strategy cannot be built or copied, has no `bidding`, or that
            method does not take AuctionNet's eight arguments.
    """
    return AuctionNetBidder(strategy)


class AuctionNetBidder(OpportunityBidder):
    """Gives a strategy what AuctionNet gives it, and bids what it answers.

    Every seat and episode has a strategy of its own. Before the first step its attributes budget,
    remaining_budget, cpa and category are set, its advertiser is appended to its name, and its
    `reset` is called if it has one. In each step remaining_budget is set, and `bidding` is called
    with the step's index, the values, their errors, and five lists of one array a past step (see
    `History`), all in the dtypes and shapes of AuctionNet. Negative bids become 0. Once the
    campaign has less left than the market asks for, the strategy is no longer called.

    What AuctionNet lacks is put in its terms:

    - cpa is the campaign's reference: the CPA target, 1 / ROAS target, or the market's reference
      price for bcb, which has no limit;
    - pValues are values v = p e, what a strategy's bids are to follow, and pValueSigmas the errors
      of v; both are of the probability alone wherever a conversion is worth 1, as in AuctionNet.
      Conversions stay counts.

    Bids and prices went through the market's float32; bids that are not finite, which AuctionNet
    lets pass, are errors. Pretrained strategies expect steps of AuctionNet's size, as the market
    `auctionnet` has them.

    Args:
        strategy: See `from_auctionnet`.
    """

    def __init__(self, strategy: object) -> None:
        self._build = _builder(strategy)
        self._strategy: Any = _built(self._build, strategy)
        self.label = type(self._strategy).__name__
        self._history = History()

    def __deepcopy__(self, memo: dict[int, object]) -> AuctionNetBidder:
        """Share the origin, which never plays itself; `reset` builds each seat's own strategy."""
        other = copy.copy(self)
        other._history = History()
        return other

    def reset(self, campaign: Campaign) -> None:
        """Build a strategy for this campaign; nothing of the last episode is left."""
        super().reset(campaign)
        self._history = History()
        self._strategy = self._build()
        name = getattr(self._strategy, "name", self.label)
        # NumPy's scalars, as in AuctionNet: they divide by 0 without an error.
        for attribute, value in {
            "budget": np.float64(campaign.budget),
            "remaining_budget": np.float64(campaign.budget),
            "cpa": np.float64(campaign.reference),
            "category": np.int64(campaign.category),
            "name": f"{name}{campaign.advertiser}",
        }.items():
            setattr(self._strategy, attribute, value)
        if hasattr(self._strategy, "reset"):
            self._strategy.reset()

    def bid(self, observation: Observation, opportunities: Opportunities) -> Float64Array:
        """Return what the strategy bids.

        Raises:
            Breach: If it returns anything but one number an opportunity.
        """
        values, errors = _values_and_errors(opportunities)
        self._history.see(values, errors)
        self._strategy.remaining_budget = np.float64(observation.remaining_budget)
        answer = self._strategy.bidding(
            int(observation.step), values, errors, *self._history.arguments()
        )
        bids = as_array(answer)
        if bids.shape != (len(values),) or bids.dtype.kind not in "fiu":
            rule = f"must return one number an opportunity from {self.label}.bidding"
            found = f"{type(answer).__name__} with {bids.dtype} of shape {bids.shape}"
            raise Breach(f"{rule}, shape ({len(values)},)", found)
        return np.where(bids < 0, 0.0, bids).astype(np.float64)

    def observe(self, outcome: Outcome) -> None:
        """Add the step to the history, if the strategy took part in it.

        Raises:
            BidderError: If the outcome has no results by opportunity.
        """
        if outcome.results is None:
            where, mend = f"{self.label}.observe", "Play it through a Cast."
            raise BidderError(describe(where, "must be told results", "none", mend))
        if outcome.step + 1 < self.campaign.steps:
            self._history.add(outcome.results)
        else:  # nobody asks any more, and it is large
            self._history = History()


def _builder(strategy: object) -> Callable[[], Any]:
    if inspect.isclass(strategy):
        return strategy
    if callable(strategy) and not hasattr(strategy, "bidding"):
        return strategy
    return partial(copy.deepcopy, strategy)


def _built(build: Callable[[], Any], origin: object) -> object:
    """Build a strategy once, so that what does not fit shows now and not in the midst of play."""
    try:
        strategy = build()
    except Exception as error:  # the user's code runs here, and may fail in any way
        rule = "must be copyable, or be built without arguments"
        mend = "Pass a function that builds it."
        raise invalid_argument("strategy", rule, in_short(error), mend) from error
    bidding = getattr(strategy, "bidding", None)
    if not callable(bidding):
        rule, mend = "must have AuctionNet's method `bidding`", "Give it one, or pass its class."
        raise invalid_argument("strategy", rule, _kind(origin, strategy), mend)
    _check_signature(bidding)
    return strategy


def _kind(origin: object, strategy: object) -> str:
    built = type(strategy).__name__
    return built if type(origin) is type(strategy) else f"{built} built by {_called(origin)}"


def _called(origin: object) -> str:
    return str(getattr(origin, "__name__", type(origin).__name__))


def _check_signature(bidding: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(bidding)
    except (TypeError, ValueError):  # built-in: calling it will tell
        return
    try:
        signature.bind(*ARGUMENTS)
    except TypeError:
        rule = f"must take ({', '.join(ARGUMENTS)})"
        raise invalid_argument("strategy.bidding", rule, signature, "Add what lacks.") from None


def _values_and_errors(opportunities: Opportunities) -> tuple[Float64Array, Float64Array]:
    """Copies in float64, which the strategy may change as it likes."""
    values = opportunities.values.astype(np.float64)
    told = opportunities.probabilities.astype(np.float64)
    worth = np.divide(values, told, out=np.zeros_like(values), where=told > 0.0)
    return values, worth * opportunities.errors
