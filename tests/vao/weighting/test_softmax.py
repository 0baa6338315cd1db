"""The softmax that turns alignment into weights."""

from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auctionsim.errors import InvalidArgumentError
from vao import alignment_weights

Matrix = NDArray[np.float64]
shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
cosines = hnp.arrays(np.float64, shapes, elements=st.floats(-1.0, 1.0))
temperatures = st.floats(5e-324, 1e300, exclude_min=False)


@given(cosines, temperatures)
def test_rows_are_distributions(alignment: Matrix, temperature: float) -> None:
    weights = alignment_weights(alignment, temperature)
    assert weights.shape == alignment.shape
    assert np.all((weights >= 0.0) & (weights <= 1.0))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)


@given(cosines, st.floats(0.01, 10.0))
def test_is_the_softmax_of_equation_7(alignment: Matrix, temperature: float) -> None:
    powers = np.exp(alignment / temperature)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(alignment_weights(alignment, temperature), expected, rtol=1e-9)


@given(cosines, st.floats(0.01, 10.0))
def test_better_aligned_sources_never_weigh_less(alignment: Matrix, temperature: float) -> None:
    weights = alignment_weights(alignment, temperature)
    for row, weighted in zip(alignment, weights, strict=True):
        assert np.all(np.diff(weighted[np.argsort(row, kind="stable")]) >= 0.0)


@given(cosines, st.floats(0.01, 10.0), st.integers(0, 5))
def test_follows_the_order_of_the_sources(
    alignment: Matrix, temperature: float, shift: int
) -> None:
    rolled = alignment_weights(np.roll(alignment, shift, axis=1), temperature)
    expected = np.roll(alignment_weights(alignment, temperature), shift, axis=1)
    np.testing.assert_allclose(rolled, expected, rtol=1e-12, atol=1e-300)


@given(cosines, temperatures)
def test_torch_agrees_with_numpy(alignment: Matrix, temperature: float) -> None:
    tensor = alignment_weights(torch.from_numpy(alignment), temperature)
    np.testing.assert_allclose(
        tensor.numpy(), alignment_weights(alignment, temperature), rtol=1e-12, atol=1e-300
    )


def test_extreme_temperatures() -> None:
    alignment = [[0.1, 0.3, 0.2], [0.5, 0.5, -1.0]]
    cold = alignment_weights(alignment, 1e-320)
    np.testing.assert_array_equal(cold, [[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    np.testing.assert_allclose(alignment_weights(alignment, 1e9), 1.0 / 3.0, rtol=1e-8)
    single = alignment_weights(torch.tensor(alignment, dtype=torch.float32), 1e-320)
    assert single.dtype == torch.float32
    np.testing.assert_array_equal(single.numpy(), cold.astype(np.float32))


@given(cosines, st.data())
def test_each_target_may_have_a_temperature_of_its_own(
    alignment: Matrix, data: st.DataObject
) -> None:
    each = data.draw(hnp.arrays(np.float64, len(alignment), elements=st.floats(0.01, 10.0)))
    rows = [
        alignment_weights(row[None], float(own))[0]
        for row, own in zip(alignment, each, strict=True)
    ]
    np.testing.assert_allclose(alignment_weights(alignment, each), rows, rtol=1e-12)
    tensor = alignment_weights(torch.from_numpy(alignment), torch.from_numpy(each))
    np.testing.assert_allclose(tensor.numpy(), rows, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_refuses_a_temperature_that_is_none(temperature: float) -> None:
    for lambdas in (temperature, [0.1, temperature]):
        with pytest.raises(InvalidArgumentError, match="temperature"):
            alignment_weights([[0.0, 1.0], [1.0, 0.0]], lambdas)
        with pytest.raises(InvalidArgumentError, match="temperature"):
            alignment_weights(torch.eye(2), torch.tensor(lambdas))


@pytest.mark.parametrize("lambdas", [[0.1] * 3, [], [[0.1, 0.2]]])
def test_refuses_temperatures_of_another_number_than_targets(lambdas: list[float]) -> None:
    with pytest.raises(InvalidArgumentError, match="temperature"):
        alignment_weights(np.eye(2), lambdas)
    with pytest.raises(InvalidArgumentError, match="temperature"):
        alignment_weights(torch.eye(2), torch.tensor(lambdas))
    with pytest.raises(InvalidArgumentError, match="temperature"):
        alignment_weights(np.eye(2)[:1], lambdas)


def test_no_gradient_flows_through_the_weights() -> None:
    alignment = torch.eye(2, requires_grad=True)
    assert not alignment_weights(alignment, 0.1).requires_grad


@pytest.mark.parametrize(
    "alignment",
    [[0.0, 1.0], [[]], [[math.nan, 0.0]], [[math.inf, 0.0]], [[[0.0]]], np.zeros((0, 3))],
)
def test_refuses_an_alignment_that_is_none(alignment: object) -> None:
    array = np.asarray(alignment, np.float64)
    with pytest.raises(InvalidArgumentError, match="alignment"):
        alignment_weights(array, 0.1)
    with pytest.raises(InvalidArgumentError, match="alignment"):
        alignment_weights(torch.from_numpy(array), 0.1)
