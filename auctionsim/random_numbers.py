"""Counter-based random numbers: every draw is a pure function of its key and counter.

The generator is Philox4x32-10 (Salmon et al., SC'11, "Parallel random numbers: as easy as 1, 2,
3"): 64 bits of key, 128 bits of counter, four 32-bit words a call. Each function exists twice, as a
Numba kernel and as a NumPy twin with the same bits; the twin is the reference and serves small
draws.

Layout of a counter: (low word of the index, high word of the index, advertiser id, purpose).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

PURPOSE_STREAM = 0  # keys of an episode and of its steps
PURPOSE_TIE = 1  # order among equal bids
PURPOSE_PROBABILITY = 2  # conversion probability of an opportunity for an advertiser
PURPOSE_KNOWN_VALUE = 3  # mean value of a conversion, known before bidding
PURPOSE_EXPOSURE = 4  # how far the viewer looks
PURPOSE_CONVERSION = 5  # conversion coin and the conversion's realised value
PURPOSE_TRAFFIC = 6  # opportunities per step
PURPOSE_CATEGORY = 7  # daily profile of a category's probabilities
PURPOSE_ADVERTISER = 8  # an advertiser's own profile, spreads and bias
PURPOSE_CAMPAIGN = 9  # budgets, targets and the assignment of tasks
PURPOSE_LINEUP = 10  # which bidder plays a seat
PURPOSE_BEHAVIOUR = 11  # private randomness of a bidder
PURPOSE_DROP = 12  # which wins go first when a winner over-spent (AuctionNet's rule)
PURPOSE_SEAT = 13  # which advertiser an environment lets act
PURPOSE_DAY = 14  # what kind of day it is: its traffic, and the paths of quality and prices
PURPOSE_QUALITY = 15  # quality of an opportunity, the same for all advertisers

# A Philox block serves 256 consecutive opportunities with 64 calls: word l of call c belongs to
# opportunity 64 * l + c of the block, so that vector lanes read and write without shuffles.
BLOCK = 256
_LANE = 64

UInt32Array = NDArray[np.uint32]
UInt64Array = NDArray[np.uint64]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Words = tuple[UInt32Array, UInt32Array, UInt32Array, UInt32Array]

_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85


@njit(inline="always")
def _round(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    p0 = np.uint64(c0) * np.uint64(_M0)
    p1 = np.uint64(c2) * np.uint64(_M1)
    h0, l0 = np.uint32(p0 >> np.uint64(32)), np.uint32(p0)
    h1, l1 = np.uint32(p1 >> np.uint64(32)), np.uint32(p1)
    return np.uint32(h1 ^ c1 ^ k0), l1, np.uint32(h0 ^ c3 ^ k1), l0


@njit(inline="always")
def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """Philox4x32-10 of a counter (c0..c3) under a key (k0, k1), all uint32: four uint32 words."""
    c0, c1, c2, c3 = np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)
    k0, k1 = np.uint32(k0), np.uint32(k1)
    # Unrolled: a loop here keeps LLVM from vectorising the caller's loop over counters.
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = np.uint32(k0 + np.uint32(_W0)), np.uint32(k1 + np.uint32(_W1))
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    return c0, c1, c2, c3


def philox_numpy(
    c0: ArrayLike, c1: ArrayLike, c2: ArrayLike, c3: ArrayLike, k0: ArrayLike, k1: ArrayLike
) -> Words:
    """NumPy twin of `philox`: counters and keys broadcast against each other, same bits."""
    low = np.uint64(0xFFFFFFFF)
    words: list[UInt64Array] = [
        np.asarray(x).astype(np.uint64) & low for x in (c0, c1, c2, c3, k0, k1)
    ]
    x0, x1, x2, x3, y0, y1 = words
    for _ in range(10):
        p0, p1 = x0 * np.uint64(_M0), x2 * np.uint64(_M1)
        x0, x1, x2, x3 = (
            (p1 >> np.uint64(32)) ^ x1 ^ y0,
            p1 & low,
            (p0 >> np.uint64(32)) ^ x3 ^ y1,
            p0 & low,
        )
        y0, y1 = (y0 + np.uint64(_W0)) & low, (y1 + np.uint64(_W1)) & low
    w0, w1, w2, w3 = np.broadcast_arrays(x0, x1, x2, x3)
    return w0.astype(np.uint32), w1.astype(np.uint32), w2.astype(np.uint32), w3.astype(np.uint32)


def split_key(key: ArrayLike) -> tuple[UInt32Array, UInt32Array]:
    """Split 64-bit keys into their low and high words."""
    wide = np.asarray(key, np.uint64)
    return (wide & np.uint64(0xFFFFFFFF)).astype(np.uint32), (wide >> np.uint64(32)).astype(
        np.uint32
    )


def derive_key(
    key: ArrayLike, index: ArrayLike, advertiser: ArrayLike, purpose: int
) -> UInt64Array:
    """Derive 64-bit keys from a parent key; arguments broadcast.

    Args:
        key: Parent key(s), 0 <= key < 2^64.
        index: Counter(s), 0 <= index < 2^64: an episode or a step, say.
        advertiser: Advertiser id(s), 0 where none is meant.
        purpose: One of the PURPOSE constants.
    """
    k0, k1 = split_key(key)
    i0, i1 = split_key(index)
    w0, w1, _, _ = philox_numpy(i0, i1, advertiser, purpose, k0, k1)
    return w0.astype(np.uint64) | (w1.astype(np.uint64) << np.uint64(32))


def uniforms(key: ArrayLike, index: ArrayLike, advertiser: ArrayLike, purpose: int) -> Float64Array:
    """Draw uniforms in (0, 1) of 32-bit resolution; shape: the arguments' broadcast, then 4."""
    k0, k1 = split_key(key)
    i0, i1 = split_key(index)
    words = philox_numpy(i0, i1, advertiser, purpose, k0, k1)
    return (np.stack(words, axis=-1).astype(np.float64) + 0.5) * 2.0**-32


