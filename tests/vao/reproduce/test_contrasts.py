"""Contrasts against the formulas they stand for, and their slopes against small steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.tasks import TASKS
from vao.metrics import delta_m
from vao.reproduce.contrasts import Contrast, Figure, change, drop, drop_gap, mean, share

ASKED: dict[str, Contrast] = {
    "mean": mean("a", "bcb", "value"),
    "share": share("a", "c", "bcb", "value"),
    "change": change("a", "c", "bcb", "value"),
    "drop": drop("a", "b", TASKS, "score_strict"),
    "gap": drop_gap("a", "c", "b", TASKS, "score_strict"),
}
FIGURES: list[Figure] = [
    (name, task, metric) for name in "abc" for task in TASKS for metric in ("value", "score_strict")
]
means = st.lists(st.floats(1.0, 100.0), min_size=len(FIGURES), max_size=len(FIGURES))


def finder(
    numbers: dict[Figure, float],
) -> Callable[[Figure], np.ndarray[tuple[()], np.dtype[np.float64]]]:
    return lambda figure: np.asarray(numbers[figure], np.float64)


def value(contrast: Contrast, numbers: dict[Figure, float]) -> float:
    return float(contrast.value(finder(numbers)))


@given(means)
def test_values_are_those_of_the_formulas(given_means: list[float]) -> None:
    numbers = dict(zip(FIGURES, given_means, strict=True))

    def cells(name: str) -> dict[tuple[str, str], float]:
        return {(t, m): numbers[name, t, m] for t in TASKS for m in ("value", "score_strict")}

    ours, theirs = numbers["a", "bcb", "value"], numbers["c", "bcb", "value"]
    deltas = {name: delta_m(cells(name), cells("b")) for name in "ac"}
    expected = {
        "mean": ours,
        "share": 100 * ours / theirs,
        "change": 100 * (ours - theirs) / theirs,
        "drop": deltas["a"],
        "gap": deltas["a"] - deltas["c"],
    }
    for name, contrast in ASKED.items():
        assert value(contrast, numbers) == pytest.approx(expected[name], rel=1e-9, abs=1e-8)


@given(means)
def test_slopes_are_those_of_small_steps(given_means: list[float]) -> None:
    numbers = dict(zip(FIGURES, given_means, strict=True))
    for contrast in ASKED.values():
        slopes = contrast.slopes(finder(numbers))
        assert list(slopes) == contrast.figures
        for figure, slope in slopes.items():
            step = 1e-4 * numbers[figure]
            ends = [
                value(contrast, {**numbers, figure: numbers[figure] + s}) for s in (step, -step)
            ]
            found = (ends[0] - ends[1]) / (2 * step)
            assert slope == pytest.approx(found, rel=1e-5, abs=1e-6)


@given(means)
def test_what_is_compared_with_itself_is_0(given_means: list[float]) -> None:
    numbers = dict(zip(FIGURES, given_means, strict=True))
    assert value(drop("a", "a", TASKS, "score_strict"), numbers) == 0.0
    assert value(drop_gap("a", "a", "b", TASKS, "score_strict"), numbers) == 0.0
    assert value(change("a", "a", "bcb", "value"), numbers) == 0.0


@pytest.mark.parametrize(("over", "expected"), [(1.0, np.inf), (0.0, np.nan)])
def test_a_denominator_of_0_leaves_it_undefined(over: float, expected: float) -> None:
    numbers = {("a", "bcb", "value"): over, ("c", "bcb", "value"): 0.0}
    found = value(ASKED["change"], numbers)
    assert found == expected or (np.isnan(found) and np.isnan(expected))
