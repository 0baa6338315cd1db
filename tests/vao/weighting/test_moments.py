"""Running sums of what alignments are made of, against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vao.weighting.moments import Moments, rank_one
from vao.weighting.source_gradients import SourceGradients

SIZE = 3
TINY = 1e-9
sizes = st.integers(1, 5)


def _tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _batch(gradients: Tensor, sources: list[int]) -> SourceGradients:
    """What a batch of samples with these gradients, (n, SIZE), sums up to."""
    present = sorted(set(sources))
    rows = [[j for j, own in enumerate(sources) if own == source] for source in present]
    return SourceGradients(
        torch.tensor(present),
        torch.tensor([len(row) for row in rows], dtype=torch.float64),
        torch.stack([gradients[row].sum(dim=0) for row in rows]),
        torch.stack([gradients[row].square().sum() for row in rows]),
        torch.zeros(len(rows), dtype=torch.float64),
    )


def _random(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


@given(st.integers(0, 2**32), sizes, sizes)
def test_a_table_of_rank_one_is_found_whatever_is_missing(
    seed: int, rows: int, columns: int
) -> None:
    rng = np.random.default_rng(seed)
    true = torch.from_numpy(np.outer(rng.uniform(0.5, 2.0, rows), rng.uniform(0.5, 2.0, columns)))
    counts = torch.from_numpy(rng.integers(0, 4, (rows, columns)).astype(float))
    counts[0], counts[:, 0] = 1.0, 1.0  # enough to tie all rows and columns together
    torch.testing.assert_close(rank_one(true * counts, counts), true, rtol=1e-3, atol=1e-3)


@given(st.integers(0, 2**32), sizes, sizes)
def test_sums_of_rows_and_columns_are_met(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    counts = torch.from_numpy(rng.uniform(0.5, 3.0, (rows, columns)))
    sums = torch.from_numpy(rng.uniform(0.1, 2.0, (rows, columns)))
    fitted = rank_one(sums, counts) * counts
    torch.testing.assert_close(fitted.sum(dim=1), sums.sum(dim=1), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(fitted.sum(dim=0), sums.sum(dim=0), rtol=1e-3, atol=1e-3)


def test_rows_without_anything_are_taken_to_be_the_mean_one() -> None:
    counts = torch.tensor([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    sums = torch.tensor([[2.0, 4.0], [0.0, 0.0], [2.0, 4.0]])
    torch.testing.assert_close(rank_one(sums, counts)[1].mean(), torch.tensor(3.0))
    assert not rank_one(torch.zeros(2, 2), torch.zeros(2, 2)).any()
    assert torch.isfinite(rank_one(torch.zeros(2, 2), torch.ones(2, 2))).all()


def test_slopes_are_means_over_samples() -> None:
    gradients, sources = _random(0, 5, SIZE), [0, 0, 1, 2, 2]
    direction = _random(1, SIZE)
    moments = Moments(0.0, TINY)
    moments.add(_batch(gradients, sources), direction, 0, (1, 3))
    each = gradients @ direction
    expected = torch.stack([each[:2].mean(), each[2], each[3:].mean()])
    torch.testing.assert_close(moments.slopes()[0], expected)


def test_one_sample_has_the_cosine_of_its_own_gradient() -> None:
    gradients, direction = _random(2, 2, SIZE), _random(3, SIZE)
    moments = Moments(0.0, TINY)
    moments.add(_batch(gradients, [0, 1]), direction / direction.norm(), 0, (1, 2))
    expected = torch.cosine_similarity(gradients, direction[None], dim=1)
    torch.testing.assert_close(moments.cosines(1)[0], expected)


def test_norms_hold_no_noise_for_large_batches_and_all_of_it_for_one_sample() -> None:
    """Two samples of a source: |g|^2 is their inner product, a sample's the mean of squares."""
    first, second = _tensor(1.0, 2.0, 0.0), _tensor(3.0, 0.0, 0.0)
    moments = Moments(0.0, TINY)
    moments.add(_batch(torch.stack([first, second]), [0, 0]), _tensor(1.0, 0.0, 0.0), 0, (1, 1))
    shared, whole = 3.0, 7.0
    for samples in (1, 2, 8, 10**9):
        norm = math.sqrt(shared + (whole - shared) / samples)
        assert moments.cosines(samples).item() == pytest.approx(2.0 / norm, rel=1e-6)


