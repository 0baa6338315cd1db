"""What an observation holds: one table for spaces, scaling, documentation and tests."""

from __future__ import annotations

import math
from typing import NamedTuple

from auctionsim.day_conditions import LARGEST_FACTOR, largest_day, largest_floor
from auctionsim.envs.volume import largest_volume
from auctionsim.market import MarketConfig
from auctionsim.tasks import TASKS

#: Largest of the normals that opportunities are drawn from: 2^-32 is their smallest uniform.
LARGEST_NORMAL = 6.7
#: Actions reach from 1 / ACTION_BASE to ACTION_BASE times the reference.
ACTION_BASE = 20.0

# Bounds and scales of strange markets stay finite in float32, and their quotients in float64.
_SMALLEST, _LARGEST = 1e-30, 1e37


class Entry(NamedTuple):
    """One entry of an observation.

    Attributes:
        name: Its name.
        meaning: What it is.
        unit: In what unit.
        scale: What it is divided by when observations are scaled: factors out of `SYMBOLS` and
            numbers, "/" before a divisor.
        high: Its largest value before scaling, in the same form; the smallest is 0.
    """

    name: str
    meaning: str
    unit: str
    scale: str
    high: str


#: Constants of a market that scales and bounds are made of, and what they are.
SYMBOLS: dict[str, str] = {
    "N": "most opportunities that a day can have, at least 1",
    "T": "steps a day",
    "V": "most opportunities that a step can have, at least 1",
    "p": "mean conversion probability",
    "w": "slots per advertiser, at most 1",
    "r": "reference price of the market",
    "v": "largest value that an opportunity can have",
    "b": "largest bid (20 times the largest reference times v), or the highest reserve if higher",
    "B": "middle budget (geometric mean of lowest and highest)",
    "Bmax": "highest budget",
    "C": "middle CPA target",
    "Cmax": "highest CPA target",
    "R": "middle ROAS target",
    "Rmax": "highest ROAS target, in value a unit of currency",
}

#: The entries, in order: the features of `auctionsim.observation`, then what the task asks.
TABLE: tuple[Entry, ...] = (
    Entry("time_left", "steps to come", "share", "1", "1"),
    Entry("budget_left", "budget left", "share", "1", "1"),
    Entry("mean_bid", "own bid, all steps", "currency", "r p", "b"),
    Entry("mean_bid_last_3", "own bid, last 3 steps", "currency", "r p", "b"),
    Entry("mean_market_price", "price, all steps", "currency", "r p", "b"),
    Entry("mean_value", "value, all steps", "value", "p", "v"),
    Entry("mean_conversions", "conversions, all steps", "share", "w p", "1"),
    Entry("mean_win", "wins, all steps", "share", "w", "1"),
    Entry("mean_market_price_last_3", "price, last 3 steps", "currency", "r p", "b"),
    Entry("mean_value_last_3", "value, last 3 steps", "value", "p", "v"),
    Entry("mean_conversions_last_3", "conversions, last 3", "share", "w p", "1"),
    Entry("mean_win_last_3", "wins, last 3 steps", "share", "w", "1"),
    Entry("current_mean_value", "value, coming step", "value", "p", "v"),
    Entry("current_volume", "volume, coming step", "count", "N / T", "V"),
    Entry("volume_last_3", "volume, last 3 steps", "count", "3 N / T", "3 V"),
    Entry("volume_so_far", "volume, all steps", "count", "N", "N"),
    Entry("last_cost_ratio", "last cost over budget", "share", "1 / T", "1"),
    Entry("budget", "the budget", "currency", "B", "Bmax"),
    Entry("cpa_target", "highest CPA, or 0", "currency", "C", "Cmax"),
    Entry("roas_target", "lowest ROAS, or 0", "ratio", "R", "Rmax"),
    *(Entry(f"is_{task}", f"task is {task}", "0 or 1", "1", "1") for task in TASKS),
)


def market_constants(market: MarketConfig) -> dict[str, float]:
    """Return the value of each of `SYMBOLS` in a market."""
    terms = market.campaigns
    cpa, per_roas, price = terms.cpa_target, terms.inverse_roas_target, terms.reference_price
    value = largest_value(market)
    bid = ACTION_BASE * max(cpa[1], per_roas[1], price) * value
    floor = largest_floor(market.traffic.mean_probability, market.days)
    constants: dict[str, float] = {
        "N": max(largest_day(market.opportunities, market.days), 1),
        "T": market.steps,
        "V": max(largest_volume(market), 1),
        "p": market.traffic.mean_probability,
        "w": min(market.slots / market.advertisers, 1.0),
        "r": price,
        "v": value,
        "b": max(bid, market.reserve_price, floor),
        "B": math.sqrt(terms.budget[0] * terms.budget[1]),
        "Bmax": terms.budget[1],
        "C": math.sqrt(cpa[0] * cpa[1]),
        "Cmax": cpa[1],
        "R": 1.0 / math.sqrt(per_roas[0] * per_roas[1]),
        "Rmax": 1.0 / per_roas[0],
    }
    return constants


def largest_value(market: MarketConfig) -> float:
    """Return a bound on the value p e of any opportunity of a market for anybody."""
    traffic, days = market.traffic, market.days
    spread = max(market.values.known.values(), default=0.0)
    mean = traffic.mean_probability * (1.0 + traffic.category_spread)
    mean *= 1.0 + traffic.advertiser_spread
    if days.quality_drift > 0.0 or days.quality_jump_rate > 0.0:
        mean *= LARGEST_FACTOR
    # The deviation within a step is at most the mean; a probability is at most 1.
    probability = min(mean * (1.0 + LARGEST_NORMAL) * _largest_lognormal(days.quality_spread), 1.0)
    # Drawn in float32, whose steps are 6e-8.
    return probability * _largest_lognormal(spread) * (1.0 + 1e-5)


def _largest_lognormal(spread: float) -> float:
    return math.exp(spread * LARGEST_NORMAL - 0.5 * spread * spread)


def amount_of(formula: str, constants: dict[str, float]) -> float:
    """Work out a formula of the table: factors one after the other, "/" before a divisor.

    The result is kept within limits that float32 has room for.
    """
    result, divides = 1.0, False
    for word in formula.split():
        if word == "/":
            divides = True
            continue
        number = constants[word] if word in constants else float(word)
        result, divides = (result / number if divides else result * number), False
    return within_range(result)


def within_range(number: float) -> float:
    """Return the nearest number that scales and bounds may be."""
    return min(max(number, _SMALLEST), _LARGEST)


def markdown_table() -> list[str]:
    """Return the table as lines of Markdown, as it stands in the documentation."""
    cells = [("Num", "Name", "Meaning", "Unit", "Scale", "Min", "Max")]
    cells += [
        (str(place), entry.name, entry.meaning, entry.unit, entry.scale, "0", entry.high)
        for place, entry in enumerate(TABLE)
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [rows[0], ruler, *rows[1:]]
