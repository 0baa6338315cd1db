"""Theorem 4.4 of the VAO paper as it holds: one step against naive sharing, to first order.

With g_k the gradient of the risk, m_i = <g_k, g_i>, w = softmax(m / lambda), naive weights alpha
and plain gradient descent with step eta:

    R(theta_VAO) - R(theta_naive) = -eta Delta + O(eta^2),    Delta = sum_i (w_i - alpha_i) m_i.

What is proved in the paper's appendix C.3 is Delta >= lambda (H(alpha) - H(w)), H the entropy. That
Delta >= 0 does not follow, and is not true.
"""

from __future__ import annotations

from collections.abc import Sequence

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import entr, log_softmax

from tests.vao.weighting.quadratic import Centres, Quadratic, Vector, centres, problem
from tests.vao.weighting.reference import vao
from tests.vao.weighting.samplers import GivenSampler
from vao.weighting import EqualWeights, alignment_weights

lambdas = st.floats(-3.0, 3.0).map(lambda x: 10.0**x)


@st.composite
def sources(draw: st.DrawFn) -> tuple[Vector, Vector]:
    """Alignments of 1 to 6 sources, and naive weights, some of which may be 0."""
    size = draw(st.integers(1, 6))
    alignment = draw(hnp.arrays(np.float64, size, elements=st.floats(-10.0, 10.0)))
    sizes = draw(hnp.arrays(np.float64, size, elements=st.integers(0, 100)))
    assume(sizes.sum() > 0.0)
    return alignment, sizes / sizes.sum()


def entropy(weights: Vector) -> float:
    return float(entr(weights).sum())


def gain(alignment: Vector, naive: Vector, temperature: float) -> float:
    """The theorem's Delta."""
    return float((alignment_weights([alignment], temperature)[0] - naive) @ alignment)


def rounding(alignment: Vector, temperature: float) -> float:
    return 1e-12 * (float(np.abs(alignment).max()) + temperature)


@given(sources(), lambdas)
def test_gain_is_no_less_than_lambda_times_the_entropy_given_up(
    drawn: tuple[Vector, Vector], temperature: float
) -> None:
    alignment, naive = drawn
    weights = alignment_weights([alignment], temperature)[0]
    bound = temperature * (entropy(naive) - entropy(weights))
    assert gain(*drawn, temperature) >= bound - rounding(alignment, temperature)


@given(sources(), lambdas)
def test_what_is_left_is_lambda_times_a_divergence(
    drawn: tuple[Vector, Vector], temperature: float
) -> None:
    """Delta = lambda (H(alpha) - H(w) + KL(alpha || w)), so the bound is met at alpha = w alone."""
    alignment, naive = drawn
    weights = alignment_weights([alignment], temperature)[0]
    divergence = -entropy(naive) - naive @ log_softmax(alignment / temperature)
    expected = temperature * (entropy(naive) - entropy(weights) + divergence)
    tolerance = 10 * rounding(alignment, temperature)
    assert gain(*drawn, temperature) == pytest.approx(expected, rel=1e-9, abs=tolerance)


@given(sources(), lambdas)
def test_no_worse_than_naive_weights_of_at_least_its_entropy(
    drawn: tuple[Vector, Vector], temperature: float
) -> None:
    alignment, naive = drawn
    slack = rounding(alignment, temperature)
    uniform = np.full(len(alignment), 1.0 / len(alignment))
    assert gain(alignment, uniform, temperature) >= -slack
    if entropy(naive) >= entropy(alignment_weights([alignment], temperature)[0]):
        assert gain(alignment, naive, temperature) >= -slack


@given(sources())
def test_no_worse_than_any_naive_weights_as_lambda_vanishes(drawn: tuple[Vector, Vector]) -> None:
    assert gain(*drawn, 1e-300) >= -1e-12 * np.abs(drawn[0]).max()


@given(sources(), lambdas, st.floats(1.0, 100.0))
def test_gain_falls_as_lambda_grows(
    drawn: tuple[Vector, Vector], temperature: float, factor: float
) -> None:
    """From max m - <alpha, m> to mean m - <alpha, m>: there is one lambda at which it turns."""
    slack = rounding(drawn[0], temperature)
    assert gain(*drawn, temperature * factor) <= gain(*drawn, temperature) + slack


