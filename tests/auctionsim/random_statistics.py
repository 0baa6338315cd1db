"""Statistics of random numbers, drawn in bulk by the compiled kernels.

Every statistic is a function of a generator and returns the worst score of its draws: a number of
standard errors, or a p-value put as one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special, stats

from auctionsim.random_numbers import (
    BLOCK,
    PURPOSE_CONVERSION,
    PURPOSE_DROP,
    PURPOSE_KNOWN_VALUE,
    PURPOSE_PROBABILITY,
    PURPOSE_STREAM,
    UInt32Array,
    UInt64Array,
    derive_key,
    split_key,
)
from auctionsim.traffic.kernels import exposure_block, normal_block

MANY = 2**24
FEW = 2**20
KEY = 0x0123456789ABCDEF
LANE = BLOCK // 4  # lanes l and l + 64, l + 128 and l + 192 are pairs of Box and Muller

Draws = NDArray[Any]
#: Standard normals of opportunities 0 .. count - 1: (count, key, advertiser, purpose).
Normals = Callable[[int, int, int, int], Draws]
Words = tuple[UInt32Array, UInt32Array, UInt32Array, UInt32Array]
Philox = Callable[..., Words]
DeriveKey = Callable[..., UInt64Array]


@njit
def _fill_normals(advertiser, purpose, k0, k1, out):  # type: ignore[no-untyped-def]
    for block in range(out.size // BLOCK):
        normal_block(block, advertiser, purpose, k0, k1, out[block * BLOCK : (block + 1) * BLOCK])


@njit
def _fill_exposure(k0, k1, out):  # type: ignore[no-untyped-def]
    for block in range(out.size // BLOCK):
        exposure_block(block, k0, k1, out[block * BLOCK : (block + 1) * BLOCK])


def kernel_normals(count: int, key: int, advertiser: int, purpose: int) -> Draws:
    low, high = (np.uint32(word) for word in split_key(key))
    out = np.empty(count, np.float32)
    _fill_normals(np.uint32(advertiser), np.uint32(purpose), low, high, out)
    return out


def kernel_uniforms(count: int, key: int) -> Draws:
    out = np.empty(count)
    _fill_exposure(*(np.uint32(word) for word in split_key(key)), out)
    return out


def as_score(p_value: float) -> float:
    """The number of standard errors, two-sided, that has this probability."""
    return float(stats.norm.isf(max(p_value, 1e-300) / 2))


def kolmogorov(u: Draws) -> float:
    """Kolmogorov and Smirnov's distance from uniform draws."""
    return as_score(float(stats.kstest(u, "uniform", method="asymp").pvalue))


def _chi_square(cells: NDArray[np.int64], number: int) -> float:
    counts = np.bincount(cells, minlength=number)
    return as_score(float(stats.chisquare(counts).pvalue))


def moments(normals: Normals) -> float:
    """The first six moments; the k-th has variance E[z^2k] - E[z^k]^2."""
    z = normals(MANY, KEY, 7, PURPOSE_PROBABILITY).astype(np.float64)
    exact = [0.0 if k % 2 else special.factorial2(k - 1, exact=True) for k in range(13)]
    exact[0], power, worst = 1.0, np.ones_like(z), 0.0
    for k in range(1, 7):
        power *= z
        error = np.sqrt((exact[2 * k] - exact[k] ** 2) / z.size)
        worst = max(worst, abs(power.mean() - exact[k]) / error)
    return worst


def tails(normals: Normals) -> float:
    """Draws beyond 2 to 5 sigma on either side, against the binomial; 19 expected beyond 5."""
    levels, samples = np.arange(2.0, 5.1, 0.5), 4
    counts = np.zeros((2, levels.size), np.int64)
    for advertiser in range(samples):
        z = normals(MANY, KEY, advertiser, PURPOSE_KNOWN_VALUE)
        outer = z[np.abs(z) > levels[0]]
        counts += [[(outer > s).sum() for s in levels], [(outer < -s).sum() for s in levels]]
    law = stats.binom(samples * MANY, stats.norm.sf(levels))
    p_values = 2 * np.minimum(law.cdf(counts), law.sf(counts - 1))
    return as_score(float(p_values.min()))


