"""Random numbers: known answers, kernels against twins, and the distributions they promise.

All seeds are fixed, so these tests always see the same draws; a threshold says how rarely it would
be passed by chance if the seeds were drawn anew.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray
from scipy import stats

from auctionsim import random_numbers
from auctionsim.random_numbers import (
    BLOCK,
    PURPOSE_CONVERSION,
    PURPOSE_EXPOSURE,
    PURPOSE_KNOWN_VALUE,
    PURPOSE_PROBABILITY,
    derive_key,
    exp_polynomial,
    exp_polynomial_numpy,
    normal_pair,
    normal_pair_numpy,
    normals,
    philox,
    philox_numpy,
    split_key,
    uniform,
    uniforms,
)

WORD = st.integers(0, 2**32 - 1)
SAMPLE = 2_000_000
ONE_IN_A_MILLION = 4.89  # standard errors, two-sided

# Known answers of Random123 (philox4x32 10): counter, key, words.
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
KNOWN_ANSWERS = [
    ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (*PI, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


@njit
def _philox(c, k):  # type: ignore[no-untyped-def]
    return philox(c[0], c[1], c[2], c[3], k[0], k[1])


@njit
def _normal_pairs(w0, w1, x, y):  # type: ignore[no-untyped-def]
    for i in range(w0.size):
        x[i], y[i] = normal_pair(w0[i], w1[i])


@njit
def _exponentials(x, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = exp_polynomial(x[i])


@njit
def _uniforms(words, out):  # type: ignore[no-untyped-def]
    for i in range(words.size):
        out[i] = uniform(words[i])


def _kernel_philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    words = _philox(np.array(counter, np.uint32), np.array(key, np.uint32))
    return tuple(int(word) for word in words)


def _words(count: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    w0, w1, _, _ = philox_numpy(np.arange(count), seed, 0, 0, 1, 2)
    return w0, w1


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(
    counter: tuple[int, ...], key: tuple[int, ...], words: tuple[int, ...]
) -> None:
    assert _kernel_philox(counter, key) == words
    assert tuple(int(word) for word in philox_numpy(*counter, *key)) == words


@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_philox_kernel_and_twin_agree(counter: tuple[int, ...], key: tuple[int, ...]) -> None:
    twin = tuple(int(word) for word in philox_numpy(*counter, *key))
    assert _kernel_philox(counter, key) == twin


def test_normal_kernel_and_twin_agree_bit_for_bit() -> None:
    edges = np.array([0, 1, 2, 3, 2**30, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], np.uint32)
    pairs = np.array(list(itertools.product(edges, edges)), np.uint32)
    w0, w1 = (np.concatenate([a, b]) for a, b in zip(_words(100_000, 3), pairs.T, strict=True))
    x, y = np.empty(w0.size, np.float32), np.empty(w0.size, np.float32)
    _normal_pairs(w0, w1, x, y)
    twin_x, twin_y = normal_pair_numpy(w0, w1)
    np.testing.assert_array_equal(x.view(np.uint32), twin_x.view(np.uint32))
    np.testing.assert_array_equal(y.view(np.uint32), twin_y.view(np.uint32))
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()


def test_exponential_kernel_and_twin_agree_and_are_accurate() -> None:
    x = np.linspace(-40, 40, 100_001, dtype=np.float32)
    out = np.empty_like(x)
    _exponentials(x, out)
    np.testing.assert_array_equal(out, exp_polynomial_numpy(x))
    np.testing.assert_allclose(out, np.exp(x.astype(np.float64)), rtol=3e-7)


def test_uniform_kernel_and_twin_agree_and_stay_inside() -> None:
    words = np.array([0, 1, 2**31, 2**32 - 1], np.uint32)
    out = np.empty(4)
    _uniforms(words, out)
    np.testing.assert_array_equal(out, (words.astype(np.float64) + 0.5) * 2.0**-32)
    assert out.min() > 0.0
    assert out.max() < 1.0


def test_box_muller_is_accurate() -> None:
    w0, w1 = _words(200_000, 4)
    single_x, single_y = normal_pair_numpy(w0, w1)
    x, y = single_x.astype(np.float64), single_y.astype(np.float64)
    square = -2.0 * np.log(((w0 >> 1).astype(np.float64) + 0.5) * 2.0**-31)
    np.testing.assert_allclose(x * x + y * y, square, rtol=2e-6, atol=2e-7)
    turn = np.arctan2(y, x) / (2 * np.pi) % 1.0
    assert stats.kstest(turn, "uniform").pvalue > 1e-6


def test_normals_have_the_moments_of_a_standard_normal() -> None:
    z = normals(12345, np.arange(SAMPLE // 4), 7, PURPOSE_PROBABILITY).astype(np.float64).ravel()
    moments = {1: (0.0, 1.0), 2: (1.0, 2.0), 3: (0.0, 15.0), 4: (3.0, 96.0)}  # value, variance
    for power, (expected, variance) in moments.items():
        error = abs((z**power).mean() - expected) / np.sqrt(variance / z.size)
        assert error < ONE_IN_A_MILLION, (power, error)
    assert stats.kstest(z, "norm").pvalue > 1e-6


def test_normals_have_the_tails_of_a_standard_normal_up_to_five_sigma() -> None:
    beyond = np.zeros(5)
    total = 0
    for index in range(8):
        counters = np.arange(index * SAMPLE, (index + 1) * SAMPLE)
        z = np.abs(normals(99, counters, 3, PURPOSE_KNOWN_VALUE))
        beyond += [(z > sigma).sum() for sigma in (1, 2, 3, 4, 5)]
        total += z.size
    for sigma, count in zip((1, 2, 3, 4, 5), beyond, strict=True):
        expected = total * 2 * stats.norm.sf(sigma)
        # Poisson, two-sided: false alarm with probability below 2e-6 each
        few, many = stats.poisson.cdf(count, expected), stats.poisson.sf(count - 1, expected)
        assert min(few, many) > 1e-6, (sigma, count, expected)


def test_uniforms_are_uniform_in_every_byte() -> None:
    """Chi-square over the 256 values of each byte of each word: 16 tests, false alarm 1e-6 each."""
    words = philox_numpy(np.arange(500_000), 0, 5, PURPOSE_EXPOSURE, *split_key(2024))
    for word, shift in itertools.product(words, (0, 8, 16, 24)):
        counts = np.bincount((word >> np.uint32(shift)) & np.uint32(255), minlength=256)
        assert stats.chisquare(counts).pvalue > 1e-6
    draws = uniforms(2024, np.arange(500_000), 5, PURPOSE_EXPOSURE)
    assert stats.kstest(draws.ravel(), "uniform").pvalue > 1e-6


def test_draws_of_different_steps_advertisers_episodes_and_purposes_are_uncorrelated() -> None:
    """28 pairs of 200,000 draws: a correlation beyond 5.5 / sqrt(n) has probability 4e-8 a pair."""
    index = np.arange(50_000)
    key = int(derive_key(1, 0, 0, 0))
    streams = {
        "base": (key, 0, PURPOSE_PROBABILITY),
        "advertiser": (key, 1, PURPOSE_PROBABILITY),
        "far advertiser": (key, 2**31, PURPOSE_PROBABILITY),
        "value": (key, 0, PURPOSE_KNOWN_VALUE),
        "coin": (key, 0, PURPOSE_CONVERSION),
        "next episode": (int(derive_key(1, 1, 0, 0)), 0, PURPOSE_PROBABILITY),
        "next seed": (int(derive_key(2, 0, 0, 0)), 0, PURPOSE_PROBABILITY),
        "step": (int(derive_key(key, 1, 0, 0)), 0, PURPOSE_PROBABILITY),
    }
    draws = {name: uniforms(k, index, a, p).ravel() for name, (k, a, p) in streams.items()}
    for one, two in itertools.combinations(draws, 2):
        correlation = np.corrcoef(draws[one], draws[two])[0, 1]
        assert abs(correlation) < 5.5 / np.sqrt(draws[one].size), (one, two, correlation)


def test_neighbouring_draws_of_one_stream_are_uncorrelated() -> None:
    """15 lags and word pairs of 200,000 draws, threshold as above."""
    draws = uniforms(77, np.arange(200_000), 2, PURPOSE_PROBABILITY)
    for lag in (1, 2, 64, 256):
        for word in range(4):
            correlation = np.corrcoef(draws[:-lag, word], draws[lag:, word])[0, 1]
            assert abs(correlation) < 5.5 / np.sqrt(len(draws)), (lag, word)
    for one, two in itertools.combinations(range(4), 2):
        assert abs(np.corrcoef(draws[:, one], draws[:, two])[0, 1]) < 5.5 / np.sqrt(len(draws))


def test_the_two_normals_of_a_pair_are_independent() -> None:
    z = normals(5, np.arange(250_000), 1, PURPOSE_PROBABILITY).astype(np.float64)
    for one, two in itertools.combinations(range(4), 2):
        for f in (np.asarray, np.square):
            correlation = np.corrcoef(f(z[:, one]), f(z[:, two]))[0, 1]
            assert abs(correlation) < 5.5 / np.sqrt(len(z)), (one, two)


def test_keys_of_many_episodes_and_steps_do_not_collide() -> None:
    """10^6 keys of 64 bits: a collision has probability 3e-8."""
    episodes = derive_key(0, np.arange(10_000), 0, 0)
    steps = derive_key(episodes[:, None], np.arange(100)[None, :], 0, 0)
    assert np.unique(steps).size == steps.size


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), WORD, WORD)
def test_all_words_of_key_and_index_count(key: int, index: int, advertiser: int, bit: int) -> None:
    base = int(derive_key(key, index, advertiser, 3))
    flip = 1 << bit % 64
    assert int(derive_key(key ^ flip, index, advertiser, 3)) != base
    assert int(derive_key(key, index ^ flip, advertiser, 3)) != base
    assert int(derive_key(key, index, advertiser ^ (1 << bit % 32), 3)) != base
    assert int(derive_key(key, index, advertiser, 4)) != base


@given(st.integers(0, 2**64 - 1))
def test_a_split_key_can_be_put_together(key: int) -> None:
    low, high = split_key(key)
    assert int(low) | int(high) << 32 == key


def test_arguments_broadcast() -> None:
    keys = derive_key(np.arange(3)[:, None], np.arange(4)[None, :], 9, 1)
    assert keys.shape == (3, 4)
    assert keys[2, 3] == derive_key(2, 3, 9, 1)
    assert normals(0, np.arange(5), 0, 1).shape == (5, 4)
    assert uniforms(0, np.arange(0), 0, 1).shape == (0, 4)


def test_purposes_are_distinct() -> None:
    source = Path(random_numbers.__file__).read_text(encoding="utf-8")
    values = [int(v) for v in re.findall(r"^PURPOSE_\w+ = (\d+)", source, re.MULTILINE)]
    assert len(values) >= 13
    assert len(set(values)) == len(values)


def test_a_block_is_a_whole_number_of_philox_calls() -> None:
    assert BLOCK % 4 == 0
