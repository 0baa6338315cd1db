"""Generalised p-values: those of a plain draw, and no surer than they may be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from auctionsim.statistics.factors import collect
from auctionsim.statistics.generalised import generalised_p_value
from auctionsim.statistics.resampling import Variances, combined, variances_of

amounts = st.floats(0.01, 100.0)


def _variances(seeds: float, days: float, rest: float, levels: tuple[int, int]) -> Variances:
    degrees = np.array(levels) - 1.0
    return Variances(np.array([seeds, days]), degrees, rest, float(degrees.prod()))


@given(amounts, amounts, amounts, st.integers(2, 6), st.integers(7, 40), amounts)
def test_it_is_the_mean_over_what_the_variance_may_be(
    seeds: float, days: float, rest: float, few: int, many: int, estimate: float
) -> None:
    found = _variances(seeds + rest, days + rest, rest, (few, many))
    # Exponents of x: a chi-square variable of one degree has most of its chances next to 0.
    exponents = np.linspace(-50.0, 6.0, 40_001)
    drawn = np.exp(exponents)
    variance = np.maximum((seeds + rest) * (few - 1) / drawn, rest) + days
    tails = 2 * stats.t.sf(estimate / np.sqrt(variance), many - 1)
    expected = np.trapezoid(tails * stats.chi2.pdf(drawn, few - 1) * drawn, exponents)
    assert generalised_p_value(estimate, found) == pytest.approx(expected, rel=5e-3, abs=1e-12)


@given(amounts, st.integers(2, 50), amounts)
def test_of_one_factor_it_is_students(variance: float, levels: int, estimate: float) -> None:
    found = Variances(np.array([variance]), np.array([levels - 1.0]), 0.0, 1.0)
    expected = 2 * stats.t.sf(estimate / math.sqrt(variance), levels - 1)
    assert generalised_p_value(-estimate, found) == pytest.approx(expected, rel=1e-9)


@given(amounts, amounts, amounts, amounts)
def test_the_farther_from_0_the_surer(
    seeds: float, days: float, rest: float, estimate: float
) -> None:
    found = _variances(seeds + rest, days + rest, rest, (3, 40))
    assert generalised_p_value(2 * estimate, found) < generalised_p_value(estimate, found) <= 1.0


def test_equal_results_are_no_proof() -> None:
    nothing = _variances(0.0, 0.0, 0.0, (3, 40))
    assert math.isnan(generalised_p_value(1.0, nothing))
    assert generalised_p_value(0.0, nothing) == 1.0
    assert math.isnan(generalised_p_value(math.nan, _variances(1.0, 1.0, 0.1, (3, 40))))


@pytest.mark.parametrize(("seeds", "days", "rest"), [(2.0, 1.0, 1.0), (1.0, 1.0, 0.3)])
def test_few_seeds_make_no_false_claims_at_small_levels(
    seeds: float, days: float, rest: float
) -> None:
    """Those of the interval's own degrees of freedom do."""
    rng, runs, level, shape = np.random.default_rng(5), 6000, 0.003, (3, 20)
    labels = np.indices(shape).reshape(2, -1)
    plain = cautious = 0
    for _ in range(runs):
        box = rng.normal(0, seeds, (3, 1)) + rng.normal(0, days, 20) + rng.normal(0, rest, shape)
        factors = {"seed": labels[0], "episode": labels[1]}
        cells = collect(box.reshape(-1, 1), factors, list(factors))
        found, mean = variances_of(cells, np.array([1.0 / box.size])), float(box.mean())
        spread = combined(found)
        plain += 2 * stats.t.sf(abs(mean) / math.sqrt(spread.variance), spread.degrees) < level
        cautious += generalised_p_value(mean, found) < level
    most = runs * level + 4 * math.sqrt(runs * level)
    assert cautious <= most < plain
