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
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig
from auctionsim.mechanism.arguments import check_integer
from auctionsim.observation import FEATURES
from auctionsim.random_numbers import PURPOSE_BEHAVIOUR, normals
from auctionsim.tasks import CPA_MCB, TARGET_ROAS

Float64Array = NDArray[np.float64]

# Parameters are drawn as advertiser 0's; the noise has a row of counters of its own.
_NOISE = 2
# What a unit of overrun costs, in values that the reference multiplier pays for: enough that none
# is bought, little enough for rounding.
_OVERRUN = 1000.0
# A day may be that many times richer or poorer than the mean one before it is taken for an error.
_LARGEST_SURPRISE = 8.0
_MEAN_VALUE, _VOLUME = FEATURES.index("current_mean_value"), FEATURES.index("current_volume")


class OnlineLp(BatchBidder):
    """Follows the dual prices of budget and limit, from what multipliers bought in the past.

    A table says what constant multipliers buy an advertiser in each step of a mean day; what sets
    today's opportunities apart from it, in number and mean value, is taken to last as it did in the
    past. Before a step, the best mixture of multipliers for the rest of the day is sought that
    keeps within what is left of the budget, and within the task's limit with all that was spent and
    won so far. Its
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
        lineup: Line-up, its name or its path, that plays all seats of the training episodes. It
            must not hold bidders that learn against it in turn.
    """

    def __init__(
        self,
        table: ResponseTable | str | os.PathLike[str] | None = None,
        episodes: int = 8,
        every: int = 1,
        margin: float | tuple[float, float] = (0.9, 1.1),
        factor: float | tuple[float, float] = (0.8, 1.25),
        noise: float | tuple[float, float] = (0.02, 0.2),
        lineup: LineupConfig | str = "mixed",
    ) -> None:
        if isinstance(table, str | os.PathLike):
            table = ResponseTable.load(table)
        self._table = table
        self._learns = table is None
        self._episodes = check_integer("episodes", episodes, 1, 10_000, "Use 8, say.")
        self._lineup = load_lineup(lineup)
        self._every = check_integer("every", every, 1, 2**31 - 1, "Use 1 to solve every step.")
        self._margin, self._factor = spread("margin", margin), spread("factor", factor)
        self._noise = spread("noise", noise, zero=True)

    def prepare(self, market: MarketConfig) -> None:
        """Simulate training episodes of the market, unless a table was given."""
        if self._learns:
            self._table = learn(market, self._episodes, self._lineup)

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
        won = np.zeros((len(self.campaigns), 3))
        won[:, COST] = observation.cost
        won[:, CONVERSIONS] = observation.expected_conversions
        won[:, VALUE] = observation.expected_value
        wanted = np.empty(len(self.campaigns))
        decide(
            step % self._every == 0, self._places, step, table.remaining, table.lasting,
            table.multipliers, self._surprise(table, observation), won,
            np.maximum(observation.remaining_budget, 0.0), self._allowed,
            _OVERRUN / self.campaigns.reference, self._prices, wanted,
        )  # fmt: skip
        return wanted * self._factors[:, step]

    def _surprise(self, table: ResponseTable, observation: Observation) -> Float64Array:
        """Return today's mean value and volume over those of the table, (seats, 2)."""
        step, surprise = observation.step, np.ones((len(self.campaigns), 2))
        value = table.mean_value.reshape(-1, table.steps)[self._places, step]
        seen = observation.features[:, _MEAN_VALUE]
        known = (value > 0.0) & (seen > 0.0)
        surprise[known, 0] = seen[known] / value[known]
        if table.volume[step] > 0.0:
            surprise[:, 1] = observation.features[:, _VOLUME] / table.volume[step]
        return np.clip(surprise, [[1.0 / _LARGEST_SURPRISE, 0.0]], _LARGEST_SURPRISE)


@njit(cache=True, nogil=True)
def decide(  # type: ignore[no-untyped-def]
    solve, places, step, remaining, lasting, grid, surprise, won, budget, allowed, overrun, prices,
    wanted,
):  # fmt: skip
    """Write the multiplier of each seat, and its dual prices if they are to be solved anew.

    Seats do not mix. Arrays of `ResponseTable` are followed by, for each seat: surprise (seats, 2)
    as of `outlook`, what was spent and won (seats, 3), budget left, what the limit allows to spend
    a unit of each (seats, 3), the price of an overrun, and what is written: prices (seats, 2) of
    budget and limit, and wanted (seats,).
    """
    ahead, lasts = (
        remaining.reshape(-1, *remaining.shape[2:]),
        lasting.reshape(-1, *lasting.shape[2:]),
    )
    for seat in range(places.size):
        place, allows, price = places[seat], allowed[seat], prices[seat]
        curve = outlook(ahead[place, step], lasts[place, step], grid, surprise[seat])
        cost, value = curve[:, 0].copy(), curve[:, 2].copy()
        credit = curve[:, 1] * allows[1] + value * allows[2]
        if solve:
            excess, slack = cost - credit, won[seat, 1] * allows[1] + won[seat, 2] * allows[2]
            slack -= won[seat, 0]
            if allows[1] == 0.0 and allows[2] == 0.0:
                excess[:], slack = 0.0, 0.0
            found = solve_mixture(value, cost, excess, budget[seat], slack, overrun[seat])
            price[0], price[1] = found.budget_price, found.limit_price
        wanted[seat] = _peak(grid, value + price[1] * credit - (price[0] + price[1]) * cost)


@njit(cache=True, nogil=True)
def outlook(remaining, lasting, grid, surprise):  # type: ignore[no-untyped-def]
    """What multipliers will buy in the rest of the day, (M, 3), given what sets today apart.

    As long as it lasts, opportunities are `surprise[0]` times as valuable and `surprise[1]` times
    as many. With values f times as high, a multiplier bids what f times it bid before: it buys the
    same opportunities at the same cost, worth f times as much.

    Args:
        remaining: (M, 3) expected in the mean.
        lasting: (M, 3) the part of it that today's differences bear upon.
        grid: (M,) multipliers.
        surprise: (2,) of value and volume, 1 for none.
    """
    result, j = np.empty(remaining.shape), 0
    for m in range(grid.size):
        reach = min(grid[m] * surprise[0], grid[-1])
        while j < grid.size - 2 and grid[j + 1] < reach:
            j += 1
        share = (reach - grid[j]) / (grid[j + 1] - grid[j]) if grid.size > 1 else 0.0
        for i in range(3):
            low, high = lasting[j, i], lasting[min(j + 1, grid.size - 1), i]
            # Below the grid, in proportion to the multiplier.
            bought = low + share * (high - low) if share >= 0.0 else low * reach / grid[j]
            worth = 1.0 if i == 0 else surprise[0]
            bought *= worth * surprise[1]
            result[m, i] = max(remaining[m, i] + bought - lasting[m, i], 0.0)
    return result


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
