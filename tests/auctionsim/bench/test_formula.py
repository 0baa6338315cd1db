from __future__ import annotations

import itertools

import numpy as np
import pytest

from auctionsim.bench.formula import MEMORY_TERMS, TIME_TERMS, Formula, Sizes, fit

GRID = [
    Sizes(*sizes)
    for sizes in itertools.product((500, 50_000, 5_000_000), (6, 48, 1000), (1, 3, 10), (24, 48))
]


def test_known_coefficients_are_found_again() -> None:
    known = Formula("s", {"T": 2e-5, "N": 3e-8, "N A": 4e-9, "N S": 5e-9}, 0.0)
    found = fit("s", TIME_TERMS, GRID, [known(sizes) for sizes in GRID])
    for name in TIME_TERMS:
        expected = known.coefficients.get(name, 0.0)
        assert found.coefficients.get(name, 0.0) == pytest.approx(expected, rel=1e-6, abs=1e-15)
    assert found.largest_relative_error < 1e-6


def test_a_formula_adds_its_terms_and_can_be_read() -> None:
    formula = Formula("MiB", {"1": 2.0, "N A / T": 3e-6}, 0.0)
    assert formula(Sizes(480_000, 10, 3, 48)) == pytest.approx(2.0 + 3e-6 * 100_000)
    assert str(formula) == "MiB = 2 + 3e-06 N A / T"
    assert str(Formula("MiB", {}, 0.0)) == "MiB = 0"


def test_the_largest_error_is_told_and_small_amounts_count_as_much_as_large_ones() -> None:
    sizes = [Sizes(n, 1, 1, 1) for n in (10, 1_000_000)]
    found = fit("s", {"N": TIME_TERMS["N"]}, sizes, [10.0, 3_000_000.0])
    # Least squares of c - 1 and c / 3 - 1.
    best = (1 + 1 / 3) / (1 + 1 / 9)
    assert found.coefficients["N"] == pytest.approx(best)
    assert found.largest_relative_error == pytest.approx(max(abs(best - 1), abs(best / 3 - 1)))


def test_no_coefficient_is_negative() -> None:
    sizes = [Sizes(n, 1, 1, 1) for n in (1, 10, 100)]
    found = fit("s", TIME_TERMS, sizes, [3.0, 2.0, 1.0])
    assert all(value > 0 for value in found.coefficients.values())


def test_amounts_below_the_floor_are_not_chased() -> None:
    sizes = [Sizes(n, 48, 3, 48) for n in (10, 100, 1_000_000)]
    exact = Formula("MiB", {"N A / T": 1e-4}, 0.0)
    measured = np.array([0.0, 0.05, exact(sizes[2])])
    found = fit("MiB", MEMORY_TERMS, sizes, measured.tolist(), floor=1.0)
    assert found(sizes[2]) == pytest.approx(100.0, rel=0.01)
    assert found.largest_relative_error < 0.1