@pytest.mark.parametrize(
    ("alignment", "naive", "temperature", "expected"),
    [
        ([1.0, 0.0], [1.0, 0.0], 1.0, -0.2689),  # all on the best source already
        ([1.0, 0.9, 0.8], [1.0, 0.0, 0.0], 0.1, -0.0425),  # own data alone, the paper's lambda
        ([1.0, 0.9, 0.8], [0.8333, 0.125, 0.0417], 0.1, -0.0216),  # sizes of the paper's BCB
        ([1.0, 0.9, 0.8], [0.05, 0.1, 0.85], 0.1, 0.1375),  # most of the data of the worst source
    ],
)
def test_gain_may_be_negative(
    alignment: Sequence[float], naive: Sequence[float], temperature: float, expected: float
) -> None:
    found = gain(np.array(alignment), np.array(naive), temperature)
    assert found == pytest.approx(expected, abs=5e-5)


def test_gain_may_be_0_though_weights_differ() -> None:
    alignment = np.array([1.0, 0.0, -1.0])
    weights = alignment_weights([alignment], 1.0)[0]
    mean = float(weights @ alignment)
    naive = np.array([0.5 * (1.0 + mean), 0.0, 0.5 * (1.0 - mean)])
    np.testing.assert_allclose(naive, [0.788, 0.0, 0.212], atol=5e-4)
    assert gain(alignment, naive, 1.0) == pytest.approx(0.0, abs=1e-15)
    assert np.abs(weights - naive).max() > 0.1


# --- steps of the rules themselves ----------------------------------------------------------------


def risks(
    theta: Vector,
    curvature: Vector,
    sampler: GivenSampler,
    directions: Sequence[Vector],
    eta: float,
) -> list[float]:
    """Risk of target 0, whose held-out data are its population, after each of several steps."""
    ends = [Quadratic(theta - eta * direction, curvature) for direction in directions]
    return [end(sampler.held_out[0]).mean().item() for end in ends]


def steps(
    theta: Vector, curvature: Vector, sampler: GivenSampler, kind: str, temperature: float
) -> tuple[Vector, Vector, Vector]:
    """The update of VAO, that of naive sharing, and VAO's weights of target 0."""
    aligned, naive = Quadratic(theta, curvature), Quadratic(theta, curvature)
    rule = vao(temperature=temperature, alignment=kind, validation_batch=0)
    report = rule.accumulate(aligned, sampler, 0)
    EqualWeights().accumulate(naive, sampler, 0)
    assert report.weights is not None
    return aligned.gradient(), naive.gradient(), report.weights[0].numpy()


@given(st.integers(0, 2**32), st.lists(st.integers(1, 5), min_size=2, max_size=4), lambdas)
def test_steps_differ_by_the_gain_up_to_eta_squared(
    seed: int, sizes: list[int], temperature: float
) -> None:
    theta, curvature, sampler = problem(seed, 1, sizes)
    aligned, naive, weights = steps(theta, curvature, sampler, "inner_product", temperature)
    shares = np.array(sizes) / sum(sizes)
    wanted = curvature @ (theta - sampler.held_out[0].centres.numpy().mean(axis=0))
    delta = float(wanted @ (aligned - naive))
    assert delta >= temperature * (entropy(shares) - entropy(weights)) - 1e-9 * (1.0 + temperature)

    def rest(eta: float) -> float:
        after = risks(theta, curvature, sampler, [aligned, naive], eta)
        return after[0] - after[1] + eta * delta

    curve = 0.5 * float(aligned @ curvature @ aligned - naive @ curvature @ naive)
    for eta in (0.2, 0.1, 0.05):
        assert rest(eta) == pytest.approx(eta**2 * curve, rel=1e-6, abs=1e-11 * (1 + abs(curve)))


def along(*gradients: Sequence[float], copies: Sequence[int] = ()) -> list[Centres]:
    """Samples of sources whose gradients at 0, under unit curvature, are these."""
    counts = copies or [1] * len(gradients)
    rows = [[-x for x in gradient] for gradient in gradients]
    return [centres(*([row] * n)) for row, n in zip(rows, counts, strict=True)]