def normals(key: ArrayLike, index: ArrayLike, advertiser: ArrayLike, purpose: int) -> Float32Array:
    """Draw standard normals; shape: the arguments' broadcast, then 4."""
    k0, k1 = split_key(key)
    i0, i1 = split_key(index)
    w0, w1, w2, w3 = philox_numpy(i0, i1, advertiser, purpose, k0, k1)
    return np.stack([*normal_pair_numpy(w0, w1), *normal_pair_numpy(w2, w3)], axis=-1)


# --- Normals: Box-Muller in float32 -------------------------------------------------------------
# Logarithm, sine and cosine are polynomials of our own: they vectorise, and their bits do not
# depend on the machine's maths library. Coefficients: least squares on Chebyshev nodes.

_LN2 = np.float32(0.6931471805599453)
_SQRT2 = np.float32(1.4142135623730951)
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1.0), np.float32(2.0)
_TO_ANGLE = np.float32(np.pi / 4 * 2.0**-31)
_MANTISSA, _EXPONENT_OF_ONE = np.uint32(0x007FFFFF), np.uint32(0x3F800000)


@njit(inline="always")
def _log_of_uniform(word):  # type: ignore[no-untyped-def]
    """ln((w + 1/2) / 2^31) of the word's upper 31 bits w; (w + 1/2) is rounded to 24 bits."""
    x = np.float32(np.int32(word >> np.uint32(1))) + _HALF
    bits = np.float32(x).view(np.uint32)
    exponent = np.int32(bits >> np.uint32(23)) - np.int32(158)  # 127 + 31
    m = np.uint32((bits & _MANTISSA) | _EXPONENT_OF_ONE).view(np.float32)
    high = m > _SQRT2
    m = m * _HALF if high else m
    e = np.float32(exponent) + (_ONE if high else np.float32(0.0))
    return e * _LN2 + _log1p_polynomial(m - _ONE)


@njit(inline="always")
def _log1p_polynomial(t):  # type: ignore[no-untyped-def]
    """ln(1 + t) for sqrt(1/2) - 1 <= t <= sqrt(2) - 1."""
    p = np.float32(-0.07670869678258896)
    p = p * t + np.float32(0.12785540521144867)
    p = p * t + np.float32(-0.13156944513320923)
    p = p * t + np.float32(0.1419764757156372)
    p = p * t + np.float32(-0.16623273491859436)
    p = p * t + np.float32(0.20001445710659027)
    p = p * t + np.float32(-0.2500082850456238)
    p = p * t + np.float32(0.333333283662796)
    return t - _HALF * t * t + t * t * t * p


@njit(inline="always")
def _sine(a):  # type: ignore[no-untyped-def]
    """sin(a) for |a| <= pi / 4."""
    z = a * a
    p = np.float32(-0.0001958794891834259) * z + np.float32(0.008332748897373676)
    p = p * z + np.float32(-0.166666641831398)
    return a + a * z * p


