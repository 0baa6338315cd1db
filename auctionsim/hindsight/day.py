"""One seat's day in arrays: all that a bound in hindsight needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.mechanism.arguments import check_exposure, check_name
from auctionsim.tasks import TASKS

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SeatDay:
    """The opportunities of one seat and day, in order of arrival, and what the seat was to do.

    Arrays are taken as they are, without a copy, where they have the type named here.

    Attributes:
        task: One of `auctionsim.tasks.TASKS`.
        budget: In currency, >= 0.
        target: CPA target (cpa_mcb), ROAS target (target_roas), > 0; not used for bcb.
        min_remaining_budget: Who begins a step with less left sits it out; in currency.
        reference: The multiplier around which the best constant one is sought, > 0: the CPA target,
            1 / ROAS target, or the market's reference price.
        value: (N,) float32 v as told: bids are multiples of it.
        worth: (N,) float32 true v, what counts as value.
        chance: (N,) float32 true p, what counts as conversions. Pass the same array as `worth`
            where conversions are worth 1: then the limit of cpa_mcb is found much faster.
        price: (S, N) float32 what each slot costs if it is seen, in currency, falling along slots;
            infinite where it cannot be had.
        seen: (N,) uint8 how many slots the viewer looked at.
        exposure: (S,) float64 probability that each slot is seen, falling.
        starts: (T + 1,) int64 where steps begin: from 0, rising, to N.
    """

    task: str
    budget: float
    value: Singles
    worth: Singles
    chance: Singles
    price: Singles
    seen: NDArray[np.uint8]
    exposure: Doubles
    starts: NDArray[np.int64]
    reference: float
    target: float = float("nan")
    min_remaining_budget: float = 0.0
    _same: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        check_name("task", self.task, TASKS)
        self._check_numbers()
        self._set("price", np.ascontiguousarray(self.price, np.float32))
        if self.price.ndim != 2:
            rule = "must have two dimensions (slots, opportunities)"
            mend = "For one slot pass price[None, :]."
            raise invalid_argument("price", rule, f"shape {self.price.shape}", mend)
        slots, count = self.price.shape
        for name in ("value", "worth", "chance"):
            self._take_row(name, np.float32, count)
        self._take_row("seen", np.uint8, count)
        self._set("exposure", check_exposure(self.exposure, slots))
        self._check_amounts()
        self._check_starts(count)
        same = self.worth is self.chance or np.array_equal(self.worth, self.chance)
        self._set("_same", bool(same))

    @property
    def credit(self) -> Singles:
        """(N,) what the spend that the task's limit allows is a multiple of (see `allowance`)."""
        return self.chance if self.task == "cpa_mcb" and not self._same else self.worth

    @property
    def allowance(self) -> float:
        """Spend allowed per unit of `credit`, in currency; a very large number without a limit."""
        if self.task == "bcb":
            return 1e300
        return self.target if self.task == "cpa_mcb" else 1.0 / self.target

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _take_row(self, name: str, dtype: type[Any], count: int) -> None:
        row = np.ascontiguousarray(getattr(self, name), dtype)
        if row.shape != (count,):
            rule = f"must have shape ({count},), as `price` has {count} opportunities"
            mend = "Pass arrays of the same opportunities."
            raise invalid_argument(name, rule, f"shape {row.shape}", mend)
        self._set(name, row)

    def _check_numbers(self) -> None:
        names = ["budget", "min_remaining_budget", "reference"]
        names += ["target"] if self.task != "bcb" else []
        for name in names:
            number, positive = getattr(self, name), name in ("reference", "target")
            good = 0.0 < number < 1e300 if positive else 0.0 <= number < 1e300  # no for nan
            if not good:
                rule = f"must be a number {'> 0' if positive else '>= 0'}, below 1e300"
                raise invalid_argument(name, rule, number, "Give it in currency.")

    def _check_amounts(self) -> None:
        for name in ("value", "worth", "chance"):
            row = getattr(self, name)
            if row.size and not (row.min() >= 0.0 and row.max() < np.inf):  # no for nan as well
                found = row[np.argmax(~(np.isfinite(row) & (row >= 0.0)))]
                raise invalid_data(name, "must be finite and >= 0", found, "Use 0 for no interest.")
        pairs = zip(self.price[:-1], self.price[1:], strict=True)
        falling = all((dear >= cheap).all() for dear, cheap in pairs)
        if self.price.size and not (falling and self.price[-1].min() >= 0.0):
            rule = "must be >= 0 and fall along slots at every opportunity"
            mend = "Put the first slot first; use infinity for a slot that cannot be had."
            raise invalid_data("price", rule, "a price that does not", mend)

    def _check_starts(self, count: int) -> None:
        starts = np.ascontiguousarray(self.starts, np.int64)
        good = starts.ndim == 1 and starts.size > 0 and starts[0] == 0 and starts[-1] == count
        if not (good and (np.diff(starts) >= 0).all()):
            rule = f"must rise from 0 to {count}, the number of opportunities"
            raise invalid_argument("starts", rule, starts, "Append the number of opportunities.")
        self._set("starts", starts)


def strict_score(cost: Doubles, worth: Doubles, credit: Doubles, allowance: float) -> Doubles:
    """Return the strict Score of `auctionsim.tasks` from what a day brought.

    For both limits it is worth * min(allowed spend / cost, 1)^2, with the spend allowed being
    allowance * credit; without cost no limit is broken.

    Args:
        cost: In currency.
        worth: Value, expected or realised.
        credit: What the allowed spend is a multiple of.
        allowance: By which multiple; see `SeatDay.allowance`.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.where(cost > 0.0, allowance * credit / cost, 1.0)
    score: Doubles = worth * np.minimum(share, 1.0) ** 2
    return score
