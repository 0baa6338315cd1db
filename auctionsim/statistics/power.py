"""How many episodes tell a difference: the power of a paired comparison."""

from __future__ import annotations

import math

from scipy import special

from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import check_integer
from auctionsim.statistics.arguments import check_positive, check_share
from auctionsim.statistics.components import VarianceComponents

_MEND = "Correct it."
_MOST_EPISODES = 10_000_000


def power(
    components: VarianceComponents,
    difference: float,
    episodes: int,
    seats: int,
    *,
    level: float = 0.05,
    fixed_seats: bool = True,
) -> float:
    """Return the chance that a two-sided test shows a true difference.

    The test is Student's, on the means over seats of `episodes` episodes.

    Args:
        components: Of paired differences between two methods.
        difference: The true mean difference, in the values' unit, > 0.
        episodes: Test episodes, from 2.
        seats: Seats played in each.
        level: Chance of a false claim.
        fixed_seats: Whether the claim is about these very seats; else about seats like them, whose
            spread no number of episodes averages out. The test must then resample seats too; the
            degrees of freedom are taken to be the smaller of the two numbers less one.
    """
    episodes = check_integer("episodes", episodes, 2, _MOST_EPISODES, _MEND)
    seats = check_integer("seats", seats, 1 if fixed_seats else 2, 2**31 - 1, _MEND)
    difference, level = check_positive("difference", difference), check_share("level", level)
    return _power(components, difference, episodes, seats, level, fixed_seats)


def _power(
    components: VarianceComponents,
    difference: float,
    episodes: int,
    seats: int,
    level: float,
    fixed_seats: bool,
) -> float:
    variance = components.episode / episodes + components.residual / (episodes * seats)
    degrees = episodes - 1
    if not fixed_seats:
        variance += components.seat / seats
        degrees = min(degrees, seats - 1)
    if variance == 0.0:
        return 1.0
    shift = difference / math.sqrt(variance)
    limit = float(special.stdtrit(degrees, 1.0 - level / 2))
    # The other tail's chance is left out: a claim of the wrong sign is no success.
    missed = float(special.nctdtr(degrees, shift, limit))
    return 1.0 if math.isnan(missed) else 1.0 - missed


def episodes_needed(
    components: VarianceComponents,
    difference: float,
    seats: int,
    power: float = 0.8,
    level: float = 0.05,
    fixed_seats: bool = True,
) -> int | None:
    """Return the fewest test episodes with which a difference shows, None if no number does.

    Args:
        components: Of paired differences between two methods.
        difference: The true mean difference, in the values' unit, > 0.
        seats: Seats played in each episode.
        power: Wanted chance to show it.
        level: Chance of a false claim.
        fixed_seats: See `power`; only with random seats can the answer be None.
    """
    seats = check_integer("seats", seats, 1 if fixed_seats else 2, 2**31 - 1, _MEND)
    difference, level = check_positive("difference", difference), check_share("level", level)
    wanted = check_share("power", power)

    def enough(episodes: int) -> bool:
        return _power(components, difference, episodes, seats, level, fixed_seats) >= wanted

    high = 2
    while not enough(high):
        if high >= _MOST_EPISODES:
            return None
        high *= 2
    low = max(2, high // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def detectable_difference(
    components: VarianceComponents,
    episodes: int,
    seats: int,
    power: float = 0.8,
    level: float = 0.05,
    fixed_seats: bool = True,
) -> float:
    """Return the smallest difference that shows with `power`, in the values' unit.

    Args:
        components: Of paired differences between two methods.
        episodes: Test episodes, from 2.
        seats: Seats played in each.
        power: Wanted chance to show it.
        level: Chance of a false claim.
        fixed_seats: See `power`.
    """
    episodes = check_integer("episodes", episodes, 2, _MOST_EPISODES, _MEND)
    seats = check_integer("seats", seats, 1 if fixed_seats else 2, 2**31 - 1, _MEND)
    level, wanted = check_share("level", level), check_share("power", power)
    if components == VarianceComponents(0.0, 0.0, 0.0):
        rule, mend = "must hold a variance > 0", "Measure them on results that differ."
        raise invalid_argument("components", rule, components, mend)
    low, high = 0.0, math.sqrt(components.episode + components.seat + components.residual)
    while _power(components, high, episodes, seats, level, fixed_seats) < wanted:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = (low + high) / 2
        if _power(components, middle, episodes, seats, level, fixed_seats) < wanted:
            low = middle
        else:
            high = middle
    return high