AT_0, UNIT = np.zeros(2), np.eye(2)


def test_a_step_of_vao_may_be_worse_than_one_of_naive_sharing() -> None:
    """The own source has the risk's very gradient and 9 of 10 samples; the other leads nowhere."""
    sampler = GivenSampler([along([1.0, 0.0], [0.0, 1.0], copies=[9, 1])], along([1.0, 0.0]))
    aligned, naive, weights = steps(AT_0, UNIT, sampler, "inner_product", 1.0)
    np.testing.assert_allclose(weights, [0.7311, 0.2689], atol=5e-5)
    after = risks(AT_0, UNIT, sampler, [aligned, naive], 0.01)
    assert after[0] - after[1] == pytest.approx(0.01 * (0.9 - 0.7311), rel=0.02)
    cold, _, _ = steps(AT_0, UNIT, sampler, "inner_product", 1e-6)
    after = risks(AT_0, UNIT, sampler, [cold, naive], 0.01)
    assert after[0] < after[1]


@pytest.mark.parametrize("temperature", [1e-6, 0.1])
def test_cosines_go_by_direction_alone_and_may_do_worse_than_uniform(temperature: float) -> None:
    """A short gradient straight ahead outweighs a long one, of cosine 0.6, that gains more."""
    sampler = GivenSampler([along([0.1, 0.0], [6.0, 8.0])], along([1.0, 0.0]))
    by_cosine, uniform, weights = steps(AT_0, UNIT, sampler, "cosine", temperature)
    assert weights[0] > 0.98
    by_product, _, _ = steps(AT_0, UNIT, sampler, "inner_product", 1e-6)
    gains = [float(direction[0]) for direction in (by_cosine, uniform, by_product)]
    assert gains[0] < 0.21
    assert gains[1:] == pytest.approx([3.05, 6.0])
    after = risks(AT_0, UNIT, sampler, [by_cosine, uniform, by_product], 0.001)
    assert after[2] < after[1] < after[0]


@given(st.integers(0, 2**32), lambdas, st.floats(0.1, 10.0))
def test_cosines_are_inner_products_where_all_gradients_are_as_long(
    seed: int, temperature: float, length: float
) -> None:
    angles = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, size=4)
    rows = length * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sampler = GivenSampler([along(*rows[1:])], along(rows[0]))
    cosine, _, _ = steps(AT_0, UNIT, sampler, "cosine", temperature)
    product, _, _ = steps(AT_0, UNIT, sampler, "inner_product", temperature * length**2)
    np.testing.assert_allclose(cosine, product, rtol=1e-6, atol=1e-9)


def test_in_a_joint_update_other_targets_may_undo_a_targets_gain() -> None:
    """Each target has its own best source, and the second one's longer gradient wins."""
    points = [along([1.0, 0.0], [0.0, 1.0]), along([-2.0, 0.0], [0.0, 1.0])]
    sampler = GivenSampler(points, [*along([1.0, 0.0]), *along([-2.0, 0.0])])
    aligned, naive, weights = steps(AT_0, UNIT, sampler, "inner_product", 1e-6)
    np.testing.assert_array_equal(weights, [1.0, 0.0])
    after = risks(AT_0, UNIT, sampler, [aligned, naive], 0.01)
    assert aligned[0] == pytest.approx(-1.0)
    assert naive[0] == pytest.approx(-0.5)
    assert after[0] > after[1] > risks(AT_0, UNIT, sampler, [AT_0], 0.0)[0]


def test_a_noisy_gradient_of_the_risk_may_choose_the_wrong_source() -> None:
    """The theorem takes the held-out gradient for the risk's: off by noise, it promises nothing."""
    sampler = GivenSampler([along([1.0, 0.0], [0.0, 1.0])], along([0.4, 0.6]))
    aligned, naive, weights = steps(AT_0, UNIT, sampler, "inner_product", 1e-6)
    np.testing.assert_array_equal(weights, [0.0, 1.0])
    true = along([1.0, 0.0])[0]
    after = [Quadratic(-0.01 * d, UNIT)(true).item() for d in (aligned, naive)]
    assert after[1] < 0.4951
    assert after[0] > 0.5  # the risk before the step
