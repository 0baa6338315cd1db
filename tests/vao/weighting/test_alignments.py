"""Alignments of gradients: cosines, inner products, and which parameters they compare."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.linear import Regression
from vao.weighting.alignments import alignments, begins_with, compared_columns, cosines
from vao.weighting.protocol import trainable

numbers = st.floats(-10.0, 10.0).map(lambda x: round(x, 3))
seeds = st.integers(0, 2**32)


def draw(seed: int, targets: int = 2, sources: int = 3, size: int = 5) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    pairs, wanted = rng.normal(size=(targets, sources, size)), rng.normal(size=(targets, size))
    return torch.from_numpy(pairs), torch.from_numpy(wanted)


@given(seeds, st.integers(1, 4), st.integers(1, 4), st.integers(1, 6))
def test_inner_products_and_cosines(seed: int, targets: int, sources: int, size: int) -> None:
    pairs, wanted = draw(seed, targets, sources, size)
    dots = [[float(p @ w) for p in row] for row, w in zip(pairs, wanted, strict=True)]
    lengths = [
        [float(p.norm() * w.norm()) for p in row] for row, w in zip(pairs, wanted, strict=True)
    ]
    found = alignments(pairs, wanted, None, "inner_product")
    np.testing.assert_allclose(found.numpy(), dots, rtol=1e-9, atol=1e-12)
    expected = np.array(dots) / np.array(lengths)
    np.testing.assert_allclose(
        alignments(pairs, wanted, None, "cosine").numpy(), expected, rtol=1e-9, atol=1e-12
    )


@given(hnp.arrays(np.float64, (2, 3, 4), elements=numbers))
def test_cosines_are_no_larger_than_1(pairs: np.ndarray) -> None:
    found = cosines(torch.from_numpy(pairs), torch.from_numpy(pairs[:, 0]))
    assert bool((found.abs() <= 1.0 + 1e-12).all())
    ones = np.any(pairs[:, 0] != 0.0, axis=1).astype(np.float64)
    np.testing.assert_allclose(found[:, 0].numpy(), ones, rtol=1e-12)


@given(seeds, st.floats(1e-3, 1e3))
def test_a_cosine_does_not_see_length_and_an_inner_product_does(seed: int, factor: float) -> None:
    pairs, wanted = draw(seed)
    torch.testing.assert_close(cosines(factor * pairs, wanted), cosines(pairs, wanted))
    torch.testing.assert_close(
        alignments(factor * pairs, wanted, None, "inner_product"),
        factor * alignments(pairs, wanted, None, "inner_product"),
    )


def test_a_gradient_of_0_aligns_with_nothing() -> None:
    pairs, wanted = draw(1)
    pairs[0, 1] = 0.0
    wanted[1] = 0.0
    found = cosines(pairs, wanted)
    assert found[0, 1] == 0.0
    assert found[1].tolist() == [0.0] * 3
    assert bool((found[0, [0, 2]] != 0.0).all())


def test_short_and_long_gradients_in_single_precision() -> None:
    pairs = torch.tensor([[[1e-12, 0.0], [1e12, 1e12]]])
    found = cosines(pairs, torch.tensor([[1.0, 0.0]]))
    np.testing.assert_allclose(found.numpy(), [[1.0, 0.5**0.5]], rtol=1e-6)


def test_compares_the_columns_it_is_told() -> None:
    pairs, wanted = draw(2)
    columns = torch.tensor([0, 3])
    for kind in ("cosine", "inner_product"):
        found = alignments(pairs, wanted, columns, kind)
        expected = alignments(pairs[..., columns], wanted[..., columns], None, kind)
        torch.testing.assert_close(found, expected)
        assert not torch.allclose(found, alignments(pairs, wanted, None, kind))


def test_the_trunk_is_all_that_learns_but_the_heads() -> None:
    objective = Regression([0.0] * 4)
    columns = compared_columns(objective, trainable(objective), "trunk")
    assert columns is not None
    assert columns.tolist() == [1, 2, 3]
    assert compared_columns(objective, trainable(objective), "all") is None


class Layers(nn.Module):
    """A trunk between two heads, whose names begin alike but for the whole name."""

    def __init__(self, heads: tuple[str, ...]) -> None:
        super().__init__()
        self.first, self.body, self.last = nn.Linear(1, 1), nn.Linear(2, 1), nn.Linear(1, 1)
        self.heads = heads


def test_heads_may_stand_anywhere() -> None:
    objective = Layers(("first.", "last."))
    columns = compared_columns(objective, trainable(objective), "trunk")
    assert columns is not None
    assert columns.tolist() == [2, 3, 4]


def test_a_head_is_no_other_whose_name_begins_alike() -> None:
    assert begins_with("model.out.weight", ["model.out"])
    assert begins_with("model.out.weight", ["model.first", "model.out."])
    assert begins_with("model.scale", ["model.scale"])
    assert not begins_with("model.outer.weight", ["model.out"])
    assert not begins_with("model.head10.weight", ["model.head1"])
    assert not begins_with("model.out", [])


@pytest.mark.parametrize("heads", [(), ("absent.",), ("",), ("first", "body", "last")])
def test_refuses_heads_that_part_nothing(heads: tuple[str, ...]) -> None:
    objective = Layers(heads)
    with pytest.raises(InvalidArgumentError, match="trunk"):
        compared_columns(objective, trainable(objective), "trunk")


def test_refuses_an_objective_that_names_no_heads() -> None:
    objective = nn.Linear(1, 1)
    with pytest.raises(InvalidArgumentError, match="heads"):
        compared_columns(objective, trainable(objective), "trunk")
