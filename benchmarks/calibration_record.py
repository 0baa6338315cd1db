"""What AuctionNet was seen to do in three episodes, and its traffic as days of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from auctionsim.traffic import Day

FloatArray = NDArray[np.floating]
Float64Array = NDArray[np.float64]

RECORD = Path(__file__).with_name("auctionnet_calibration.npz")


@dataclass(frozen=True)
class Record:
    """E episodes of AuctionNet with T steps and A advertisers, as measured.

    Attributes:
        volumes: Opportunities, (E, T).
        value_mean: Mean value of a step's opportunities, (E, T, A).
        value_deviation: Standard deviation of these values, (E, T, A).
        zero_share: Share of values that are 0, (E, T).
        error_ratio: Prediction error over value, mean of the episode, (E, A).
        bias_shift: Mean true minus told probability, in prediction errors, (E, A).
        multiplier: Sum of bids over sum of values before drops, (E, T, A); 0 if out of budget.
        budget: (A,).
        price_levels: Levels of the price quantiles, (9,).
        price_quantiles: Quantiles of the fourth-highest bid, after drops, (E, T, 9).
        price_mean: Mean of the fourth-highest bid, after drops, (E, T).
        exposure: Share of sold slots that were seen, by slot, (E, 3).
        cost_by_slot: Spend, (E, 3).
        win_rate: Slots won over opportunities, (E, A).
        cost: Spend, (E, A).
        conversions: (E, A).
        predicted_conversions: Sum of the values of exposed wins, (E, A).
    """

    volumes: NDArray[np.int32]
    value_mean: FloatArray
    value_deviation: FloatArray
    zero_share: FloatArray
    error_ratio: FloatArray
    bias_shift: FloatArray
    multiplier: FloatArray
    budget: FloatArray
    price_levels: FloatArray
    price_quantiles: FloatArray
    price_mean: FloatArray
    exposure: FloatArray
    cost_by_slot: FloatArray
    win_rate: FloatArray
    cost: FloatArray
    conversions: FloatArray
    predicted_conversions: FloatArray

    @property
    def episodes(self) -> int:
        """Number of episodes."""
        return len(self.volumes)

    @property
    def bias(self) -> Float64Array:
        """True over told probability, (E, A)."""
        return 1.0 + self.error_ratio.astype(np.float64) * self.bias_shift


def load_record(path: Path = RECORD) -> Record:
    """Read the record."""
    with np.load(path, allow_pickle=False) as arrays:
        return Record(**{f.name: arrays[f.name] for f in fields(Record)})


def clipped_moments(
    mean: FloatArray, deviation: FloatArray
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Mean, deviation and share of zeros of a normal whose negative values become 0."""
    scale = np.maximum(np.asarray(deviation, np.float64), 1e-6 * mean)
    level = mean / scale
    kept, density = norm.cdf(level), norm.pdf(level)
    first = level * kept + density
    second = (level**2 + 1.0) * kept + level * density
    spread = np.sqrt(np.maximum(second - first**2, 0.0))
    return scale * first, scale * spread, np.asarray(1.0 - kept)


def before_clipping(mean: FloatArray, deviation: FloatArray) -> tuple[Float64Array, Float64Array]:
    """Mean and deviation of the normal that has these moments once negative values become 0."""
    ratios = np.linspace(0.01, 1.3, 1291)
    first, spread, _ = clipped_moments(np.ones_like(ratios), ratios)
    ratio = np.interp(deviation / mean, spread / first, ratios)
    normal_mean = mean / np.interp(ratio, ratios, first)
    return normal_mean, normal_mean * ratio


def recorded_days(record: Record, days: Sequence[Day], *, biased: bool) -> list[Day]:
    """Give days AuctionNet's traffic; only their keys, and so their random numbers, stay.

    Args:
        record: AuctionNet's traffic.
        days: One day an episode of the record.
        biased: Whether true probabilities differ from those that bidders are told.
    """
    mean, deviation = before_clipping(record.value_mean, record.value_deviation)
    bias = record.bias if biased else np.ones_like(record.bias)
    return [
        replace(
            day,
            volumes=record.volumes[e].astype(np.int64),
            mean=mean[e].astype(np.float32),
            deviation=deviation[e].astype(np.float32),
            error_ratio=record.error_ratio[e].astype(np.float64),
            bias=bias[e],
        )
        for e, day in enumerate(days)
    ]