@njit(inline="always")
def _cosine(a):  # type: ignore[no-untyped-def]
    """cos(a) for |a| <= pi / 4."""
    z = a * a
    p = np.float32(2.4435852537862957e-05) * z + np.float32(-0.0013887342065572739)
    p = p * z + np.float32(0.04166664555668831)
    return _ONE - _HALF * z + z * z * p


@njit(inline="always")
def normal_pair(w0, w1):  # type: ignore[no-untyped-def]
    """Two independent standard normals, float32: the radius from w0, the angle from w1."""
    radius = np.sqrt(np.float32(-2.0) * _log_of_uniform(w0))
    angle = np.float32(np.int32(np.uint32(w1 << np.uint32(2)))) * _TO_ANGLE
    s, c = _sine(angle), _cosine(angle)
    odd, flip = (w1 >> np.uint32(30)) & np.uint32(1), w1 >> np.uint32(31)
    x, y = (s, c) if odd != 0 else (c, s)
    sign = np.float32(-1.0) if flip != 0 else _ONE
    return radius * x * sign, radius * y * sign


@njit(inline="always")
def exp_polynomial(x):  # type: ignore[no-untyped-def]
    """exp(x) in float32 for |x| < 80, by halving to |r| <= ln(2) / 2."""
    n = np.floor(x * np.float32(1.4426950408889634) + _HALF)
    r = (x - n * np.float32(0.693145751953125)) - n * np.float32(1.42860682030941723e-6)
    p = np.float32(0.0013933641603216529)
    p = p * r + np.float32(0.008363175205886364)
    p = p * r + np.float32(0.04166646674275398)
    p = p * r + np.float32(0.16666576266288757)
    p = p * r + _HALF
    scale = np.uint32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return (_ONE + r + r * r * p) * scale


@njit(inline="always")
def uniform(word):  # type: ignore[no-untyped-def]
    """A uniform in (0, 1), float64 of 32-bit resolution, from a word."""
    return (np.float64(word) + 0.5) * 2.3283064365386963e-10


# --- NumPy twins: the same operations in the same order, hence the same bits ----------------------


_log1p_numpy: Callable[[Float32Array], Float32Array] = _log1p_polynomial.py_func
_sine_numpy: Callable[[Float32Array], Float32Array] = _sine.py_func
_cosine_numpy: Callable[[Float32Array], Float32Array] = _cosine.py_func


def _log_of_uniform_numpy(word: UInt32Array) -> Float32Array:
    x = (word >> np.uint32(1)).astype(np.float32) + _HALF
    bits = x.view(np.uint32)
    exponent = (bits >> np.uint32(23)).astype(np.int32) - np.int32(158)
    m = ((bits & _MANTISSA) | _EXPONENT_OF_ONE).view(np.float32)
    high = m > _SQRT2
    m = np.where(high, m * _HALF, m)
    e = exponent.astype(np.float32) + high.astype(np.float32)
    result: Float32Array = e * _LN2 + _log1p_numpy(m - _ONE)
    return result


def normal_pair_numpy(w0: UInt32Array, w1: UInt32Array) -> tuple[Float32Array, Float32Array]:
    """NumPy twin of `normal_pair`."""
    radius = np.sqrt(np.float32(-2.0) * _log_of_uniform_numpy(w0))
    angle = (w1 << np.uint32(2)).view(np.int32).astype(np.float32) * _TO_ANGLE
    s, c = _sine_numpy(angle), _cosine_numpy(angle)
    odd = ((w1 >> np.uint32(30)) & np.uint32(1)) != 0
    sign = np.where(w1 >> np.uint32(31) != 0, np.float32(-1.0), _ONE)
    return radius * np.where(odd, s, c) * sign, radius * np.where(odd, c, s) * sign


def exp_polynomial_numpy(x: Float32Array) -> Float32Array:
    """NumPy twin of `exp_polynomial`."""
    n = np.floor(x * np.float32(1.4426950408889634) + _HALF)
    r = (x - n * np.float32(0.693145751953125)) - n * np.float32(1.42860682030941723e-6)
    p = np.float32(0.0013933641603216529)
    for coefficient in (0.008363175205886364, 0.04166646674275398, 0.16666576266288757, 0.5):
        p = p * r + np.float32(coefficient)
    scale = ((n.astype(np.int32) + np.int32(127)) << np.int32(23)).view(np.float32)
    result: Float32Array = (_ONE + r + r * r * p) * scale
    return result
