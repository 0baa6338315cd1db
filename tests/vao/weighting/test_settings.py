"""What validation-aligned weighting can be told, and what it cannot."""

from __future__ import annotations

import math
from typing import Any

import pytest

from auctionsim.errors import InvalidArgumentError
from vao.weighting.settings import VaoSettings


def test_defaults_are_the_papers() -> None:
    settings = VaoSettings()
    assert (settings.temperature, settings.refresh, settings.alignment) == (0.1, 5, "cosine")
    assert (settings.smoothing, settings.adapt, settings.update) == (0.0, "fixed", "joint")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("temperature", [0.0, -0.1, math.nan, math.inf, "0.1", None, True]),
        ("refresh", [0, -1, 2.5, True, None]),
        ("validation_batch", [-1, 0.5, "8"]),
        ("refresh_batch", [-1, math.nan]),
        ("smoothing", [-0.1, 1.0, math.nan]),
        ("effective_sources", [0.5, math.inf]),
        ("noise_factor", [0.0, -1.0]),
        ("alignment", ["dot", "", None, 1, ["cosine"]]),
        ("signal", ["test"]),
        ("parameters", ["heads"]),
        ("update", ["both"]),
        ("adapt", ["auto"]),
    ],
)
def test_refuses_values_that_break_a_rule(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(InvalidArgumentError, match=rf"settings\.{name}"):
            VaoSettings(**{name: value})


def test_ends_of_the_ranges_are_allowed() -> None:
    VaoSettings(
        temperature=1e-300,
        refresh=1,
        validation_batch=0,
        refresh_batch=0,
        smoothing=0.9999,
        effective_sources=1,
    )