def test_the_product_of_two_samples_is_the_squared_norm_on_average() -> None:
    """Over all ordered draws with replacement from three gradients, counted out."""
    pool, products = _random(4, 3, SIZE), []
    for i in range(3):
        for j in range(3):
            moments = Moments(0.0, 1.0)
            moments.add(_batch(pool[[i, j]], [0, 0]), pool[0], 0, (1, 1))
            products.append(moments.state()["product"].item() / moments.state()["pairs"].item())
    assert np.mean(products) == pytest.approx(float(pool.mean(dim=0).square().sum()))


def test_what_was_never_seen_is_like_the_others_of_its_target() -> None:
    moments = Moments(0.0, 4.0)
    gradients = torch.stack([_tensor(1.0, 0.0, 0.0), _tensor(3.0, 0.0, 0.0)])
    moments.add(_batch(gradients, [0, 1]), _tensor(1.0, 0.0, 0.0), 0, (1, 3))
    slopes = moments.slopes()[0]
    assert slopes[2].item() == pytest.approx(2.0)
    # One sample against a guess worth four: a fifth of the way from the guess.
    assert slopes[:2].tolist() == pytest.approx([1.8, 2.2])


def test_old_samples_fade_and_what_is_not_seen_again_is_trusted_less() -> None:
    moments, direction = Moments(0.5, 1.0), _tensor(1.0, 0.0, 0.0)
    shape = (2, 2)
    both = torch.stack([_tensor(1.0, 0.0, 0.0), _tensor(5.0, 0.0, 0.0)])
    moments.add(_batch(both, [0, 1]), direction, 0, shape)
    before = moments.slopes()[0]
    for _ in range(20):
        moments.add(_batch(_tensor(1.0, 0.0, 0.0)[None], [0]), direction, 0, shape)
    slopes = moments.slopes()
    assert abs(slopes[0, 1] - 1.0) < abs(before[1] - 1.0)
    assert slopes[0, 0].item() == pytest.approx(1.0, abs=1e-3)
    assert not slopes[1].any()


def test_gradients_of_zero_align_with_nothing() -> None:
    moments = Moments(0.9, 8.0)
    zeros = torch.zeros(2, SIZE, dtype=torch.float64)
    moments.add(_batch(zeros, [0, 1]), zeros[0], 0, (1, 2))
    assert not moments.cosines(8).any()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_not_hidden(value: float) -> None:
    moments = Moments(0.9, 8.0)
    gradients = torch.stack([_tensor(value, 0.0, 0.0), _tensor(1.0, 0.0, 0.0)])
    moments.add(_batch(gradients, [0, 1]), _tensor(1.0, 0.0, 0.0), 0, (1, 2))
    assert not moments.cosines(8).isfinite().all()


def test_state_is_all_it_remembers() -> None:
    moments, other = Moments(0.7, 2.0), Moments(0.7, 2.0)
    assert moments.state() == {}
    moments.add(_batch(_random(5, 4, SIZE), [0, 0, 1, 1]), _random(6, SIZE), 0, (2, 2))
    other.resume(moments.state())
    for each in (moments, other):
        each.add(_batch(_random(7, 4, SIZE), [1, 1, 1, 0]), _random(8, SIZE), 1, (2, 2))
    assert torch.equal(moments.cosines(8), other.cosines(8))
    other.resume({})
    assert other.state() == {}
    with pytest.raises(KeyError):
        other.resume({"count": torch.zeros(2, 2)})
