"""Samples of traffic: AuctionNet's recorded days, and days that our market draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim import MarketConfig
from auctionsim.traffic import draw_day, episode_key
from benchmarks.calibration_record import Record, clipped_moments

FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class TrafficSample:
    """D days of T steps and A advertisers.

    Attributes:
        volumes: Opportunities, (D, T).
        mean: Mean value of a step, (D, T, A).
        ratio: Deviation over mean within a step, (D, T, A).
        zero_share: Share of values that are 0, by day.
        error_ratio: Prediction error over value, (D, A).
        bias: True over told probability, (D, A).
    """

    volumes: FloatArray
    mean: FloatArray
    ratio: FloatArray
    zero_share: FloatArray
    error_ratio: FloatArray
    bias: FloatArray

    def block_factors(self, profile: FloatArray, blocks: int) -> tuple[FloatArray, FloatArray]:
        """Volume over the daily profile's: of blocks of the day, and of steps in their block."""
        days, steps = self.volumes.shape
        shape = days, blocks, steps // blocks
        share = (self.volumes / self.volumes.sum(1, keepdims=True)).reshape(shape)
        expected = (profile / profile.sum()).reshape(1, *shape[1:])
        of_blocks = share.sum(2) / expected.sum(2)
        return of_blocks, share / expected / of_blocks[:, :, None]


def recorded_sample(record: Record) -> TrafficSample:
    """Return AuctionNet's days."""
    return TrafficSample(
        volumes=record.volumes.astype(np.float64),
        mean=record.value_mean,
        ratio=record.value_deviation / record.value_mean,
        zero_share=record.zero_share.mean(1),
        error_ratio=record.error_ratio,
        bias=record.bias,
    )


def own_sample(market: MarketConfig, days: int, seed: int) -> TrafficSample:
    """Draw days of the market; moments are those of the values, cut at 0 (none is near 1)."""
    drawn = [draw_day(market, episode_key(seed, episode)) for episode in range(days)]
    mean, deviation, zero_share = clipped_moments(
        np.stack([day.mean for day in drawn]), np.stack([day.deviation for day in drawn])
    )
    return TrafficSample(
        volumes=np.stack([day.volumes for day in drawn]).astype(np.float64),
        mean=mean,
        ratio=deviation / mean,
        zero_share=zero_share.mean((1, 2)),
        error_ratio=np.stack([day.error_ratio for day in drawn]),
        bias=np.stack([day.bias for day in drawn]),
    )
