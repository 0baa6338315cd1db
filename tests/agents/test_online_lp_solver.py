from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from agents.online_lp_solver import Solution, solve_mixture

Float64Array = NDArray[np.float64]

OVERRUN = 10.0


def reference(
    value: Float64Array, cost: Float64Array, excess: Float64Array, budget: float, slack: float
) -> Solution:
    """Solve the same programme by a general solver."""
    rows = np.stack([cost, excess, np.ones(len(cost))])
    overrun = np.array([[0.0], [-1.0], [0.0]])
    found = linprog(
        np.append(-value, OVERRUN),
        A_ub=np.hstack([rows, overrun]),
        b_ub=[budget, slack, 1.0],
        method="highs",
    )
    assert found.status == 0
    assert found.fun is not None
    return Solution(-found.fun, *(-found.ineqlin.marginals[:2]))


def random_plays(seed: int, plays: int) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Rising costs with falling returns, roughly, and a limit that dear plays break."""
    rng = np.random.default_rng(seed)
    cost = np.cumsum(rng.exponential(1.0, plays))
    value = np.sqrt(cost) * rng.uniform(0.8, 1.2, plays)
    return value, cost, cost - rng.uniform(0.5, 3.0) * value


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 60),
    st.floats(0.01, 60.0),
    st.floats(-20.0, 20.0).filter(lambda slack: abs(slack) > 0.01),
)
def test_value_and_dual_prices_are_those_of_a_general_solver(
    seed: int, plays: int, budget: float, slack: float
) -> None:
    arrays = random_plays(seed, plays)
    found = solve_mixture(*arrays, budget, slack, OVERRUN)
    expected = reference(*arrays, budget, slack)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.0, 2.0, 5.0]),
            st.sampled_from([0.0, 1.0, 3.0]),
            st.sampled_from([-2.0, 0.0, 1.0]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([0.0, 1.0, 3.0, 100.0]),
    st.sampled_from([-2.0, 0.0, 1.0, 100.0]),
)
def test_with_ties_its_prices_still_prove_the_optimum(
    rows: list[tuple[float, float, float]], budget: float, slack: float
) -> None:
    """Where prices are not unique: they are feasible, and price the solution exactly."""
    value, cost, excess = (np.array(column) for column in zip(*rows, strict=True))
    found = solve_mixture(value, cost, excess, budget, slack, OVERRUN)
    assert found.objective == pytest.approx(
        reference(value, cost, excess, budget, slack).objective, abs=1e-9
    )
    assert found.budget_price >= 0.0
    assert 0.0 <= found.limit_price <= OVERRUN + 1e-9
    gain = value - found.budget_price * cost - found.limit_price * excess
    bound = found.budget_price * budget + found.limit_price * slack + max(0.0, gain.max())
    assert bound == pytest.approx(found.objective, abs=1e-9)


def test_what_does_not_bind_is_free() -> None:
    value, cost, excess = random_plays(0, 20)
    found = solve_mixture(value, cost, excess, 1e6, 1e6, OVERRUN)
    assert found == (value.max(), 0.0, 0.0)


def test_an_overrun_that_cannot_be_mended_is_paid_for() -> None:
    found = solve_mixture(np.array([1.0]), np.array([1.0]), np.array([1.0]), 5.0, -3.0, OVERRUN)
    assert found.objective == pytest.approx(-3.0 * OVERRUN)
    assert found.limit_price == pytest.approx(OVERRUN)


def test_units_do_not_matter() -> None:
    value, cost, excess = random_plays(1, 30)
    one = solve_mixture(value, cost, excess, 5.0, 0.3, OVERRUN)
    other = solve_mixture(1e-6 * value, 1e9 * cost, 1e9 * excess, 5e9, 0.3e9, 1e-15 * OVERRUN)
    np.testing.assert_allclose(np.array(other) * [1e6, 1e15, 1e15], one)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e25])
def test_extreme_numbers_give_finite_prices(scale: float) -> None:
    value, cost, excess = (scale * row for row in random_plays(2, 10))
    for budget, slack in ((0.0, 0.0), (0.0, -1.0), (1e30, 1e30), (1.0, -1e30)):
        found = solve_mixture(value, cost, excess, budget, slack, OVERRUN)
        assert np.isfinite(found).all()
        assert min(found.budget_price, found.limit_price) >= 0.0
