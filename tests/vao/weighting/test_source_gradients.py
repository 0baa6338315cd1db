"""Sums of sample gradients by source, against autograd sample by sample and forward mode."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call, jvp

from tests.vao.weighting.linear import SIZE, FixedSampler, Points, Regression, closed_form
from tests.vao.weighting.teams import parts_of_a_team
from vao.weighting import source_gradients as module
from vao.weighting.protocol import trainable
from vao.weighting.source_gradients import SourceGradients, source_gradients

START = [0.3, -1.2, 0.8, 0.1]
owners = st.lists(st.integers(0, 4), min_size=1, max_size=9)


def _points(seed: int, count: int) -> Points:
    return FixedSampler(seed, 1, [count]).points[0][0]


def _found(points: Points, sources: list[int]) -> SourceGradients:
    objective = Regression(START)
    return source_gradients(objective, trainable(objective), points, np.array(sources))


def _each(points: Points) -> NDArray[np.float64]:
    singles = [
        Points(points.inputs[j : j + 1], points.outputs[j : j + 1]) for j in range(len(points[0]))
    ]
    return np.stack([closed_form(START, single) for single in singles])


@given(st.integers(0, 2**32), owners)
def test_sums_are_those_of_single_samples(seed: int, sources: list[int]) -> None:
    points = _points(seed, len(sources))
    found, each, mine = _found(points, sources), _each(points), np.array(sources)
    assert found.sources.tolist() == sorted(set(sources))
    for row, source in enumerate(found.sources.tolist()):
        own = each[mine == source]
        assert found.counts[row] == len(own)
        np.testing.assert_allclose(found.gradients[row], own.sum(axis=0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.squares[row], (own**2).sum(), rtol=1e-9)
    losses = Regression(START)(points).detach()
    np.testing.assert_allclose(found.losses.sum(), losses.sum(), rtol=1e-9)


# Forward mode compiles its own rules the old way when first used.
@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")
def test_slopes_are_those_of_a_forward_pass() -> None:
    points, sources, objective = _points(1, 6), [0, 2, 2, 0, 1, 2], Regression(START)
    values = {name: p.detach() for name, p in trainable(objective).items()}
    direction = torch.tensor([0.5, -1.0, 2.0, 0.25], dtype=torch.float64)
    ahead = {"head": direction[:1], "rest": direction[1:]}

    def losses(at: dict[str, Tensor]) -> Tensor:
        found: Tensor = functional_call(objective, at, (points,))
        return found

    slopes = jvp(losses, (values,), (ahead,))[1]
    by_source = torch.zeros(3, dtype=torch.float64).index_add_(0, torch.tensor(sources), slopes)
    torch.testing.assert_close(_found(points, sources).gradients @ direction, by_source)


@pytest.mark.parametrize("chunk", [1, SIZE, 3 * SIZE])
def test_chunks_give_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points, sources = _points(2, 7), [4, 0, 0, 1, 4, 4, 1]
    whole = _found(points, sources)
    monkeypatch.setattr(module, "_CHUNK", chunk)
    parts = _found(points, sources)
    for name in ("sources", "counts", "gradients", "squares", "losses"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name))


@pytest.mark.parametrize("size", [2, 3, 5])
def test_parts_of_a_team_add_up(size: int) -> None:
    # With five processes some have a single sample of the seven, and none of some sources.
    points, sources, objective = _points(3, 7), [0, 0, 0, 1, 2, 2, 2], Regression(START)
    whole = _found(points, sources)
    parts = [
        source_gradients(objective, trainable(objective), points, np.array(sources), team)
        for team in parts_of_a_team(size)
    ]
    for name in ("gradients", "squares", "losses"):
        torch.testing.assert_close(sum(getattr(p, name) for p in parts), getattr(whole, name))
    assert all(torch.equal(part.counts, whole.counts) for part in parts)
