"""Lambda by what it does: effective sources, and the noise of the alignments."""

from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vao.weighting.settings import VaoSettings
from vao.weighting.softmax import alignment_weights
from vao.weighting.temperature import effective_sources, temperature_for_sources, temperatures

Matrix = NDArray[np.float64]
distinct = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 3), st.integers(2, 5)),
    elements=st.integers(-1000, 1000).map(lambda x: x / 1000),
).filter(lambda rows: all(np.sum(row == row.max()) == 1 for row in rows))


@pytest.mark.parametrize("sources", [1, 2, 5])
def test_as_many_sources_as_weigh_alike(sources: int) -> None:
    weights = torch.zeros(1, 6)
    weights[:, :sources] = 1.0 / sources
    assert effective_sources(weights).item() == pytest.approx(sources, rel=1e-6)


def test_effective_sources_of_unequal_weights() -> None:
    found = effective_sources(torch.tensor([[0.75, 0.25, 0.0]]))
    assert found.item() == pytest.approx(4 / 3**0.75, rel=1e-6)


@given(distinct, st.floats(0.05, 0.95))
def test_gives_every_target_the_effective_sources_wanted(rows: Matrix, share: float) -> None:
    wanted = 1.0 + share * (rows.shape[1] - 1)
    alignment = torch.from_numpy(rows)
    weights = alignment_weights(alignment, temperature_for_sources(alignment, wanted))
    np.testing.assert_allclose(effective_sources(weights).numpy(), wanted, rtol=1e-6)


@given(distinct, st.floats(1e-6, 1e6), st.floats(-10.0, 10.0))
def test_units_and_origin_of_alignments_do_not_matter(
    rows: Matrix, factor: float, shift: float
) -> None:
    alignment = torch.from_numpy(rows)
    base = temperature_for_sources(alignment, 1.7)
    torch.testing.assert_close(temperature_for_sources(factor * alignment, 1.7), factor * base)
    moved = temperature_for_sources(alignment + shift, 1.7)
    torch.testing.assert_close(moved, base, rtol=1e-6, atol=0.0)


@pytest.mark.parametrize(
    ("row", "wanted", "had"),
    [
        ([0.5, 0.5, 0.1], 1.0, 2.0),  # two best ones cannot be told apart
        ([0.5, 0.3, 0.1], 9.0, 3.0),  # more than there are
        ([0.2, 0.2, 0.2], 1.5, 3.0),  # all alike
        ([0.0, 0.0], 1.0, 2.0),
        ([0.4], 1.0, 1.0),  # an only source
        ([0.4], 2.0, 1.0),
        ([0.5, 0.3], 1.0, 1.0),  # one alone
    ],
)
def test_comes_as_near_as_can_be(row: list[float], wanted: float, had: float) -> None:
    alignment = torch.tensor([row], dtype=torch.float64)
    found = temperature_for_sources(alignment, wanted)
    assert bool(found.isfinite().all())
    assert bool((found > 0.0).all())
    weights = alignment_weights(alignment, found)
    assert effective_sources(weights).item() == pytest.approx(had, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_inner_products_of_any_size(scale: float) -> None:
    alignment = scale * torch.tensor([[1.0, 0.4, -0.7]])
    weights = alignment_weights(alignment, temperature_for_sources(alignment, 2.0))
    assert effective_sources(weights).item() == pytest.approx(2.0, rel=1e-4)


def test_a_fixed_lambda_is_every_targets() -> None:
    found = temperatures(VaoSettings(temperature=0.3), torch.zeros(4, 2), torch.ones(4, 2))
    assert found.tolist() == [0.3] * 4


def test_noise_raises_lambda_and_never_lowers_it() -> None:
    settings = VaoSettings(temperature=0.1, adapt="noise", noise_factor=2.0)
    noise = torch.tensor([[0.3, 0.4], [0.0, 0.01]], dtype=torch.float64)
    alignment = torch.zeros(2, 2)
    found = temperatures(settings, alignment, noise)
    assert found.tolist() == pytest.approx([2.0 * math.sqrt((0.09 + 0.16) / 2), 0.1])
    assert temperatures(settings, alignment, None).tolist() == [0.1, 0.1]


def test_effective_sources_go_by_the_settings() -> None:
    settings = VaoSettings(adapt="sources", effective_sources=1.5)
    alignment = torch.tensor([[0.9, 0.1, 0.0], [0.01, 0.0, 0.0]])
    weights = alignment_weights(alignment, temperatures(settings, alignment, None))
    np.testing.assert_allclose(effective_sources(weights).numpy(), 1.5, rtol=1e-5)
