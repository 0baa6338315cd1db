"""Numba kernels that draw one step's opportunities: probabilities, known values, exposure."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from auctionsim.random_numbers import (
    BLOCK,
    PURPOSE_EXPOSURE,
    PURPOSE_KNOWN_VALUE,
    PURPOSE_PROBABILITY,
    exp_polynomial,
    normal_pair,
    philox,
    uniform,
)

_PROBABILITY, _KNOWN_VALUE = np.uint32(PURPOSE_PROBABILITY), np.uint32(PURPOSE_KNOWN_VALUE)
_EXPOSURE = np.uint32(PURPOSE_EXPOSURE)
_LANES = BLOCK // 4
_ZERO32, _ONE32, _HALF32 = np.float32(0.0), np.float32(1.0), np.float32(0.5)


@njit(cache=True, nogil=True)
def normal_block(block, advertiser_id, purpose, k0, k1, out):  # type: ignore[no-untyped-def]
    """Fill `out` (BLOCK float32) with the normals of 256 consecutive opportunities.

    Args:
        block: Number of the block: opportunity // BLOCK.
        advertiser_id: The advertiser's id.
        purpose: uint32 purpose of the draw.
        k0: Low word of the step's key.
        k1: High word of the step's key.
        out: (BLOCK,) float32, written.
    """
    first = np.uint32(block * _LANES)
    for lane in range(_LANES):
        w0, w1, w2, w3 = philox(
            np.uint32(first + np.uint32(lane)), np.uint32(0), advertiser_id, purpose, k0, k1
        )
        a, b = normal_pair(w0, w1)
        c, d = normal_pair(w2, w3)
        out[lane] = a
        out[lane + _LANES] = b
        out[lane + 2 * _LANES] = c
        out[lane + 3 * _LANES] = d


@njit(cache=True, nogil=True)
def exposure_block(block, k0, k1, out):  # type: ignore[no-untyped-def]
    """Fill `out` (BLOCK float64) with how deep each viewer looks, uniform in (0, 1)."""
    first = np.uint32(block * _LANES)
    for lane in range(_LANES):
        w0, w1, w2, w3 = philox(
            np.uint32(first + np.uint32(lane)), np.uint32(0), np.uint32(0), _EXPOSURE, k0, k1
        )
        out[lane] = uniform(w0)
        out[lane + _LANES] = uniform(w1)
        out[lane + 2 * _LANES] = uniform(w2)
        out[lane + 3 * _LANES] = uniform(w3)


@njit(cache=True, nogil=True)
def _probability_row(mean, deviation, advertiser_id, k0, k1, out):  # type: ignore[no-untyped-def]
    total, highest = 0.0, _ZERO32
    z = np.empty(BLOCK, np.float32)
    for block in range((out.size + BLOCK - 1) // BLOCK):
        normal_block(block, advertiser_id, _PROBABILITY, k0, k1, z)
        start = block * BLOCK
        for j in range(min(BLOCK, out.size - start)):
            p = mean + deviation * z[j]
            p = p if p > _ZERO32 else _ZERO32
            p = p if p < _ONE32 else _ONE32
            out[start + j] = p
            total += np.float64(p)
            highest = p if p > highest else highest
    return total, highest


@njit(cache=True, nogil=True)
def _known_value_row(spread, advertiser_id, probability, k0, k1, out):  # type: ignore[no-untyped-def]
    total, highest = 0.0, _ZERO32
    z = np.empty(BLOCK, np.float32)
    shift = -_HALF32 * spread * spread
    for block in range((out.size + BLOCK - 1) // BLOCK):
        normal_block(block, advertiser_id, _KNOWN_VALUE, k0, k1, z)
        start = block * BLOCK
        for j in range(min(BLOCK, out.size - start)):
            value = probability[start + j] * exp_polynomial(spread * z[j] + shift)
            out[start + j] = value
            total += np.float64(value)
            highest = value if value > highest else highest
    return total, highest


@njit(cache=True, parallel=True, nogil=True)
def draw_values(  # type: ignore[no-untyped-def]
    volumes, mean, deviation, row_advertiser, row_spread, keys_lo, keys_hi, values, sums, highest
):
    """Draw one step's values for several episodes: v = p e, row by row.

    Args:
        volumes: (episodes,) opportunities of the step in each.
        mean: (episodes, advertisers) float32 mean probability.
        deviation: (episodes, advertisers) float32.
        row_advertiser: (rows,) advertiser id of each value row; the first `advertisers` rows hold
            each advertiser's probabilities (e = 1), the others values with a known spread.
        row_spread: (rows,) float32 spread of the known value; 0 in the first rows.
        keys_lo: (episodes,) low words of the step's keys.
        keys_hi: (episodes,) high words.
        values: (episodes, rows, >= volume) float32, written.
        sums: (episodes, rows) float64, written: sum of each row in order of arrival.
        highest: (episodes, rows) float32, written: largest value of each row, 0 for none.
    """
    episodes, advertisers = mean.shape
    rows = row_advertiser.size
    for cell in prange(episodes * advertisers):
        e, i = cell // advertisers, cell % advertisers
        n, k0, k1 = volumes[e], keys_lo[e], keys_hi[e]
        ident = np.uint32(row_advertiser[i])
        sums[e, i], highest[e, i] = _probability_row(
            mean[e, i], deviation[e, i], ident, k0, k1, values[e, i, :n]
        )
    extra = rows - advertisers
    for cell in prange(episodes * extra):
        e, row = cell // extra, advertisers + cell % extra
        n, k0, k1 = volumes[e], keys_lo[e], keys_hi[e]
        i = row_advertiser[row]
        sums[e, row], highest[e, row] = _known_value_row(
            row_spread[row], np.uint32(i), values[e, i, :n], k0, k1, values[e, row, :n]
        )
