"""What rendering needs of a day: kept step by step, for one advertiser or for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument
from auctionsim.market_checks import as_number
from auctionsim.mechanism.arguments import as_array, check_integer, check_name
from auctionsim.tasks import TASKS

Float64Array = NDArray[np.float64]

_COLUMNS = (
    "multiplier",
    "market_price",
    "cost",
    "wins",
    "exposed_wins",
    "conversions",
    "value",
    "volume",
)
_MATRICES = ("cost", "wins", "value")
_MOST_STEPS = 2**31 - 1
# Sums of costs may miss the budget by so small a share of it.
_ROUNDING = 1e-12


class DayRecord:
    """One advertiser's day so far.

    Args:
        title: Names the day; whitespace in it is made single blanks.
        steps: Steps of the whole day, >= 1.
        budget: In currency, finite and >= 0.
        reference: Multiplier to compare multipliers with, finite and >= 0.
        task: One of `auctionsim.tasks.TASKS`.
        target: Highest CPA for cpa_mcb, lowest ROAS for target_roas, >= 0; None for bcb.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        title: str,
        steps: int,
        budget: float,
        reference: float,
        task: str,
        target: float | None,
    ) -> None:
        self.title = _one_line(title)
        self.steps = _check_steps(steps)
        self.budget = _check_amount("budget", budget)
        self.reference = _check_amount("reference", reference)
        self.task = check_name("task", task, TASKS)
        self.target = _check_target(self.task, target)
        self._rows: list[tuple[float, ...]] = []

    def add(
        self,
        *,
        multiplier: float,
        market_price: float,
        cost: float,
        wins: float,
        exposed_wins: float,
        conversions: float,
        value: float,
        volume: float,
    ) -> None:
        """Keep one step; see `auctionsim.simulator.StepOutcome` for the quantities.

        Raises:
            InvalidArgumentError: If the day has all its steps already.
        """
        _check_not_over(self.played, self.steps)
        self._rows.append(
            (multiplier, market_price, cost, wins, exposed_wins, conversions, value, volume)
        )

    @property
    def played(self) -> int:
        """Steps kept so far."""
        return len(self._rows)

    def column(self, name: str) -> Float64Array:
        """Return a quantity of `add` by step, (steps,); nan for steps to come.

        The market price is nan in steps without opportunities, too: nothing had a price.
        """
        place = _COLUMNS.index(check_name("name", name, _COLUMNS))
        column = np.full(self.steps, np.nan)
        column[: self.played] = [row[place] for row in self._rows]
        if name == "market_price":
            column[self.column("volume") == 0.0] = np.nan
        return column

    def total(self, name: str) -> float:
        """Return the sum of a quantity of `add` so far."""
        return float(np.nansum(self.column(name)))

    def relative_multiplier(self) -> Float64Array:
        """Return multiplier over reference by step, (steps,); nan where the reference is 0."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = self.column("multiplier") / self.reference
        return np.where(np.isfinite(ratio), ratio, np.nan)

    def budget_left(self) -> Float64Array:
        """Return the share of the budget left before each step and after the last, (steps + 1,).

        A budget of 0 has nothing left; nan for times to come.
        """
        return _shares_left(np.array([self.budget]), self.column("cost")[None, :]).ravel()


class MarketRecord:
    """The day so far of all advertisers.

    Args:
        title: Names the day; whitespace in it is made single blanks.
        steps: Steps of the whole day, >= 1.
        names: Of the A advertisers, A >= 1; whitespace in them is made single blanks.
        budgets: In currency, finite and >= 0, (A,).

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """

    def __init__(self, title: str, steps: int, names: tuple[str, ...], budgets: ArrayLike) -> None:
        self.title = _one_line(title)
        self.steps = _check_steps(steps)
        self.names = tuple(_one_line(name) for name in names)
        if not self.names:
            mend = "Name each advertiser."
            raise invalid_argument("names", "must hold a name at least", names, mend)
        self.budgets = _one_each("budgets", budgets, len(self.names))
        if not ((self.budgets >= 0.0) & np.isfinite(self.budgets)).all():
            rule, mend = "must hold finite numbers >= 0", "Use 0 for who has no money."
            raise invalid_argument("budgets", rule, self.budgets.tolist(), mend)
        self._prices: list[float] = []
        self._rows: list[tuple[Float64Array, ...]] = []

    def add(
        self, *, market_price: float, cost: ArrayLike, wins: ArrayLike, value: ArrayLike
    ) -> None:
        """Keep one step: its mean market price, and what each advertiser paid, won and got, (A,).

        Raises:
            InvalidArgumentError: If the day has all its steps already, or an array has another
                shape.
        """
        _check_not_over(self.played, self.steps)
        given = zip(_MATRICES, (cost, wins, value), strict=True)
        row = tuple(_one_each(name, array, len(self.names)) for name, array in given)
        self._prices.append(market_price)
        self._rows.append(row)

    @property
    def played(self) -> int:
        """Steps kept so far."""
        return len(self._rows)

    def market_price(self) -> Float64Array:
        """Return the mean market price by step, (steps,); nan for steps to come."""
        prices = np.full(self.steps, np.nan)
        prices[: self.played] = self._prices
        return prices

    def matrix(self, name: str) -> Float64Array:
        """Return cost, wins or value, (A, steps); nan for steps to come."""
        place = _MATRICES.index(check_name("name", name, _MATRICES))
        matrix = np.full((len(self.names), self.steps), np.nan)
        for step, row in enumerate(self._rows):
            matrix[:, step] = row[place]
        return matrix

    def total(self, name: str) -> Float64Array:
        """Return the sum so far of cost, wins or value of each advertiser, (A,)."""
        return np.asarray(np.nansum(self.matrix(name), axis=1))

    def budget_left(self) -> Float64Array:
        """Return shares of the budgets left before each step and after the last, (A, steps + 1).

        A budget of 0 has nothing left; nan for times to come.
        """
        return _shares_left(self.budgets, self.matrix("cost"))

    def leaders(self, most: int) -> list[int]:
        """Return places of the advertisers with the highest value so far, at most so many.

        Who has no value yet does not lead; equal values stay in the advertisers' order.
        """
        value = self.total("value")
        order = np.argsort(-value, kind="stable")
        return [int(place) for place in order[:most] if value[place] > 0.0]


def _shares_left(budgets: Float64Array, cost: Float64Array) -> Float64Array:
    """Return shares left, (A, steps + 1), of budgets (A,) by cost (A, steps)."""
    before = np.zeros((len(budgets), 1))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spent = np.cumsum(np.hstack([before, cost]), axis=1) / budgets[:, None]
    shares = np.clip(1.0 - spent, 0.0, 1.0)  # nan stays nan
    shares[shares < _ROUNDING] = 0.0
    penniless = budgets == 0.0
    shares[penniless] = np.where(np.isnan(np.hstack([before, cost]))[penniless], np.nan, 0.0)
    return shares


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _one_each(name: str, values: ArrayLike, advertisers: int) -> Float64Array:
    rule = "must hold one number an advertiser"
    array = as_array(name, values, rule)
    if array.shape != (advertisers,) or array.dtype.kind not in "fiu":
        found = f"{array.dtype} of shape {array.shape} for {advertisers} advertiser(s)"
        raise invalid_argument(name, rule, found, "Pass an array of that length.")
    return array.astype(np.float64)


def _check_steps(steps: int) -> int:
    return check_integer("steps", steps, 1, _MOST_STEPS, "Use the market's number of steps.")


def _check_amount(name: str, amount: float) -> float:
    number = as_number(amount)
    if not number >= 0.0:  # true for nan as well
        mend = "Use the campaign's."
        raise invalid_argument(name, "must be a finite number >= 0", amount, mend)
    return number


def _check_target(task: str, target: float | None) -> float | None:
    if task == "bcb":
        if target is not None:
            mend = "Leave it None: bcb has no target."
            raise invalid_argument("target", "must be None for task bcb", target, mend)
        return None
    number = as_number(target)
    if not number >= 0.0:
        rule, mend = f"must be a finite number >= 0 for task {task}", "Use the campaign's."
        raise invalid_argument("target", rule, target, mend)
    return number


def _check_not_over(played: int, steps: int) -> None:
    if played >= steps:
        mend = "Begin a new record with each episode."
        raise invalid_argument("add", f"must be called once in each of {steps} steps", played, mend)
