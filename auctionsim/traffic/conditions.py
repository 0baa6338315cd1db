"""Draws what `auctionsim.day_conditions` describes: a day's volume, and the paths of a day."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from auctionsim.day_conditions import LARGEST_DEVIATE, LARGEST_FACTOR, DayConditions
from auctionsim.market import MarketConfig
from auctionsim.market_checks import LARGEST_AMOUNT
from auctionsim.random_numbers import PURPOSE_DAY, normals, uniforms

Float64Array = NDArray[np.float64]

# Each quantity has counters of its own; those of a path are its own plus the step.
_VOLUME, _PRICE, _QUALITY_PATH, _PRICE_PATH = 0, 1, 1 << 32, 3 << 32
_JUMPS = 1 << 32  # how far the counters of a path's jumps lie above those of its walk
_MOST_JUMPS = 400  # in one step; at 50 on average the chance of more is below 1e-200


def opportunities_of_day(market: MarketConfig, key: int) -> int:
    """Return how many opportunities the day of a key has."""
    if market.days.volume_by_day == 0.0:
        return market.opportunities
    return round(market.opportunities * _day_factor(market.days.volume_by_day, key, _VOLUME))


def quality_path(days: DayConditions, key: int, steps: int) -> Float64Array:
    """Return the factor on mean probabilities in each step, (steps,)."""
    rate, size = days.quality_jump_rate, days.quality_jump_size
    return _path(days.quality_drift, rate, size, key, _QUALITY_PATH, steps)


def outside_bids(market: MarketConfig, key: int) -> NDArray[np.float32]:
    """Return what competitors from outside bid in each step, in currency, (steps,)."""
    days = market.days
    if days.outside_price == 0.0:
        return np.zeros(market.steps, np.float32)
    level = days.outside_price * market.traffic.mean_probability
    level *= _day_factor(days.price_by_day, key, _PRICE)
    rate, size = days.price_jump_rate, days.price_jump_size
    bids = level * _path(days.price_drift, rate, size, key, _PRICE_PATH, market.steps)
    return np.minimum(bids, LARGEST_AMOUNT).astype(np.float32)


def _day_factor(spread: float, key: int, counter: int) -> float:
    """A lognormal factor of mean 1, but for what is cut."""
    z = float(normals(key, counter, 0, PURPOSE_DAY)[0])
    z = min(max(z, -LARGEST_DEVIATE), LARGEST_DEVIATE)
    return math.exp(spread * z - 0.5 * spread * spread)


def _path(
    drift: float, rate: float, size: float, key: int, counter: int, steps: int
) -> Float64Array:
    """The exponential of a random walk with jumps, of mean 1 in each step but for what is cut.

    Args:
        drift: Standard deviation of the walk's last step.
        rate: Jumps a day.
        size: Standard deviation of a jump.
        key: Of the episode.
        counter: First counter of the path.
        steps: Steps of the day.
    """
    if drift == 0.0 and rate == 0.0:
        return np.ones(steps)
    index = counter + np.arange(steps)
    z = normals(key, index, 0, PURPOSE_DAY).astype(np.float64)
    moves = drift / math.sqrt(steps) * z[:, 0] - 0.5 * drift * drift / steps
    draws = uniforms(key, index + _JUMPS, 0, PURPOSE_DAY)[:, 0]
    # Jumps of one step together: a normal whose variance is their number times that of one.
    moves += size * np.sqrt(_poisson(draws, rate / steps)) * z[:, 1]
    moves -= rate / steps * math.expm1(0.5 * size * size)
    limit = math.log(LARGEST_FACTOR)
    return np.exp(np.clip(np.cumsum(moves), -limit, limit))


def _poisson(draws: Float64Array, mean: float) -> NDArray[np.int64]:
    """Numbers of a Poisson distribution by their distribution function, from uniforms."""
    ratios = mean / np.arange(1, _MOST_JUMPS + 1)
    cumulative = math.exp(-mean) * np.cumsum(np.concatenate([[1.0], np.cumprod(ratios)]))
    return np.searchsorted(cumulative, draws).astype(np.int64)
