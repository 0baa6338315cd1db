"""Numba kernels that draw one step's opportunities: probabilities, known values, exposure."""

from __future__ import annotations

import numpy as np
from numba import njit

from auctionsim.random_numbers import (
    BLOCK,
    PURPOSE_EXPOSURE,
    PURPOSE_KNOWN_VALUE,
    PURPOSE_PROBABILITY,
    PURPOSE_QUALITY,
    exp_polynomial,
    normal_pair,
    philox,
    uniform,
)
from auctionsim.threads import next_cell

GROUP = 4  # value rows drawn in one go

_PROBABILITY, _KNOWN_VALUE = np.uint32(PURPOSE_PROBABILITY), np.uint32(PURPOSE_KNOWN_VALUE)
_EXPOSURE, _QUALITY = np.uint32(PURPOSE_EXPOSURE), np.uint32(PURPOSE_QUALITY)
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
def _probability_block(block, count, mean, deviation, advertiser_id, k0, k1, z, out, peak):  # type: ignore[no-untyped-def]
    """Draw the probabilities of one block; `peak` (BLOCK) keeps the largest so far, by place."""
    normal_block(block, advertiser_id, _PROBABILITY, k0, k1, z)
    for j in range(count):
        p = mean + deviation * z[j]
        p = p if p > _ZERO32 else _ZERO32
        p = p if p < _ONE32 else _ONE32
        out[j] = p
        peak[j] = p if p > peak[j] else peak[j]


@njit(cache=True, nogil=True)
def _quality_block(block, spread, k0, k1, out):  # type: ignore[no-untyped-def]
    """Draw the qualities of one block: lognormal factors of mean 1, the same for everybody."""
    normal_block(block, np.uint32(0), _QUALITY, k0, k1, out)
    shift = -_HALF32 * spread * spread
    for j in range(BLOCK):
        out[j] = exp_polynomial(spread * out[j] + shift)


@njit(cache=True, nogil=True)
def _scale_block(count, quality, out, peak):  # type: ignore[no-untyped-def]
    """Multiply the probabilities of one block by qualities, and note the largest so far."""
    for j in range(count):
        p = out[j] * quality[j]
        p = p if p < _ONE32 else _ONE32
        out[j] = p
        peak[j] = p if p > peak[j] else peak[j]


@njit(cache=True, nogil=True)
def _known_value_block(  # type: ignore[no-untyped-def]
    block, count, spread, advertiser_id, probability, k0, k1, z, out, peak
):
    """Draw the known values of one block, given its probabilities."""
    normal_block(block, advertiser_id, _KNOWN_VALUE, k0, k1, z)
    shift = -_HALF32 * spread * spread
    for j in range(count):
        value = probability[j] * exp_polynomial(spread * z[j] + shift)
        out[j] = value
        peak[j] = value if value > peak[j] else peak[j]


@njit(cache=True, nogil=True)
def _add_up(rows, first, start, count, totals):  # type: ignore[no-untyped-def]
    """Add a block of up to GROUP rows to their totals, each in order of arrival.

    Four sums side by side: an addition waits for the one before it, but not for its neighbours'.
    """
    if totals.size == GROUP:
        a, b, c, d = totals[0], totals[1], totals[2], totals[3]
        for j in range(start, start + count):
            a += np.float64(rows[first, j])
            b += np.float64(rows[first + 1, j])
            c += np.float64(rows[first + 2, j])
            d += np.float64(rows[first + 3, j])
        totals[0], totals[1], totals[2], totals[3] = a, b, c, d
    else:
        for row in range(totals.size):
            for j in range(start, start + count):
                totals[row] += np.float64(rows[first + row, j])


