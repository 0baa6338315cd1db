"""Bidding by the dual prices of a linear programme that is solved anew as the day goes."""

from __future__ import annotations

import os

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agents.online_lp_solver import solve_mixture
from agents.online_lp_table import CONVERSIONS, COST, VALUE, ResponseTable
from agents.online_lp_training import learn
from agents.parameters import spread
from auctionsim.bidding import BatchBidder, Observation
from auctionsim.campaigns import Campaigns
from auctionsim.errors import BidderError, describe
from auctionsim.market import MarketConfig
from auctionsim.mechanism.arguments import check_integer
from auctionsim.random_numbers import PURPOSE_BEHAVIOUR, normals
from auctionsim.tasks import CPA_MCB, TARGET_ROAS

Float64Array = NDArray[np.float64]

# Parameters are drawn as advertiser 0's; the noise has a row of counters of its own.
_NOISE = 2
# What a unit of overrun costs, in values that the reference multiplier pays for: enough that none
# is bought, little enough for rounding.
_OVERRUN = 1000.0


class OnlineLp(BatchBidder):
    """Follows the dual prices of budget and limit, from what multipliers bought in the past.

    A table says what constant multipliers buy an advertiser in each step of a mean day. Before a
    step, the best mixture of multipliers for the rest of the day is sought that keeps within what
    is left of the budget, and within the task's limit with all that was spent and won so far. Its
    dual prices, lambda of the budget and mu of the limit, say what money is worth: the step's
    multiplier is the one that maximises

        value - lambda cost - mu (cost - credit)

    over the rest of the day, where credit is what the limit allows to spend: the CPA target a
    conversion, or 1 / ROAS target a unit of value.

    Args:
        table: A `ResponseTable`, or the file of a saved one; None to learn one from training
            episodes in `prepare`.
        episodes: Training episodes that `prepare` simulates.
        every: Steps after which the programme is solved anew.
        margin: The CPA target kept over the task's, and the task's ROAS target over the one kept; a
            number, or the bounds of a log-uniform distribution drawn anew for every campaign.
        factor: Multiplier over the one the prices ask for; drawn likewise.
        noise: Standard deviation of the multiplier's logarithm from step to step; drawn likewise;
            0 switches it off.
    """

    def __init__(
        self,
        table: ResponseTable | str | os.PathLike[str] | None = None,
        episodes: int = 8,
        every: int = 1,
        margin: float | tuple[float, float] = (0.9, 1.1),
        factor: float | tuple[float, float] = (0.8, 1.25),
        noise: float | tuple[float, float] = (0.02, 0.2),
    ) -> None:
        if isinstance(table, str | os.PathLike):
            table = ResponseTable.load(table)
        self._table = table
        self._learns = table is None
        self._episodes = check_integer("episodes", episodes, 1, 10_000, "Use 8, say.")
        self._every = check_integer("every", every, 1, 2**31 - 1, "Use 1 to solve every step.")
        self._margin, self._factor = spread("margin", margin), spread("factor", factor)
        self._noise = spread("noise", noise, zero=True)

    def prepare(self, market: MarketConfig) -> None:
        """Simulate training episodes of the market, unless a table was given."""
        if self._learns:
            self._table = learn(market, self._episodes)

    def reset(self, campaigns: Campaigns) -> None:
        """Look up the campaigns' curves and draw their parameters.

        Raises:
            BidderError: If there is no table, or none of their curves in it.
        """
        super().reset(campaigns)
        if self._table is None:
            rule, found = "must be given, or learned in prepare(market)", "neither"
            mend = "Call prepare with the market before the first reset."
            raise BidderError(describe("table", rule, found, mend))
        self._places = self._table.places(campaigns)
        margin, steps = self._margin.draw(campaigns, 0), np.arange(campaigns.steps)
        cpa, roas = campaigns.task == CPA_MCB, campaigns.task == TARGET_ROAS
        self._allowed = np.zeros((len(campaigns), 3))
        self._allowed[cpa, CONVERSIONS] = (campaigns.cpa_target * margin)[cpa]
        self._allowed[roas, VALUE] = (margin / campaigns.roas_target)[roas]
        draws = normals(campaigns.key[:, None], steps[None, :], _NOISE, PURPOSE_BEHAVIOUR)
        noise = draws[:, :, 0].astype(np.float64) * self._noise.draw(campaigns, 2)[:, None]
        self._factors = self._factor.draw(campaigns, 1)[:, None] * np.exp(noise)
        self._prices = np.zeros((len(campaigns), 2))

    def act(self, observation: Observation) -> Float64Array:
        """Return the multipliers that the dual prices ask for."""
        table, step = self._table, observation.step
        assert table is not None
        if step % self._every == 0:
            won = np.zeros((len(self.campaigns), 3))
            won[:, COST] = observation.cost
            won[:, CONVERSIONS] = observation.expected_conversions
            won[:, VALUE] = observation.expected_value
            overrun = _OVERRUN / self.campaigns.reference
            budget = np.maximum(observation.remaining_budget, 0.0)
            args = (self._places, step, table.remaining, won, budget, self._allowed, overrun)
            dual_prices(*args, self._prices)
        wanted = np.empty(len(self.campaigns))
        best_multipliers(
            self._places, step, table.remaining, table.multipliers, self._allowed, self._prices,
            wanted,
        )  # fmt: skip
        return wanted * self._factors[:, step]


