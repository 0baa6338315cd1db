"""One step's opportunities once more, by the NumPy twins: plain and slow, to measure kernels by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.random_numbers import (
    BLOCK,
    PURPOSE_EXPOSURE,
    PURPOSE_KNOWN_VALUE,
    PURPOSE_PROBABILITY,
    PURPOSE_QUALITY,
    exp_polynomial_numpy,
    normals,
    uniforms,
)
from auctionsim.traffic.day import Day

Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Opportunities:
    """The n opportunities of one step, for A advertisers.

    Attributes:
        probability: Conversion probability p as the bidders know it, (n, A) float32.
        value: p times the known value of a conversion, (n, A) float32.
        look: How deep the viewer looks, uniform in (0, 1), (n,): slot k is seen if this is below
            its exposure probability.
    """

    probability: Float32Array
    value: Float32Array
    look: NDArray[np.float64]


def opportunities_reference(day: Day, step: int, spreads: Float32Array) -> Opportunities:
    """Draw one step's opportunities as the kernels of `auctionsim.traffic.kernels` do.

    Args:
        day: The episode's traffic parameters.
        step: Which step of the day.
        spreads: Spread of each advertiser's known values, (A,) float32; 0 for e = 1.
    """
    key, ids = day.step_keys[step], np.arange(day.mean.shape[1])
    counter, word = _counters(np.arange(day.volumes[step]))
    shape = (len(counter), len(ids))
    words = np.broadcast_to(word[:, None], shape)[..., None]

    def draw(purpose: int) -> Float32Array:
        four = normals(key, counter[:, None], ids[None, :], purpose)
        return np.take_along_axis(four, words, axis=-1)[..., 0]

    p = day.mean[step] + day.deviation[step] * draw(PURPOSE_PROBABILITY)
    p = np.where(p > 0, p, np.float32(0))
    p = np.where(p < 1, p, np.float32(1))
    if day.quality_spread > 0.0:
        spread, z = np.float32(day.quality_spread), normals(key, counter, 0, PURPOSE_QUALITY)
        z = np.take_along_axis(z, word[:, None], axis=-1)
        quality = exp_polynomial_numpy(spread * z + np.float32(-0.5) * spread * spread)
        p = np.minimum(p * quality, np.float32(1))
    shift = np.float32(-0.5) * spreads * spreads
    known = exp_polynomial_numpy(spreads * draw(PURPOSE_KNOWN_VALUE) + shift)
    look = uniforms(key, counter, 0, PURPOSE_EXPOSURE)
    return Opportunities(
        probability=p,
        value=np.where(spreads > 0, p * known, p),
        look=np.take_along_axis(look, word[:, None], axis=-1)[:, 0],
    )


def _counters(opportunities: IntArray) -> tuple[IntArray, IntArray]:
    """Counter of the Philox call that serves an opportunity, and which of its four words does."""
    block, place = np.divmod(opportunities, BLOCK)
    word, lane = np.divmod(place, BLOCK // 4)
    return block * (BLOCK // 4) + lane, word