def shape(normals: Normals) -> float:
    """Chi-square over 4096 equally likely bins, and Kolmogorov-Smirnov."""
    u = special.ndtr(normals(MANY, KEY, 3, PURPOSE_PROBABILITY).astype(np.float64))
    bins = _chi_square((u * 4096).astype(np.int64), 4096)
    return max(bins, kolmogorov(u[: MANY // 4]))


def pairs(normals: Normals) -> float:
    """The four normals of one Philox call, two by two: joint bins, values, squares."""
    z = normals(MANY // 2, KEY, 5, PURPOSE_PROBABILITY).reshape(-1, 4, LANE)
    columns = [z[:, word].ravel().astype(np.float64) for word in range(4)]
    cells = [(special.ndtr(column) * 64).astype(np.int64) for column in columns]
    joint = [_chi_square(a * 64 + b, 64 * 64) for a, b in itertools.combinations(cells, 2)]
    return max(*joint, correlation(columns))


def polar(normals: Normals) -> float:
    """Radius and angle of the pairs of Box and Muller: each as promised, and independent."""
    z = normals(MANY // 4, KEY, 6, PURPOSE_PROBABILITY).reshape(-1, 2, 2, LANE)
    x, y = (z[:, :, k].ravel().astype(np.float64) for k in range(2))
    radius, angle = np.exp(-0.5 * (x * x + y * y)), np.arctan2(y, x) / (2 * np.pi) % 1.0
    cells = (radius * 64).astype(np.int64).clip(0, 63) * 64 + (angle * 64).astype(np.int64)
    return max(_chi_square(cells, 64 * 64), kolmogorov(radius), kolmogorov(angle))


def lags(normals: Normals) -> float:
    """Serial correlation within a stream, at lags that matter in a block and around them."""
    z = normals(MANY // 4, KEY, 4, PURPOSE_KNOWN_VALUE).astype(np.float64)
    steps = (1, 2, 3, 4, 63, 64, 65, 127, 128, 129, 192, 255, 256, 257, 512, 1024, 2**16)
    return max(correlation([z[:-lag], z[lag:]]) for lag in steps)


def correlation(streams: Iterable[Draws]) -> float:
    """Worst score over all pairs: values, squares, and values with squares."""
    z = np.stack(list(streams))
    squares = (z * z - 1.0) / np.sqrt(2.0)
    scale, apart = np.sqrt(z.shape[1]), ~np.eye(len(z), dtype=bool)
    products = (z @ z.T, squares @ squares.T, z @ squares.T)
    return float(max(np.abs(product[apart]).max() for product in products) / scale)


def swap_words(key: int) -> int:
    return key >> 32 | (key & 0xFFFFFFFF) << 32


def _episode(seed: int, episode: int) -> int:
    return int(derive_key(seed, episode, 0, PURPOSE_STREAM))


def relatives(normals: Normals) -> float:
    """Streams that share all but one number, or have two exchanged."""
    key, p, v = _episode(3, 5), PURPOSE_PROBABILITY, PURPOSE_KNOWN_VALUE
    near_keys = [_episode(3, 6), _episode(3, 4), _episode(4, 5), _episode(2, 5), _episode(5, 3)]
    near_keys += [_episode(swap_words(3), 5), _episode(3, swap_words(5)), swap_words(key)]
    near_keys += [key ^ 1 << bit for bit in (0, 1, 31, 32, 33, 63)]
    steps = [int(derive_key(key, t, 0, PURPOSE_STREAM)) for t in (0, 1, 2, 47)]
    advertisers = [(key, i, p) for i in (0, 1, 3, 47, 2**31)]
    purposes = [(key, v, purpose) for purpose in range(PURPOSE_DROP + 1)] + [(key, p, v)]
    streams = [*((k, v, p) for k in near_keys + steps), *advertisers, *purposes]
    draws = [normals(FEW // 2, *stream) for stream in dict.fromkeys(streams)]
    return correlation(z.astype(np.float64) for z in draws)


def neighbours(normals: Normals) -> float:
    """Four seeds, four episodes, four steps, four advertisers, side by side: 32,640 pairs."""
    first = range(4)
    keys = [
        int(derive_key(_episode(seed, episode), step, 0, PURPOSE_STREAM))
        for seed, episode, step in itertools.product(first, first, first)
    ]
    draws = [normals(2**14, key, i, PURPOSE_CONVERSION) for key in keys for i in first]
    return correlation(z.astype(np.float64) for z in draws)


def avalanche(philox: Philox) -> float:
    """How often each of 128 output bits follows a flip of each of 192 input bits: half the time."""
    bases = 2**13
    worst = 0.0
    for place, bit in itertools.product(range(6), range(32)):
        # Counters as steps have them; without the bit to be flipped, or each flip would come twice.
        low = np.arange(bases) & ((1 << bit) - 1)
        index = (np.arange(bases) - low) * 2 + low if place == 0 else np.arange(bases)
        inputs = [index.astype(np.uint32), *map(np.uint32, (0, 3, 2)), *split_key(KEY)]
        flipped = [word ^ np.uint32((k == place) << bit) for k, word in enumerate(inputs)]
        change = np.stack(philox(*inputs)) ^ np.stack(philox(*flipped))
        bits = np.unpackbits(np.ascontiguousarray(change.T).view(np.uint8), axis=1)
        worst = max(worst, np.abs(bits.sum(axis=0, dtype=np.int64) / bases - 0.5).max())
    return float(worst * 2.0 * np.sqrt(bases))


def key_collisions(derive: DeriveKey) -> float:
    """Keys of 3 million steps: none twice, and each half word as often twice as by chance."""
    episodes = derive(np.arange(64)[:, None], np.arange(1024)[None, :], 0, PURPOSE_STREAM)
    keys = derive(episodes.ravel()[:, None], np.arange(48)[None, :], 0, PURPOSE_STREAM).ravel()
    if _repeats(keys):
        return np.inf
    words = 2.0**32
    twice = keys.size + words * np.expm1(keys.size * np.log1p(-1 / words))  # nearly Poisson
    return float(max(abs(_repeats(half) - twice) for half in split_key(keys)) / np.sqrt(twice))


def _repeats(words: Draws) -> int:
    ordered = np.sort(words)
    return int((ordered[1:] == ordered[:-1]).sum())


def uniform_bins(u: Draws) -> float:
    """Chi-square over 4096 bins, and over 64 x 64 of draws one lane, and one place, apart."""
    cells = (u * 64).astype(np.int64)
    apart = (_chi_square(cells[:-lag] * 64 + cells[lag:], 64 * 64) for lag in (1, LANE, BLOCK))
    return max(_chi_square((u * 4096).astype(np.int64), 4096), *apart)


OF_NORMALS = (moments, tails, shape, pairs, polar, lags, relatives, neighbours)
