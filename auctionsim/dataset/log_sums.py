"""Adding the rows of a log up by delivery period, step and advertiser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.dataset.log_columns import LogBatch, check_values
from auctionsim.errors import AuctionSimError, invalid_data

Array = NDArray[np.float64]
Places = NDArray[np.int64]

SUMS: tuple[str, ...] = (
    "rows",
    "bid",
    "market_price",
    "value",
    "conversions",
    "win",
    "cost",
    "reward",
    "expected",
)
FIRSTS: tuple[str, ...] = ("remaining_budget", "ended")
#: What is added up of logs of our own only, and taken from the first row of each cell.
OWN_SUMS: tuple[str, ...] = ("realised", "expected_value")
OWN_FIRSTS: tuple[str, ...] = ("multiplier", "active")
_FIRST_COLUMNS: dict[str, str] = {
    "remaining_budget": "remainingBudget",
    "ended": "isEnd",
    "multiplier": "playedMultiplier",
    "active": "isActive",
}
CAMPAIGN: dict[str, str] = {
    "budget": "budget",
    "cpa_target": "CPAConstraint",
    "category": "advertiserCategoryIndex",
}
_MOST_CELLS = 1_000_000
_CUT = "The log looks cut off or mixed up; get it anew."
_PART = (
    "Trajectories need all steps: generate it with all of them (`logs.steps` empty), in a market "
    "with opportunities in each."
)


@dataclass(frozen=True)
class PeriodSums:
    """One delivery period, added up; tables have shape (steps, advertisers).

    Attributes:
        period: Its deliveryPeriodIndex.
        advertisers: Their numbers, ascending, shape (advertisers,).
        sums: Tables by the names of `SUMS`. "rows" counts opportunities; "conversions" and "win"
            take every row, while "cost", "reward" (conversions) and "expected" (conversion
            probability) take the rows that were exposed. A log of our own has those of `OWN_SUMS`
            too, over exposed rows: what conversions were worth, and the expectation of it; and its
            "value" counts what a conversion is known to be worth, its "expected" true probability.
        firsts: Tables by the names of `FIRSTS`, from the first row of each cell; of a log of our
            own those of `OWN_FIRSTS` too.
        campaign: Budget, CPA target and category, shape (advertisers,).
    """

    period: int
    advertisers: Places
    sums: dict[str, Array]
    firsts: dict[str, Array]
    campaign: dict[str, Array]


class PeriodAdder:
    """Adds the rows of one period up, batch by batch.

    Sums run over the rows in their order, one by one in float64, so the result does not depend on
    where batches end.

    Args:
        period: Its deliveryPeriodIndex.
        own: Whether its log is of our own.
    """

    def __init__(self, period: int, own: bool = False) -> None:
        self.period, self._own = period, own
        self._steps: Places = np.empty(0, np.int64)
        self._advertisers: Places = np.empty(0, np.int64)
        self._sums: dict[str, Array] = {
            name: np.zeros((0, 0)) for name in (*SUMS, *(OWN_SUMS if own else ()))
        }
        self._firsts: dict[str, Array] = {
            name: np.zeros((0, 0)) for name in (*FIRSTS, *(OWN_FIRSTS if own else ()))
        }
        self._campaign: dict[str, Array] = {name: np.zeros(0) for name in CAMPAIGN}

    def add(self, batch: LogBatch, rows: slice) -> None:
        """Add rows of a batch, all of this period, whose values were checked.

        Raises:
            InvalidDataError: If budget, CPA constraint or category change within an advertiser, or
                a log of our own goes on as another, or the other way round.
        """
        if batch.own != self._own:
            rule = f"must be in all rows of period {self.period} or in none"
            found = f"rows with and without, {batch.at(rows.start)}"
            raise invalid_data("knownValue", rule, found, _CUT)
        columns = {name: values[rows] for name, values in batch.columns.items()}
        steps = columns["timeStepIndex"].astype(np.int64)
        advertisers = columns["advertiserNumber"].astype(np.int64)
        self._make_room(steps, advertisers)
        seats = np.searchsorted(self._advertisers, advertisers)
        cells = np.searchsorted(self._steps, steps) * len(self._advertisers) + seats
        for name, source in CAMPAIGN.items():
            _set_first(self._campaign[name], seats, columns[source])
            changed = self._campaign[name][seats] != columns[source]
            if changed.any():
                row = int(np.argmax(changed))
                where = f"{batch.at(rows.start + row)} (advertiser {advertisers[row]})"
                rule = f"must stay {self._campaign[name][seats[row]]:g} within a period, in {where}"
                raise invalid_data(source, rule, columns[source][row], _CUT)
        for name, table in self._firsts.items():
            _set_first(table.reshape(-1), cells, columns[_FIRST_COLUMNS[name]])
        for name, amounts in _amounts(columns).items():
            np.add.at(self._sums[name].reshape(-1), cells, amounts)

    @property
    def last_step(self) -> int:
        """The largest step met so far, -1 for none."""
        return int(self._steps[-1]) if len(self._steps) else -1

    def finish(self) -> PeriodSums:
        """Return the sums once all rows were added.

        Raises:
            InvalidDataError: If steps or rows are missing.
        """
        self._check_complete()
        return PeriodSums(self.period, self._advertisers, self._sums, self._firsts, self._campaign)

    def _make_room(self, steps: Places, advertisers: Places) -> None:
        """Widen the tables for steps and advertisers that were not met before."""
        new_steps = np.union1d(self._steps, steps) if _unknown(self._steps, steps) else self._steps
        old = self._advertisers
        new = np.union1d(old, advertisers) if _unknown(old, advertisers) else old
        if len(new_steps) * len(new) > _MOST_CELLS:
            found = f"{len(new_steps)} steps x {len(new)} advertisers in period {self.period}"
            rule = f"must have at most {_MOST_CELLS} steps x advertisers a period"
            raise invalid_data("log", rule, found, "Check timeStepIndex and advertiserNumber.")
        if len(new_steps) == len(self._steps) and len(new) == len(old):
            return
        shape = (len(new_steps), len(new))
        places = np.ix_(np.searchsorted(new_steps, self._steps), np.searchsorted(new, old))
        for tables, empty in ((self._sums, 0.0), (self._firsts, np.nan)):
            for name, table in tables.items():
                tables[name] = np.full(shape, empty)
                tables[name][places] = table
        for name, table in self._campaign.items():
            self._campaign[name] = np.full(len(new), np.nan)
            self._campaign[name][places[1][0]] = table
        self._steps, self._advertisers = new_steps, new

    def _check_complete(self) -> None:
        steps, rows = self._steps, self._sums["rows"]
        if self._own:
            self._check_all_logged()
        gaps = np.flatnonzero(steps != np.arange(len(steps)))
        if gaps.size:
            rule = f"must run through 0, 1, 2, … in period {self.period}"
            raise invalid_data("timeStepIndex", rule, f"no step {gaps[0]}", _CUT)
        uneven = np.argwhere(rows != rows[:, :1])
        if uneven.size:
            step, seat = uneven[0]
            rule = f"must have as many rows as the others in step {step} of period {self.period}"
            found = f"{rows[step, seat]:.0f} instead of {rows[step, 0]:.0f}"
            raise invalid_data(f"advertiser {self._advertisers[seat]}", rule, found, _CUT)
        if np.any(self._firsts["ended"][-1] != 1.0):
            rule = f"must be 1 in the last step of period {self.period}"
            raise invalid_data("isEnd", rule, f"0 in step {len(steps) - 1}", _CUT)

    def _check_all_logged(self) -> None:
        """Raise if not all steps of a log of our own were logged, or had anything to log."""
        steps = self._steps.tolist()
        if steps != list(range(len(steps))) or np.any(self._firsts["ended"][-1] != 1.0):
            rule = f"must hold all steps of period {self.period}"
            found = f"only {', '.join(map(str, steps[:8]))}{', …' if len(steps) > 8 else ''}"
            raise invalid_data("timeStepIndex", rule, found, _PART)


def add_up(batches: Iterable[LogBatch]) -> Iterator[PeriodSums]:
    """Check and add up a log; yields each period as the next one begins, holding one at a time.

    Args:
        batches: All rows; those of a period follow one another, in any order among themselves.

    Yields:
        The sums of each period.

    Raises:
        InvalidDataError: For values against their column's rule, or an incomplete period.
    """
    adder: PeriodAdder | None = None
    seen: set[int] = set()
    before: LogBatch | None = None
    for batch in batches:
        check_values(batch)
        if adder is not None and before is not None and _new_file(before, batch):
            _check_goes_on(adder, batch)
        before = batch
        periods = batch.columns["deliveryPeriodIndex"]
        ends = [*(np.flatnonzero(np.diff(periods)) + 1).tolist(), len(batch)]
        start = 0
        for end in ends:
            period = int(periods[start])
            if adder is None or adder.period != period:
                if adder is not None:
                    yield adder.finish()
                if period in seen:
                    raise _came_back(period, batch.at(start))
                seen.add(period)
                adder = PeriodAdder(period, batch.own)
            adder.add(batch, slice(start, end))
            start = end
    if adder is not None:
        yield adder.finish()


def _amounts(columns: dict[str, Array]) -> dict[str, Array | float]:
    """Return what each row adds to each of `SUMS`, and of `OWN_SUMS` in a log of our own."""
    exposed = columns["isExposed"]
    amounts: dict[str, Array | float] = {
        "rows": 1.0,
        "bid": columns["bid"],
        "market_price": columns["leastWinningCost"],
        "value": columns["pValue"],
        "conversions": columns["conversionAction"],
        "win": columns["xi"],
        "cost": columns["cost"] * exposed,
        "reward": columns["conversionAction"] * exposed,
        "expected": columns["pValue"] * exposed,
    }
    if "knownValue" in columns:
        told, value = columns["pValue"], columns["knownValue"]
        true = np.minimum(told * columns["biasFactor"], 1.0)
        ratio = np.divide(true, told, out=np.zeros_like(told), where=told > 0.0)
        amounts |= {
            "value": value,
            "realised": columns["conversionValue"] * exposed,
            "expected": true * exposed,
            "expected_value": value * ratio * exposed,
        }
    return amounts


def _set_first(table: Array, places: Places, values: Array) -> None:
    """Set table[place] to the first value met there, where the table holds nan."""
    fresh = np.flatnonzero(np.isnan(table[places]))[::-1]
    # Backwards: of several writes to a place the last one stays.
    table[places[fresh]] = values[fresh]


def _unknown(known: Places, values: Places) -> bool:
    if not known.size:
        return True
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return bool(np.any(known[places] != values))


def _new_file(before: LogBatch, batch: LogBatch) -> bool:
    return batch.source != before.source or batch.first_row < before.first_row


def _check_goes_on(adder: PeriodAdder, batch: LogBatch) -> None:
    """Raise if a file begins the period anew in which the one before it ended: a second copy."""
    mine = batch.columns["deliveryPeriodIndex"] == adder.period
    steps = batch.columns["timeStepIndex"][mine]
    if steps.size and steps.min() < adder.last_step:
        rule = f"must go on from step {adder.last_step} where period {adder.period} continues"
        found = f"step {steps.min():.0f} in {batch.at(int(np.argmax(mine)))}"
        raise invalid_data("timeStepIndex", rule, found, "Give every period once.")


def _came_back(period: int, where: str) -> AuctionSimError:
    rule = "must not come back once another period began"
    mend = "Sort the log by deliveryPeriodIndex, and give every period once."
    return invalid_data("deliveryPeriodIndex", rule, f"{period} again in {where}", mend)
