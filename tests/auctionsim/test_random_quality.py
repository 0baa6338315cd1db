"""The random numbers in bulk: moments, tails, bins, and independence of all that is related.

The package's generator must keep every score below `LIMIT`; the generators at the end, each with a
flaw of its own, must not. Keys are fixed, so these tests always see the same draws; were they drawn
anew, a score beyond `LIMIT` would come up once in 10^9.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from auctionsim.random_numbers import (
    PURPOSE_CONVERSION,
    PURPOSE_KNOWN_VALUE,
    PURPOSE_PROBABILITY,
    derive_key,
    normal_pair_numpy,
    philox_numpy,
    split_key,
)
from tests.auctionsim.random_statistics import (
    FEW,
    KEY,
    LANE,
    MANY,
    OF_NORMALS,
    Draws,
    Normals,
    Philox,
    Words,
    avalanche,
    correlation,
    kernel_normals,
    kernel_uniforms,
    key_collisions,
    kolmogorov,
    lags,
    moments,
    neighbours,
    pairs,
    polar,
    relatives,
    shape,
    swap_words,
    tails,
    uniform_bins,
)

LIMIT = 6.1  # standard errors, two-sided: 1e-9


@pytest.mark.parametrize("statistic", OF_NORMALS)
def test_normals_pass(statistic: Callable[[Normals], float]) -> None:
    assert statistic(kernel_normals) < LIMIT


def test_uniforms_pass() -> None:
    u = kernel_uniforms(MANY, KEY)
    assert 0.0 < u.min() < 8 / MANY
    assert 1.0 - 8 / MANY < u.max() < 1.0
    assert uniform_bins(u) < LIMIT
    assert kolmogorov(u[: MANY // 4]) < LIMIT


def test_a_look_is_independent_of_the_normals_of_its_step() -> None:
    looks = special.ndtri(kernel_uniforms(FEW, KEY))
    purposes = (PURPOSE_PROBABILITY, PURPOSE_KNOWN_VALUE, PURPOSE_CONVERSION)
    normals = [kernel_normals(FEW, KEY, 0, purpose).astype(np.float64) for purpose in purposes]
    assert correlation([looks, *normals]) < LIMIT


def test_every_input_bit_moves_every_output_bit_half_the_time() -> None:
    assert avalanche(philox_numpy) < LIMIT


def test_keys_of_steps_do_not_collide() -> None:
    assert key_collisions(derive_key) < LIMIT


# --- flawed generators: what the statistics are able to see ---------------------------------------


def rounds(number: int) -> Philox:
    """Philox with fewer rounds than its authors', who found 7 to pass all tests."""
    m0, m1, half = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57), np.uint64(32)
    w0, w1 = 0x9E3779B9, 0xBB67AE85

    def philox(*inputs: Draws) -> Words:
        c0, c1, c2, c3, k0, k1 = np.broadcast_arrays(*(np.asarray(x, np.uint32) for x in inputs))
        for r in range(number):
            p0, p1 = c0 * m0, c2 * m1
            key0, key1 = k0 + np.uint32(r * w0 % 2**32), k1 + np.uint32(r * w1 % 2**32)
            high0, high1 = ((p >> half).astype(np.uint32) for p in (p0, p1))
            c0, c1 = high1 ^ c1 ^ key0, p1.astype(np.uint32)
            c2, c3 = high0 ^ c3 ^ key1, p0.astype(np.uint32)
        return c0, c1, c2, c3

    return philox


def test_ten_of_these_rounds_are_philox() -> None:
    inputs = (np.arange(9), 1, 2, 3, *split_key(KEY))
    np.testing.assert_array_equal(rounds(10)(*inputs), philox_numpy(*inputs))


def _in_blocks(words: Words) -> Draws:
    columns = [*normal_pair_numpy(*words[:2]), *normal_pair_numpy(*words[2:])]
    return np.stack([column.reshape(-1, LANE) for column in columns], axis=1).ravel()


def of_few_rounds(number: int) -> Normals:
    philox = rounds(number)
    return lambda count, key, advertiser, purpose: _in_blocks(
        philox(np.arange(count // 4), 0, advertiser, purpose, *split_key(key))
    )


def changed(change: Callable[[Draws], Draws]) -> Normals:
    return lambda *stream: change(kernel_normals(*stream))


def of_one_magnitude(z: Draws) -> Draws:
    """Lanes 64 .. 127 repeat lanes 0 .. 63 in size, with signs of their own: uncorrelated."""
    z = z.reshape(-1, 4, LANE).copy()
    z[:, 1] = np.copysign(z[:, 0], z[:, 1])
    return z.ravel()


def deaf(place: int, mask: int = 0) -> Normals:
    """Ignores the key (1, but for `mask`), the advertiser (2) or the purpose (3)."""

    def normals(*stream: int) -> Draws:
        return kernel_normals(*(x & mask if k == place else x for k, x in enumerate(stream)))

    return normals


def of_smaller_key(count: int, key: int, advertiser: int, purpose: int) -> Draws:
    return kernel_normals(count, min(key, swap_words(key)), advertiser, purpose)


FLAWED: dict[str, tuple[Normals, tuple[Callable[[Normals], float], ...]]] = {
    "three rounds": (of_few_rounds(3), OF_NORMALS),
    "four rounds": (of_few_rounds(4), (lags, relatives, neighbours)),
    "scale off by 0.2 %": (changed(lambda z: z * np.float32(1.002)), (moments, tails)),
    "mean off by 0.002": (changed(lambda z: z + np.float32(0.002)), (moments, tails)),
    "nothing beyond 4.5": (changed(lambda z: z.clip(-4.5, 4.5)), (tails,)),
    "one magnitude": (changed(of_one_magnitude), (pairs, polar, lags)),
    "repeated blocks": (changed(lambda z: np.tile(z[: z.size // 4], 4)), (shape, pairs, polar)),
    "order of key words lost": (of_smaller_key, (relatives,)),
    "deaf to the high key word": (deaf(1, 2**32 - 1), (relatives,)),
    "deaf to the low key word": (deaf(1, 2**32 - 1 << 32), (relatives,)),
    "deaf to the advertiser": (deaf(2), (relatives, neighbours)),
    "deaf to the purpose": (deaf(3), (relatives,)),
}


@pytest.mark.parametrize(
    ("flaw", "statistic"), [(flaw, seen) for flaw in FLAWED for seen in FLAWED[flaw][1]]
)
def test_a_flaw_is_seen(flaw: str, statistic: Callable[[Normals], float]) -> None:
    assert statistic(FLAWED[flaw][0]) > LIMIT


def test_flaws_of_uniforms_words_and_keys_are_seen() -> None:
    u = kernel_uniforms(MANY, KEY)
    assert uniform_bins(u**1.01) > LIMIT
    assert uniform_bins(np.where(np.arange(MANY) // LANE % 4 == 1, np.roll(u, LANE), u)) > LIMIT
    assert avalanche(rounds(6)) > LIMIT
    assert key_collisions(lambda *parts: derive_key(*parts) & np.uint64(2**48 - 1)) > LIMIT
    assert key_collisions(lambda *parts: derive_key(*parts) & ~np.uint64(1)) > LIMIT
