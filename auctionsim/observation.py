"""The state features a bidder sees at the start of a step: one implementation, live and from logs.

The first 16 are AuctionNet's (arXiv 2412.10798; its training-data builder defines them), the 17th
is the last step's cost over the budget (AIGB-Pearl, arXiv 2509.15927). All are in natural units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument

FEATURES: tuple[str, ...] = (
    "time_left",
    "budget_left",
    "mean_bid",
    "mean_bid_last_3",
    "mean_market_price",
    "mean_value",
    "mean_conversions",
    "mean_win",
    "mean_market_price_last_3",
    "mean_value_last_3",
    "mean_conversions_last_3",
    "mean_win_last_3",
    "current_mean_value",
    "current_volume",
    "volume_last_3",
    "volume_so_far",
    "last_cost_ratio",
)

_WINDOW = 3
_AVERAGED = ("bid", "market_price", "value", "conversions", "win")
_PLACES_SO_FAR = [FEATURES.index(f"mean_{name}") for name in _AVERAGED]
_PLACES_LAST = [FEATURES.index(f"mean_{name}_last_3") for name in _AVERAGED]


@dataclass(frozen=True)
class StepSummary:
    """One finished step, averaged over all its opportunities; arrays of the seats' shape.

    Attributes:
        volume: Opportunities of the step (the same for all seats of a run).
        mean_bid: Mean bid placed, in currency.
        mean_market_price: Mean market price (AuctionNet's leastWinningCost), in currency.
        mean_value: Mean value, probability times known worth (AuctionNet's pValue, worth 1).
        mean_conversions: Mean number of conversions an opportunity.
        mean_win: Share of the opportunities in which a slot was won, exposed or not.
        cost: Spend of the step, in currency (exposed wins only).
    """

    volume: ArrayLike
    mean_bid: ArrayLike
    mean_market_price: ArrayLike
    mean_value: ArrayLike
    mean_conversions: ArrayLike
    mean_win: ArrayLike
    cost: ArrayLike


class FeatureTracker:
    """Keeps what the features need of an episode's past; the work a step does not grow with it.

    A mean over the past is the unweighted mean over steps of the steps' means, as AuctionNet has
    it, and "last 3" spans the last min(3, steps played) steps. Before the first step all are 0.

    Args:
        budget: Budgets in currency; their shape (usually (seats,)) is that of the seats.
        steps: Steps in the episode.

    Raises:
        InvalidArgumentError: For a budget that is negative or not finite, or fewer than one step.
    """

    def __init__(self, budget: ArrayLike, steps: int) -> None:
        self._budget = np.asarray(budget, np.float64)
        if not np.all(np.isfinite(self._budget) & (self._budget >= 0.0)):
            raise invalid_argument(
                "budget", "must be finite and >= 0", self._budget.min(), "Mend the budgets."
            )
        if steps < 1:
            raise invalid_argument("steps", "must be >= 1", steps, "Give at least one step.")
        self._steps = steps
        self._played = 0
        shape = self._budget.shape
        self._sums = np.zeros((*shape, len(_AVERAGED)))
        self._window = np.zeros((_WINDOW, *shape, len(_AVERAGED)))
        self._volume_sum = np.zeros(shape)
        self._volume_window = np.zeros((_WINDOW, *shape))
        self._last_cost = np.zeros(shape)

    def features(
        self,
        step: int,
        remaining_budget: ArrayLike,
        mean_value: ArrayLike,
        volume: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the features at the start of a step, shape (seats, 17), in `FEATURES`' order.

        Args:
            step: The step about to be played; `steps` asks for the final state.
            remaining_budget: In currency, shape (seats,).
            mean_value: Mean value of this step's opportunities, shape (seats,).
            volume: Opportunities of this step, shape (seats,) or scalar.

        Raises:
            InvalidArgumentError: If `step` is not the number of steps given to `update` so far.
        """
        if step != self._played:
            raise invalid_argument(
                "step",
                f"must be {self._played}, the number of steps the tracker was updated with",
                step,
                "Call update() once after every step.",
            )
        result = np.zeros((*self._budget.shape, len(FEATURES)))
        result[..., 0] = (self._steps - step) / self._steps
        result[..., 1] = self._share(np.asarray(remaining_budget, np.float64))
        if step > 0:
            recent = min(step, _WINDOW)
            result[..., _PLACES_SO_FAR] = self._sums / step
            result[..., _PLACES_LAST] = self._window.sum(axis=0) / recent
        result[..., 12] = mean_value
        result[..., 13] = volume
        result[..., 14] = self._volume_window.sum(axis=0)
        result[..., 15] = self._volume_sum
        result[..., 16] = self._share(self._last_cost)
        return result

    def update(self, summary: StepSummary) -> None:
        """Take in the step just played.

        Raises:
            InvalidArgumentError: If all steps of the episode were taken in already.
        """
        if self._played >= self._steps:
            raise invalid_argument(
                "summary", f"must be one of {self._steps} steps", "one more", "Begin a new tracker."
            )
        place = self._played % _WINDOW
        for index, name in enumerate(_AVERAGED):
            self._window[place, ..., index] = getattr(summary, f"mean_{name}")
        self._sums += self._window[place]
        self._volume_window[place] = summary.volume
        self._volume_sum += self._volume_window[place]
        self._last_cost[...] = summary.cost
        self._played += 1

    def _share(self, amount: NDArray[np.float64]) -> NDArray[np.float64]:
        """amount / budget; 0 where there is no budget."""
        spendable = self._budget > 0.0
        return np.where(spendable, amount / np.where(spendable, self._budget, 1.0), 0.0)
