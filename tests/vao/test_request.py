"""Requests: their rules and how they read."""

from __future__ import annotations

import math

import pytest

from auctionsim.errors import InvalidArgumentError
from vao import Request


@pytest.mark.parametrize(
    ("part", "value"),
    [
        *(("quantile", value) for value in (-0.1, 1.1, math.nan)),
        *(("ratio", value) for value in (0.0, -1.0, math.nan, math.inf)),
        *(("factor", value) for value in (0.0, -1.0, math.nan, math.inf)),
        *(("adapt", value) for value in (-0.1, 10.1, math.nan, math.inf)),
    ],
)
def test_impossible_requests_are_refused(part: str, value: float) -> None:
    with pytest.raises(InvalidArgumentError, match=part):
        Request(**{part: value})


def test_the_ends_are_allowed() -> None:
    assert Request(0.0).quantile == 0.0
    assert Request(1.0, adapt=10.0).adapt == 10.0


def test_it_reads_well() -> None:
    assert str(Request(0.5, 0.9)) == "quantile 0.5, ratio 0.9"
    assert str(Request(1.0, 1.0, 1.05, 2.0)) == "quantile 1, ratio 1, factor 1.05, adapt 2"
