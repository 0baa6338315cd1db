"""What real days have beside their profile: unlike volumes, and paths of quality and of prices."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from auctionsim.market_checks import LARGEST_AMOUNT, check_number, require

#: A path, and the factor of a day, stay within this and one over it.
LARGEST_FACTOR = 1000.0
#: Normals that make the factor of a day are cut here, so that no day is beyond all bounds.
LARGEST_DEVIATE = 3.0

_LIMITS = {"volume_by_day": 1.0, "outside_price": LARGEST_AMOUNT}
_LIMITS |= {f"{path}_jump_rate": 50.0 for path in ("quality", "price")}
_LIMITS |= {f"{path}_jump_size": 1.0 for path in ("quality", "price")}
#: Spreads of paths, of prices and of qualities.
LARGEST_SPREAD = 2.0


@dataclass(frozen=True)
class DayConditions:
    """How days differ, and what changes within them; everything is off by default.

    Spreads are standard deviations of logarithms, and all factors have mean 1. A path is the
    exponential of a random walk with jumps (Merton, 1976, "Option pricing when underlying stock
    returns are discontinuous"), less what keeps its mean at 1 in every step. It is drawn anew each
    day and known to nobody: bidders see of it what prices and values tell.

    Attributes:
        volume_by_day: Spread of the day's opportunities around the market's, at most 1. Bidders
            learn of a step's volume when it begins, and of the day's when it is over.
        quality_drift: Spread that the walk of mean probabilities has gathered by the day's end; one
            path for all advertisers.
        quality_jump_rate: Jumps of that path a day, on average, at most 50.
        quality_jump_size: Spread of a jump, at most 1.
        quality_spread: Spread of the quality of each opportunity: a factor on its probabilities for
            all advertisers, which correlates what it is worth to them.
        outside_price: What competitors from outside the market bid for an opportunity: so many
            units of currency a unit of value, times `traffic.mean_probability`, times the path of
            prices. They bid the same for every opportunity of a step, and fill any slot nobody
            outbids them for; so it is the lowest price of a slot. 0 for no competitors.
        price_by_day: Spread of the day's level of that price.
        price_drift: Spread that its walk has gathered by the day's end.
        price_jump_rate: Its jumps a day, on average.
        price_jump_size: Spread of a jump.
    """

    volume_by_day: float = 0.0
    quality_drift: float = 0.0
    quality_jump_rate: float = 0.0
    quality_jump_size: float = 0.0
    quality_spread: float = 0.0
    outside_price: float = 0.0
    price_by_day: float = 0.0
    price_drift: float = 0.0
    price_jump_rate: float = 0.0
    price_jump_size: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            high, given = _LIMITS.get(field.name, LARGEST_SPREAD), getattr(self, field.name)
            number = check_number(f"days.{field.name}", given, 0.0, high)
            object.__setattr__(self, field.name, number)
        for path in ("quality", "price"):
            rate, size = getattr(self, f"{path}_jump_rate"), getattr(self, f"{path}_jump_size")
            rule = f"must be 0 if and only if `days.{path}_jump_size` is"
            mend = "Give both the rate and the size of jumps, or neither."
            require((rate > 0.0) == (size > 0.0), f"days.{path}_jump_rate", rule, rate, mend)
        for name in ("price_by_day", "price_drift", "price_jump_rate"):
            number, rule = getattr(self, name), "must be 0 without an outside_price"
            idle = number > 0.0 and self.outside_price == 0.0
            require(not idle, f"days.{name}", rule, number, "Give days.outside_price as well.")


def largest_day(opportunities: int, days: DayConditions) -> int:
    """Return the most opportunities that a day can have, given the market's."""
    spread = days.volume_by_day
    if spread == 0.0:
        return opportunities
    # Rounded as it is drawn: a little beyond what the arithmetic's last bits may bring.
    most = opportunities * math.exp(spread * LARGEST_DEVIATE - 0.5 * spread * spread)
    return int(most * (1.0 + 1e-9)) + 1


def largest_floor(mean_probability: float, days: DayConditions) -> float:
    """Return the most that competitors from outside can bid for an opportunity, in currency."""
    by_day = math.exp(days.price_by_day * LARGEST_DEVIATE - 0.5 * days.price_by_day**2)
    base = days.outside_price * mean_probability * by_day
    return min(base * LARGEST_FACTOR, LARGEST_AMOUNT) * (1.0 + 1e-6)  # kept as float32
