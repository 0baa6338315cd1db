"""Quantiles of returns at a budget: a line in the log budget and what lies around it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidDataError
from vao.returns import QUANTILES, TaskReturns

slopes = st.floats(-2.0, 2.0)
levels = st.floats(-5.0, 5.0)
quantiles = st.floats(0.0, 1.0)


def _made(slope: float, level: float, spread: float, n: int = 4001) -> TaskReturns:
    """Returns with known quantiles: beside each budget lies the same ladder of residuals."""
    budget = np.repeat(np.linspace(1.0, 4.0, 21), n)
    ladder = np.tile(np.linspace(-spread, spread, n), 21)
    return TaskReturns.fit(level + slope * budget + ladder, budget)


@given(slopes, levels, st.floats(0.01, 2.0), quantiles, st.floats(1.0, 4.0))
def test_quantiles_at_a_budget_are_recovered(
    slope: float, level: float, spread: float, quantile: float, budget: float
) -> None:
    found = _made(slope, level, spread, n=101).at(quantile, budget)
    expected = level + slope * budget + spread * (2.0 * quantile - 1.0)
    assert float(found) == pytest.approx(expected, abs=0.02 * spread + 1e-9)


def test_a_noisy_line_is_recovered() -> None:
    rng = np.random.default_rng(0)
    budget = rng.uniform(2.0, 6.0, 20_000)
    returns = 1.0 - 0.4 * budget + rng.normal(0.0, 0.3, len(budget))
    fitted = TaskReturns.fit(returns, budget)
    assert fitted.slope == pytest.approx(-0.4, abs=0.01)
    for quantile, deviations in ((0.5, 0.0), (0.8413, 1.0), (0.1587, -1.0)):
        expected = 1.0 - 0.4 * np.array([2.5, 5.5]) + 0.3 * deviations
        np.testing.assert_allclose(fitted.at(quantile, [2.5, 5.5]), expected, atol=0.02)


@given(slopes, st.floats(0.0, 50.0))
def test_it_stays_level_beyond_the_budgets_seen(slope: float, beyond: float) -> None:
    fitted = _made(slope, 0.0, 1.0, n=11)
    for quantile in (0.0, 0.3, 1.0):
        assert fitted.at(quantile, 1.0 - beyond) == fitted.at(quantile, 1.0)
        assert fitted.at(quantile, 4.0 + beyond) == fitted.at(quantile, 4.0)
    assert np.isfinite(fitted.at(0.5, [-math.inf, math.inf])).all()


@given(slopes, st.lists(quantiles, min_size=2, max_size=6))
def test_more_is_asked_for_at_higher_quantiles(slope: float, wanted: list[float]) -> None:
    fitted = _made(slope, 1.0, 0.5, n=11)
    found = [float(fitted.at(quantile, 2.0)) for quantile in sorted(wanted)]
    assert found == sorted(found)


def test_ends_are_the_worst_and_the_best() -> None:
    rng = np.random.default_rng(1)
    budget, returns = rng.uniform(0.0, 1.0, 500), rng.normal(size=500)
    fitted = TaskReturns.fit(returns, budget)
    beside = returns - (fitted.intercept + fitted.slope * budget)
    line = fitted.intercept + fitted.slope * 0.5
    assert float(fitted.at(1.0, 0.5)) == pytest.approx(line + beside.max())
    assert float(fitted.at(0.0, 0.5)) == pytest.approx(line + beside.min())
    assert np.corrcoef(beside, budget)[0, 1] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("n", [1, 7])
def test_one_budget_has_no_slope(n: int) -> None:
    returns = np.linspace(-1.0, 2.0, n)
    fitted = TaskReturns.fit(returns, np.full(n, 3.0))
    assert fitted.slope == 0.0
    assert float(fitted.at(1.0, 100.0)) == pytest.approx(returns[-1])
    assert float(fitted.at(0.5, 3.0)) == pytest.approx(np.median(returns))


def test_any_shape_of_budgets() -> None:
    fitted = _made(0.5, 0.0, 1.0, n=11)
    assert fitted.at(0.5, np.full((2, 3), 2.0)).shape == (2, 3)
    assert fitted.at(0.5, []).shape == (0,)


@pytest.mark.parametrize(
    "numbers",
    [
        (math.nan, 0.0, 0.0, 1.0, (0.0,) * len(QUANTILES)),
        (0.0, math.inf, 0.0, 1.0, (0.0,) * len(QUANTILES)),
        (0.0, 0.0, 0.0, 1.0, (0.0,) * 5),
        (0.0, 0.0, 0.0, 1.0, (math.nan,) * len(QUANTILES)),
    ],
)
def test_what_is_no_line_is_refused(
    numbers: tuple[float, float, float, float, tuple[float, ...]],
) -> None:
    with pytest.raises(InvalidDataError, match="returns"):
        TaskReturns(*numbers)
