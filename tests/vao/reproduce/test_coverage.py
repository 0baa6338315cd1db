"""How often intervals hold the truth, and how often p-values claim what is not so."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from vao.reproduce.contrasts import change, mean
from vao.reproduce.crossed import Crossed
from vao.reproduce.intervals import Drawing, estimate

QUICK = Drawing(draws=100)


def boxed(boxes: Mapping[str, NDArray[np.float64]]) -> list[Crossed]:
    """Return entrants with these Values, (seeds, episodes)."""
    return [
        Crossed(
            name,
            True,
            tuple(range(len(box))),
            np.arange(box.shape[1], dtype=np.int32),
            {"bcb": np.ones(box.shape[1])},
            {("bcb", "value"): box},
        )
        for name, box in boxes.items()
    ]


@pytest.mark.parametrize(("seeds", "days", "rest"), [(1.0, 1.0, 1.0), (0.0, 1.0, 0.5), (1, 0, 0.3)])
def test_intervals_hold_the_truth_as_often_as_they_say(
    seeds: float, days: float, rest: float
) -> None:
    rng, runs, held, named = np.random.default_rng(3), 300, 0, 0
    for _ in range(runs):
        common = rng.normal(0, days, 12)
        boxes = {
            name: truth
            + rng.normal(0, seeds, (5, 1))
            + common
            + rng.normal(0, 0.5 * days, 12)
            + rng.normal(0, rest, (5, 12))
            for name, truth in (("a", 110.0), ("b", 100.0))
        }
        asked = {"m": mean("a", "bcb", "value"), "d": change("a", "b", "bcb", "value")}
        found = estimate(boxed(boxes), asked, QUICK)
        held += found["m"].low <= 110.0 <= found["m"].high
        named += found["d"].low <= 10.0 <= found["d"].high
    # Four standard errors below 95 %; above, intervals may be cautious, but not empty of news.
    least = 0.95 - 4 * math.sqrt(0.95 * 0.05 / runs)
    assert least <= held / runs <= 0.997
    assert least <= named / runs <= 0.997


def test_false_claims_are_as_rare_as_p_values_say() -> None:
    rng, runs = np.random.default_rng(4), 300
    p_values = []
    for _ in range(runs):
        day = 1 + 0.3 * rng.normal(size=10)
        boxes = {
            n: (100 * day * (1 + 0.03 * rng.normal(size=(4, 1)) + 0.05 * rng.normal(size=(4, 10))))
            for n in "ab"
        }
        asked = {"d": change("a", "b", "bcb", "value")}
        p_values.append(estimate(boxed(boxes), asked, QUICK)["d"].p_value())
    claimed = np.mean(np.array(p_values) < 0.05)
    assert claimed <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / runs)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-4