@njit(cache=True, nogil=True)
def _draw_group(  # type: ignore[no-untyped-def]
    volume, first, end, ids, mean, deviation, row_place, row_spread, k0, k1, values, sums, highest
):
    """Draw value rows first .. end - 1 of one episode, at most GROUP of them, all of one kind."""
    advertisers = ids.size
    z, peak = np.empty(BLOCK, np.float32), np.zeros((end - first, BLOCK), np.float32)
    totals = np.zeros(end - first)
    for block in range((volume + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        count = min(BLOCK, volume - start)
        for row in range(first, end):
            i = row_place[row]
            ident, out = ids[i], values[row, start : start + count]
            if row < advertisers:
                _probability_block(
                    block, count, mean[i], deviation[i], ident, k0, k1, z, out, peak[row - first]
                )
            else:
                _known_value_block(
                    block, count, row_spread[row], ident, values[i, start : start + count], k0, k1,
                    z, out, peak[row - first],
                )  # fmt: skip
        _add_up(values, first, start, count, totals)
    for row in range(first, end):
        sums[row], highest[row] = totals[row - first], peak[row - first].max()


@njit(cache=True, nogil=True)
def _draw_rated_group(  # type: ignore[no-untyped-def]
    volume, first, end, ids, mean, deviation, quality_spread, k0, k1, values, sums, highest
):
    """Draw probability rows first .. end - 1 of one episode whose opportunities vary in quality."""
    z, peak = np.empty(BLOCK, np.float32), np.zeros((end - first, BLOCK), np.float32)
    quality, before = np.empty(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    totals = np.zeros(end - first)
    for block in range((volume + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        count = min(BLOCK, volume - start)
        _quality_block(block, quality_spread, k0, k1, quality)
        for i in range(first, end):
            out = values[i, start : start + count]
            _probability_block(block, count, mean[i], deviation[i], ids[i], k0, k1, z, out, before)
            _scale_block(count, quality, out, peak[i - first])
        _add_up(values, first, start, count, totals)
    for row in range(first, end):
        sums[row], highest[row] = totals[row - first], peak[row - first].max()


@njit(cache=True, nogil=True)
def draw_values(  # type: ignore[no-untyped-def]
    counter, first, end, volumes, ids, mean, deviation, row_place, row_spread, quality_spread,
    keys_lo, keys_hi, values, sums, highest,
):  # fmt: skip
    """Draw value rows first .. end - 1 of one step of several episodes: v = p e.

    Cells of work, taken from `counter`, are GROUP rows of one episode. Rows of known values take
    up the probabilities, so those have to be drawn before, in a call of their own.

    Args:
        counter: See `auctionsim.threads`.
        first: First row.
        end: End of the rows; either all below `advertisers`, or none.
        volumes: (episodes,) opportunities of the step in each.
        ids: (advertisers,) uint32.
        mean: (episodes, advertisers) float32 mean probability.
        deviation: (episodes, advertisers) float32.
        row_place: (rows,) place in `ids` of each value row; the first `advertisers` rows hold each
            advertiser's probabilities (e = 1), the others values with a known spread.
        row_spread: (rows,) float32 spread of the known value; 0 in the first rows.
        quality_spread: (episodes,) float32 spread of the quality of opportunities.
        keys_lo: (episodes,) low words of the step's keys.
        keys_hi: (episodes,) high words.
        values: (episodes, rows, >= volume) float32, written.
        sums: (episodes, rows) float64, written: sum of each row in order of arrival.
        highest: (episodes, rows) float32, written: largest value of each row, 0 for none.
    """
    groups = (end - first + GROUP - 1) // GROUP
    while True:
        cell = next_cell(counter)
        if cell >= volumes.size * groups:
            break
        e, begin = cell // groups, first + cell % groups * GROUP
        last = min(begin + GROUP, end)
        if first < ids.size and quality_spread[e] > _ZERO32:
            _draw_rated_group(
                volumes[e], begin, last, ids, mean[e], deviation[e], quality_spread[e], keys_lo[e],
                keys_hi[e], values[e], sums[e], highest[e],
            )  # fmt: skip
        else:
            _draw_group(
                volumes[e], begin, last, ids, mean[e], deviation[e], row_place, row_spread,
                keys_lo[e], keys_hi[e], values[e], sums[e], highest[e],
            )  # fmt: skip