@njit(cache=True, nogil=True)
def dual_prices(places, step, remaining, won, budget, allowed, overrun, prices):  # type: ignore[no-untyped-def]
    """Write the dual prices of budget and limit of each seat, (seats, 2); seats do not mix."""
    curves = remaining.reshape(-1, *remaining.shape[2:])
    for seat in range(places.size):
        curve = curves[places[seat], step]
        credit = curve[:, 1] * allowed[seat, 1] + curve[:, 2] * allowed[seat, 2]
        slack = won[seat, 1] * allowed[seat, 1] + won[seat, 2] * allowed[seat, 2] - won[seat, 0]
        excess = curve[:, 0] - credit
        if allowed[seat, 1] == 0.0 and allowed[seat, 2] == 0.0:
            excess, slack = np.zeros(len(excess)), 0.0
        found = solve_mixture(
            curve[:, 2].copy(), curve[:, 0].copy(), excess, budget[seat], slack, overrun[seat]
        )
        prices[seat, 0], prices[seat, 1] = found.budget_price, found.limit_price


@njit(cache=True, nogil=True)
def best_multipliers(places, step, curves, grid, allowed, prices, wanted):  # type: ignore[no-untyped-def]
    """Write the multiplier of each seat whose purchases are worth most at its prices, (seats,)."""
    rows = curves.reshape(-1, *curves.shape[2:])
    for seat in range(places.size):
        curve = rows[places[seat], step]
        charge = prices[seat, 0] + prices[seat, 1]
        per_conversion = prices[seat, 1] * allowed[seat, 1]
        per_value = 1.0 + prices[seat, 1] * allowed[seat, 2]
        gain = curve[:, 2] * per_value + curve[:, 1] * per_conversion - curve[:, 0] * charge
        wanted[seat] = _peak(grid, gain)


@njit(cache=True, nogil=True)
def _peak(grid, gain):  # type: ignore[no-untyped-def]
    """Where a row is highest, between its points by the parabola through the three at the top."""
    best = int(np.argmax(gain))
    if best == 0 or best == grid.size - 1:
        return grid[best]
    left, middle, right = gain[best - 1], gain[best], gain[best + 1]
    bend = left - 2.0 * middle + right
    shift = 0.0 if bend >= 0.0 else 0.5 * (left - right) / bend
    ratio = grid[best + 1] / grid[best] if shift > 0.0 else grid[best] / grid[best - 1]
    return grid[best] * ratio**shift
