"""The columns that are read of AuctionNet's logs and of our own, and what each may hold."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_data

_LARGEST_INDEX = float(np.iinfo(np.int32).max)

# What a column may hold: (rule in words, smallest, largest, whole numbers only).
_INDEX = ("must be an integer from 0", 0.0, _LARGEST_INDEX, True)
_SMALL_INDEX = ("must be an integer from 0 to 32767", 0.0, float(np.iinfo(np.int16).max), True)
_FLAG = ("must be 0 or 1", 0.0, 1.0, True)
_PROBABILITY = ("must be a probability, 0 to 1", 0.0, 1.0, False)
_AMOUNT = ("must be finite and >= 0", 0.0, float(np.finfo(np.float32).max), False)
_POSITIVE = ("must be finite and > 0", float(np.finfo(np.float32).tiny), _AMOUNT[2], False)

LOG_COLUMNS: dict[str, tuple[str, float, float, bool]] = {
    "deliveryPeriodIndex": _INDEX,
    "advertiserNumber": _INDEX,
    "advertiserCategoryIndex": _SMALL_INDEX,
    "budget": _AMOUNT,
    "CPAConstraint": _POSITIVE,
    "timeStepIndex": _INDEX,
    "remainingBudget": _AMOUNT,
    "pValue": _PROBABILITY,
    "bid": _AMOUNT,
    "xi": _FLAG,
    "cost": _AMOUNT,
    "isExposed": _FLAG,
    "conversionAction": _FLAG,
    "leastWinningCost": _AMOUNT,
    "isEnd": _FLAG,
}

#: What logs of our own hold beyond AuctionNet's columns; a log has all of them, or the first not.
OWN_COLUMNS: dict[str, tuple[str, float, float, bool]] = {
    # pValue times what a conversion is known to be worth before the bid.
    "knownValue": _AMOUNT,
    # What the conversion was worth; 0 without one.
    "conversionValue": _AMOUNT,
    # The multiplier played in the step; for bids one by one, sum of bids over sum of values.
    "playedMultiplier": _AMOUNT,
    # True over predicted probability; true ones are cut at 1.
    "biasFactor": _AMOUNT,
    # 1 if the advertiser took part in the step.
    "isActive": _FLAG,
}
_MARK = next(iter(OWN_COLUMNS))
_RULES = LOG_COLUMNS | OWN_COLUMNS


@dataclass(frozen=True)
class LogBatch:
    """Some consecutive rows of a log.

    Attributes:
        columns: Float64 arrays by the names of `LOG_COLUMNS`, in a log of our own those of
            `OWN_COLUMNS` too, all of one length.
        source: Name of the file, for messages.
        first_row: Number of the first row, counted the way `row_word` says.
        row_word: "line" (of a text file, the header is line 1) or "row" (from 1).
        read: Bytes of all files read so far, for progress.
    """

    columns: dict[str, NDArray[np.float64]]
    source: str
    first_row: int
    row_word: str
    read: int

    def __len__(self) -> int:
        return len(self.columns["bid"])

    @property
    def own(self) -> bool:
        """Whether it is of a log of our own."""
        return _MARK in self.columns

    def at(self, row: int) -> str:
        """Say where a row lies."""
        return f"{self.row_word} {self.first_row + row} of {self.source}"


def columns_to_read(names: Sequence[str], source: str) -> list[str]:
    """Return the names of the columns to read of a log, given all that it has.

    Raises:
        InvalidDataError: Unless every needed column is there exactly once.
    """
    wanted = [*LOG_COLUMNS, *(OWN_COLUMNS if _MARK in names else ())]
    counts = Counter(names)
    for name in wanted:
        if counts[name] > 1:
            raise invalid_data(
                name, f"must be one column of {source}", f"{counts[name]} of them", "Remove one."
            )
        if counts[name] == 0:
            near = difflib.get_close_matches(name, list(counts), n=1)
            mend = (
                f"Did you mean its column {near[0]!r}?" if near else "Is it AuctionNet's raw log?"
            )
            text = ", ".join(counts)[:200] or "no columns"
            found = text if text.isprintable() else "bytes that are no text"
            raise invalid_data(name, f"must be a column of {source}", found, mend)
    return wanted


def check_values(batch: LogBatch) -> None:
    """Raise `InvalidDataError`, naming column, row and value, for a value against its rule."""
    for name, values in batch.columns.items():
        rule, smallest, largest, whole = _RULES[name]
        # min and max hand NaN on, and comparisons with it are false.
        good = bool(values.min() >= smallest and values.max() <= largest)
        if good and (not whole or not np.any(values % 1.0)):
            continue
        bad = ~((values >= smallest) & (values <= largest))
        row = int(np.argmax(bad if not good else values % 1.0 != 0.0))
        mend = "Mend the row, or leave the file out."
        raise invalid_data(f"{name}", f"{rule} in {batch.at(row)}", values[row], mend)
