"""Comparison of clearings, shared by the tests."""

from __future__ import annotations

import numpy as np

from auctionsim.mechanism import Clearing


def assert_same(result: Clearing, expected: Clearing) -> None:
    for name in ("winners", "prices", "market_price"):
        left, right = getattr(result, name), getattr(expected, name)
        assert left.dtype == right.dtype, name
        np.testing.assert_array_equal(left, right, err_msg=name)
