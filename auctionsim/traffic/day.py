"""The day ahead: an episode's volumes, mean probabilities and biases, before any opportunity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.market import MarketConfig, Traffic
from auctionsim.random_numbers import (
    PURPOSE_ADVERTISER,
    PURPOSE_CATEGORY,
    PURPOSE_STREAM,
    PURPOSE_TRAFFIC,
    derive_key,
    normals,
    uniforms,
)
from auctionsim.traffic.conditions import opportunities_of_day, outside_bids, quality_path

Float64Array = NDArray[np.float64]

# An advertiser's draws share one purpose; each quantity has its own range of counters.
_PROFILE, _DEVIATION, _ERROR, _DEVIATION_STEP = 0, 1 << 20, 2 << 20, 3 << 20


@dataclass(frozen=True)
class Day:
    """One episode's traffic parameters for A advertisers and T steps.

    Attributes:
        key: 64-bit key of the episode.
        step_keys: 64-bit keys of the steps, (T,); every draw of a step is made under its key.
        volumes: Opportunities a step, (T,).
        mean: Mean conversion probability, (T, A).
        deviation: Standard deviation of the probability within a step, (T, A).
        error_ratio: Prediction error sigma over probability, (A,).
        bias: True over predicted probability, (A,); 1 where the market has no bias.
        floor: What competitors from outside bid on every opportunity of a step, in currency, (T,)
            float32; 0 where there are none.
        quality_spread: Spread of the logarithm of the quality of opportunities.
    """

    key: int
    step_keys: NDArray[np.uint64]
    volumes: NDArray[np.int64]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    error_ratio: Float64Array
    bias: Float64Array
    floor: NDArray[np.float32]
    quality_spread: float = 0.0


def episode_key(seed: int, episode: int) -> int:
    """Return the 64-bit key under which all of an episode's randomness is drawn."""
    return int(derive_key(seed, episode, 0, PURPOSE_STREAM))


def draw_day(market: MarketConfig, key: int) -> Day:
    """Draw an episode's traffic parameters from its key (see `Traffic` for the model)."""
    traffic, steps = market.traffic, market.steps
    ids = np.arange(market.advertisers)
    mean = traffic.mean_probability * _profile_factors(market, key, ids)
    mean *= quality_path(market.days, key, steps)[:, None]
    deviation = mean * _deviation_ratios(traffic, key, ids, steps)
    error_ratio = _error_ratios(traffic, key, ids)
    return Day(
        key=key,
        step_keys=derive_key(key, np.arange(steps), 0, PURPOSE_STREAM),
        volumes=_volumes(market, key),
        mean=np.minimum(mean, 1.0).astype(np.float32),
        deviation=deviation.astype(np.float32),
        error_ratio=error_ratio,
        bias=_bias(market.prediction_bias, key, ids, error_ratio),
        floor=outside_bids(market, key),
        quality_spread=market.days.quality_spread,
    )


def block_of_step(steps: int, blocks: int) -> NDArray[np.int64]:
    """Return the block of the day that each step lies in, (steps,)."""
    return np.arange(steps) * blocks // steps


def resample(profile: tuple[float, ...], steps: int) -> Float64Array:
    """Shares of a piecewise constant profile over `steps` equal parts of the day, summing to 1."""
    cumulative = np.concatenate([[0.0], np.cumsum(profile)])
    edges = np.linspace(0, len(profile), steps + 1)
    shares = np.diff(np.interp(edges, np.arange(len(profile) + 1), cumulative))
    return np.asarray(shares / cumulative[-1], np.float64)


def _volumes(market: MarketConfig, key: int) -> NDArray[np.int64]:
    """Split the day's opportunities over its steps: exact sum, by largest remainder."""
    traffic = market.traffic
    draws = uniforms(key, np.arange(traffic.volume_blocks), 0, PURPOSE_TRAFFIC)[:, 0]
    factors = 1.0 + traffic.volume_spread * (2.0 * draws - 1.0)
    shares = resample(traffic.daily_profile, market.steps)
    shares = shares * factors[block_of_step(market.steps, traffic.volume_blocks)]
    return largest_remainder(shares, opportunities_of_day(market, key))


def largest_remainder(shares: Float64Array, total: int) -> NDArray[np.int64]:
    """Split an integer total in proportion to shares >= 0; ties in remainders go to the first."""
    exact = shares / shares.sum() * total
    counts = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: total - int(counts.sum())]] += 1
    return np.asarray(counts, np.int64)


def _profile_factors(market: MarketConfig, key: int, ids: NDArray[np.int64]) -> Float64Array:
    """Factor of the mean probability, (T, A): the category's times the advertiser's."""
    traffic, blocks = market.traffic, np.arange(market.traffic.profile_blocks)
    category = ids * market.categories // market.advertisers
    shared = uniforms(key, blocks[:, None], category[None, :], PURPOSE_CATEGORY)[..., 0]
    own = uniforms(key, _PROFILE + blocks[:, None], ids[None, :], PURPOSE_ADVERTISER)[..., 0]
    factors = (1.0 + traffic.category_spread * (2.0 * shared - 1.0)) * (
        1.0 + traffic.advertiser_spread * (2.0 * own - 1.0)
    )
    return np.asarray(factors[block_of_step(market.steps, traffic.profile_blocks)], np.float64)


def _deviation_ratios(
    traffic: Traffic, key: int, ids: NDArray[np.int64], steps: int
) -> Float64Array:
    """Deviation over mean within a step, (T, A)."""
    level = normals(key, _DEVIATION, ids, PURPOSE_ADVERTISER)[..., 0].astype(np.float64)
    level = np.clip(traffic.deviation_mean + traffic.deviation_spread * level, 0.0, 1.0)
    index = _DEVIATION_STEP + np.arange(steps)
    noise = normals(key, index[:, None], ids[None, :], PURPOSE_ADVERTISER)[..., 0]
    return np.clip(
        level * (1.0 + traffic.deviation_step_spread * noise.astype(np.float64)), 0.0, 1.0
    )


def _error_ratios(traffic: Traffic, key: int, ids: NDArray[np.int64]) -> Float64Array:
    noise = normals(key, _ERROR, ids, PURPOSE_ADVERTISER)[..., 0].astype(np.float64)
    return np.abs(traffic.error_mean + traffic.error_spread * noise)


def _bias(size: float, key: int, ids: NDArray[np.int64], error_ratio: Float64Array) -> Float64Array:
    """True over predicted probability: 1 + size * sigma ratio * mean of a cut standard normal."""
    if size == 0.0:
        return np.ones(len(ids))
    from scipy.stats import truncnorm

    draws = uniforms(key, _ERROR + 1, ids, PURPOSE_ADVERTISER)
    shift = truncnorm.mean(-2.0 * draws[:, 0], 2.0 * draws[:, 1])
    factor = 1.0 + size * error_ratio * np.asarray(shift)
    return np.asarray(np.maximum(factor, 0.0), np.float64)
