"""Both bounds of a seat's day, for one run or for many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.hindsight.constants import BestConstant, best_constant
from auctionsim.hindsight.day import SeatDay
from auctionsim.hindsight.optimum import Optimum, linear_optimum
from auctionsim.mechanism.arguments import check_integer
from auctionsim.threads import WORTH_A_THREAD, next_cell, share


@dataclass(frozen=True)
class DayBounds:
    """What was possible on a seat's day.

    Attributes:
        constant: The best constant multiplier, on the very looks of that day.
        optimum: The linear programme's optimum, in expectation over looks.
    """

    constant: BestConstant
    optimum: Optimum


def bounds_of_run(day: SeatDay) -> DayBounds:
    """Return both bounds of one seat's day."""
    return DayBounds(best_constant(day), linear_optimum(day))


def bounds_of_runs(day_of: Callable[[int], SeatDay], runs: int) -> list[DayBounds]:
    """Return the bounds of many runs, on all threads.

    A run's day is made when its turn comes and dropped when it is done, so that no more days than
    there are threads (`auctionsim.threads.get_threads`) are held at a time.

    Args:
        day_of: Makes the day of a run, given its number from 0; called from several threads.
        runs: How many there are, >= 0.

    Returns:
        The bounds in the order of the runs, whatever the number of threads.
    """
    mend = "Give the number of runs that `day_of` can make."
    count = check_integer("runs", runs, 0, 2**31, mend)
    found: list[DayBounds] = [None] * count  # type: ignore[list-item]
    share(_work, count, count * WORTH_A_THREAD, day_of, found)
    return found


def _work(counter: NDArray[np.int64], day_of: Callable[[int], SeatDay], found: list[Any]) -> None:
    try:
        while (run := next_cell(counter)) < len(found):
            found[run] = bounds_of_run(day_of(run))
    except BaseException:
        counter[0] = len(found)  # nobody is to begin another
        raise
